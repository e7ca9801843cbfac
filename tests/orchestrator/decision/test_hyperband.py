from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.decision.hyperband import HyperbandScheduler, bracket_weights
from orchestrator.decision.scheduler import CohortAction
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from tests.orchestrator.decision.cohorts import carry_out

MakeRows = Callable[..., list[Evaluation]]


@pytest.fixture
def hyperband() -> HyperbandScheduler:
    return HyperbandScheduler(grace_nimg=30_000, reduction=3, budget_nimg=270_000)


def test_brackets_begin_later_and_later_and_the_last_halves_nothing(
    hyperband: HyperbandScheduler,
) -> None:
    rungs = [[rung.nimg for rung in bracket.rungs] for bracket in hyperband.brackets]
    assert rungs == [[30_000, 90_000], [90_000], []]


def test_weights_are_those_of_the_paper() -> None:
    # R = 81, eta = 3: 5 * 81 / 5, 5 * 27 / 4, 5 * 9 / 3, 5 * 3 / 2, 5 * 1 / 1, rounded up
    assert bracket_weights(5, 3) == [81, 34, 15, 8, 5]
    assert bracket_weights(1, 3) == [1]


def test_trials_are_dealt_in_proportion_at_any_time(
    hyperband: HyperbandScheduler, make_rows: MakeRows
) -> None:
    rows = make_rows([5.0])
    dealt: list[str] = []
    for name in range(17 * 3):
        dealt.append(hyperband.report(str(name), rows).reason.partition(",")[0])
        counts = Counter(dealt)
        for number, weight in enumerate(hyperband.weights):
            assert abs(counts[f"bracket {number}"] - len(dealt) * weight / 17) < 1.5
    assert counts == {"bracket 0": 27, "bracket 1": 15, "bracket 2": 9}


def test_a_trial_stays_in_its_bracket(hyperband: HyperbandScheduler, make_rows: MakeRows) -> None:
    for name in ("a", "b", "c", "d"):
        rows = make_rows(5 * [5.0])
        brackets = {
            hyperband.report(name, rows[:end]).reason.partition(",")[0] for end in range(1, 6)
        }
        assert len(brackets) == 1


def test_trials_are_compared_within_their_bracket_only(
    hyperband: HyperbandScheduler, make_rows: MakeRows
) -> None:
    decisions = [
        hyperband.report(str(fid), make_rows(4 * [fid])) for fid in (20.0, 1.0, 30.0, 15.0, 2.0)
    ]
    assert [decision.reason.partition(",")[0][-1] for decision in decisions] == list("01002")
    assert decisions[3].action is CohortAction.GO_ON
    assert decisions[3].reason == (
        "bracket 0, rung 0 at 30 kimg: log FID 2.71, among the best third of 3 trials (cutoff 2.71)"
    )


def test_the_best_of_every_bracket_comes_to_its_end(
    hyperband: HyperbandScheduler, make_rows: MakeRows
) -> None:
    fids = np.random.default_rng(0).permutation(np.arange(5, 39))
    curves = {str(fid): make_rows(28 * [fid]) for fid in fids}
    completed = carry_out(hyperband, curves, concurrent=3).completed(curves)
    brackets: dict[str, list[int]] = {}
    for name, rows in curves.items():
        brackets.setdefault(hyperband.report(name, rows).reason[8], []).append(int(name))
    assert {number: len(fids) for number, fids in brackets.items()} == {"0": 18, "1": 10, "2": 6}
    assert completed >= {str(min(fids)) for fids in brackets.values()}
    assert completed >= {str(fid) for fid in brackets["2"]}
    assert len(completed) <= 2 + 4 + 6


def test_a_grace_as_long_as_the_budget_leaves_one_bracket_without_rungs(
    make_rows: MakeRows,
) -> None:
    hyperband = HyperbandScheduler(grace_nimg=50_000, reduction=3, budget_nimg=50_000)
    assert len(hyperband.brackets) == 1
    decision = hyperband.report("a", make_rows([5.0]))
    assert decision.reason == "bracket 0, no rung below the budget"


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="reduction 1: at least 2"):
        HyperbandScheduler(grace_nimg=10, reduction=1, budget_nimg=100)
