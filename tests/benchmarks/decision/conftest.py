"""Made-up runs of a bank, whose truth is what was measured unless something else is said."""

from collections.abc import Callable, Sequence
from math import nan

import pytest

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.labels import Label
from orchestrator.records import Evaluation

MakeRun = Callable[..., LabelledRun]


@pytest.fixture
def make_run() -> MakeRun:
    """Return a maker of runs from their FIDs, one every 1,000 images."""
    return labelled_run


def labelled_run(
    name: str, fids: Sequence[float], *, truth: Sequence[float] | None = None, viable: bool = True
) -> LabelledRun:
    rows = [
        Evaluation(
            run=name,
            step=10 * row,
            nimg=1000 * row,
            fid=fid,
            fid_a=1.02 * fid,
            fid_b=fid / 1.02,
            g_loss=fid,
            finite=fid == fid,
        )
        for row, fid in enumerate(fids)
    ]
    return LabelledRun(
        run=name,
        family="family",
        scenario="good",
        for_testing=False,
        label=Label("improving", viable),
        reference_coverage=0.97,
        budget_nimg=1000 * (len(fids) - 1),
        untrained=fids[0],
        family_best=0.0,
        evaluations=rows,
        true_distance=list(truth or fids),
        true_mode_mass=[1.0 if fid == fid else nan for fid in fids],
    )


@pytest.fixture
def runs(make_run: MakeRun) -> list[LabelledRun]:
    """Return eight runs that fall to levels of their own, one that dies and one that gets worse."""
    falling = [
        make_run(f"run-{level}", [level + (30 + level) / (1 + row) for row in range(16)])
        for level in (7, 3, 9, 1, 5, 8, 2, 6)
    ]
    dying = make_run("dying", [4 + 30 / (1 + row) for row in range(8)] + 8 * [nan])
    return [*falling, dying, make_run("worse", [12.0 + abs(row - 8) for row in range(16)])]
