from itertools import permutations
from math import inf, log, nan

import numpy as np
import pytest

from orchestrator.decision.pareto import Tradeoff, pareto_front


def front(*pairs: tuple[float, float]) -> list[bool]:
    """Return who is on the front, of pairs of FID and coverage."""
    return pareto_front([Tradeoff(log(fid), coverage) for fid, coverage in pairs])


def test_who_is_beaten_in_both_is_off_the_front() -> None:
    assert front((2, 0.5), (3, 0.8), (4, 0.7), (5, 0.9), (2.5, 0.4)) == [1, 1, 0, 1, 0]


def test_equal_trials_stay_on_it_together() -> None:
    assert front((2, 0.5), (2, 0.5), (3, 0.4)) == [True, True, False]


def test_what_noise_sets_apart_stays_on_it() -> None:
    assert front((2, 0.5), (2.02, 0.5), (2.03, 0.5)) == [True, True, False]  # 1 %, 1.5 %
    assert front((2, 0.5), (2, 0.495), (2, 0.48)) == [True, True, False]


def test_a_tie_in_one_and_a_loss_in_the_other_is_a_loss() -> None:
    assert front((2, 0.50), (2.01, 0.40)) == [True, False]


def test_coverage_that_was_not_measured_earns_nothing() -> None:
    assert front((2, 0.5), (3, nan)) == [True, False]
    assert front((2, nan), (3, 0.5)) == [True, True]
    assert front((2, nan), (3, nan)) == [True, False]


@pytest.mark.parametrize("log_fid", [nan, inf, -inf])
def test_a_trial_without_a_finite_fid_is_off_it(log_fid: float) -> None:
    assert pareto_front([Tradeoff(log_fid, 1.0), Tradeoff(0.0, 0.1)]) == [False, True]


def test_nobody_is_on_the_front_of_nothing() -> None:
    assert pareto_front([]) == []
    assert pareto_front([Tradeoff(nan, 0.5)]) == [False]


def test_the_order_of_trials_changes_nothing() -> None:
    trials = [(2, 0.5), (3, 0.8), (4, 0.7), (2.01, 0.5), (3, nan)]
    expected = dict(zip(map(str, trials), front(*trials), strict=True))
    for order in permutations(trials):
        assert dict(zip(map(str, order), front(*order), strict=True)) == expected


def test_it_agrees_with_the_definition_on_random_trials() -> None:
    rng = np.random.default_rng(0)
    points = [(float(a), float(b)) for a, b in rng.uniform(0, 1, (300, 2))]

    def is_outdone(log_fid: float, coverage: float) -> bool:
        return any(
            other <= log_fid
            and cover >= coverage
            and (log_fid - other > log(1.013) or cover - coverage > 0.01)
            for other, cover in points
        )

    found = pareto_front([Tradeoff(*point) for point in points])
    assert found == [not is_outdone(*point) for point in points]
    assert 1 < sum(found) < 60
