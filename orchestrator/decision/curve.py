"""One trial's record as the rules read it: measured rows, in order, along the budget."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Self

from orchestrator.decision.score import log_metric
from orchestrator.records import Evaluation


def in_order(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """Return the rows by step; of rows with the same step the first that arrived counts."""
    first_of_step: dict[int, Evaluation] = {}
    for row in evaluations:
        first_of_step.setdefault(row.step, row)
    return [first_of_step[step] for step in sorted(first_of_step)]


def is_measured(row: Evaluation) -> bool:
    """Whether training was finite and the metric could be computed."""
    return row.finite and isfinite(row.fid)


@dataclass(frozen=True)
class Curve:
    """The measured rows of a trial.

    Attributes:
        rows: by step, each measured; never empty.
        log_fid: ln(FID) of each row.
        coverage: of each row; NaN where it was not measured.
        budget: images seen by D at each row, or G steps where images were not counted; strictly
            increasing.
        counts_images: whether ``budget`` counts images.
    """

    rows: Sequence[Evaluation]
    log_fid: Sequence[float]
    coverage: Sequence[float]
    budget: Sequence[int]
    counts_images: bool

    @classmethod
    def of(cls, ordered: Sequence[Evaluation]) -> Self:
        """Keep the measured ones of rows that :func:`in_order` has ordered."""
        rows = [row for row in ordered if is_measured(row)]
        images = [row.nimg for row in rows]
        counts_images = images[-1] > 0 and all(
            images[i] < images[i + 1] for i in range(len(rows) - 1)
        )
        return cls(
            rows=rows,
            log_fid=[log_metric(row.fid) for row in rows],
            coverage=[row.coverage for row in rows],
            budget=images if counts_images else [row.step for row in rows],
            counts_images=counts_images,
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def index_of_best(self) -> int:
        """The row of the lowest FID, the first of equals."""
        return min(range(len(self.rows)), key=lambda index: self.rows[index].fid)

    @property
    def index_of_fullest(self) -> int | None:
        """The row of the highest coverage, the first of equals; None if none was measured."""
        measured = [index for index, value in enumerate(self.coverage) if isfinite(value)]
        return max(measured, key=lambda index: self.coverage[index], default=None)

    def place(self, index: int) -> str:
        """Say where on the budget a row stands: ``120 kimg`` or ``step 4000``."""
        row = self.rows[index]
        return kimg_in_words(row.nimg) if self.counts_images else f"step {row.step}"


def kimg_in_words(nimg: int) -> str:
    """Say a number of images in thousands, with four digits that count.

    >>> kimg_in_words(130_016), kimg_in_words(16)
    ('130 kimg', '0.016 kimg')
    """
    return f"{float(f'{nimg / 1000:.4g}'):g} kimg"
