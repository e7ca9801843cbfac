"""In what the budget of recorded runs is counted: time, images or steps, whichever was recorded."""

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from math import isfinite

from orchestrator.progress.estimate import format_duration
from orchestrator.records import Evaluation
from orchestrator.wording import format_kimg

_MANY_HOURS = 10  # from here on nobody asks for minutes


class Unit(Enum):
    """What a row's place on the budget is counted in."""

    SECONDS = "seconds"
    KIMG = "kimg"
    STEPS = "steps"

    def spent(self, row: Evaluation) -> float:
        """Return what had been spent by a row."""
        if self is Unit.SECONDS:
            return row.seconds
        return row.nimg / 1000 if self is Unit.KIMG else float(row.step)

    def is_recorded(self, rows: Sequence[Evaluation]) -> bool:
        """Say whether the rows of a run tell what each had cost."""
        spent = [self.spent(row) for row in rows]
        never_falls = all(before <= after for before, after in pairwise(spent))
        return all(map(isfinite, spent)) and never_falls and spent[-1] > 0

    def place(self, spent: float) -> str:
        """Write where on the budget something happened: ``12.5 kimg``, ``step 4,000``."""
        return f"step {spent:,.0f}" if self is Unit.STEPS else self.amount(spent)

    def amount(self, spent: float) -> str:
        """Write how much was spent: ``1,474 h``, ``12.5 kimg``, ``4,000 steps``."""
        if self is Unit.KIMG:
            return f"{format_kimg(spent)} kimg"
        if self is Unit.STEPS:
            return f"{spent:,.0f} step{'' if spent == 1 else 's'}"
        hours = spent / 3600
        return f"{hours:,.0f} h" if hours >= _MANY_HOURS else format_duration(spent)


def common_unit(curves: Iterable[Sequence[Evaluation]], units: Sequence[Unit]) -> Unit:
    """Return the first unit that every run recorded, or the last one."""
    runs = list(curves)
    return next((unit for unit in units if all(map(unit.is_recorded, runs))), units[-1])
