"""Small cohorts whose outcome can be worked out by hand."""

from collections.abc import Callable, Sequence
from math import nan

import pytest

from orchestrator.records import Evaluation

MakeCurve = Callable[..., list[Evaluation]]


@pytest.fixture
def make_curve() -> MakeCurve:
    """Return a builder of a run's rows from FIDs; hours at each row where they are given."""

    def make(
        run: str, fids: Sequence[float], *, hours: Sequence[float] | None = None, every: int = 100
    ) -> list[Evaluation]:
        times = [nan] * len(fids) if hours is None else [3600.0 * hour for hour in hours]
        return [
            Evaluation(run=run, step=every * (index + 1), fid=fid, seconds=time)
            for index, (fid, time) in enumerate(zip(fids, times, strict=True))
        ]

    return make
