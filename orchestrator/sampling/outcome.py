"""What a sampler hears of a trial that has ended."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The scores of a trial, and how far it came.

    Attributes:
        values: one for each objective, in the sampler's order; none for a trial that failed.
        nimg: images seen by D.
        is_final: whether the trial ended by itself, so that more training promised nothing.
    """

    values: tuple[float, ...] = ()
    nimg: int = 0
    is_final: bool = True

    @property
    def is_failure(self) -> bool:
        """Whether there is nothing to learn but to stay away."""
        return not self.values or not all(map(isfinite, self.values))


FAILURE = Outcome()
