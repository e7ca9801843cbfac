from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.halving import plan_rounds, survivors


def planned(num_candidates: int, num_draws: int) -> list[tuple[int, int]]:
    return [
        (each.num_candidates, len(each.draws)) for each in plan_rounds(num_candidates, num_draws)
    ]


@pytest.mark.parametrize(
    ("num_candidates", "num_draws", "rounds"),
    [
        (12, 7, [(12, 1), (6, 2), (3, 4)]),
        (12, 3, [(12, 1), (6, 1), (3, 1)]),
        (12, 2, [(12, 1), (6, 1)]),
        (12, 1, [(12, 1)]),
        (13, 7, [(13, 1), (7, 1), (4, 1), (2, 4)]),
        (3, 5, [(3, 5)]),
        (1, 5, [(1, 5)]),
    ],
)
def test_candidates_halve_and_draws_double(
    num_candidates: int, num_draws: int, rounds: list[tuple[int, int]]
) -> None:
    assert planned(num_candidates, num_draws) == rounds


@given(st.integers(1, 200), st.integers(1, 60))
def test_no_draw_is_used_twice_and_the_last_have_them_all(
    num_candidates: int, num_draws: int
) -> None:
    rounds = plan_rounds(num_candidates, num_draws)
    assert [draw for each in rounds for draw in each.draws] == list(range(num_draws))
    assert all(len(each.draws) >= 1 for each in rounds)
    sizes = [each.num_candidates for each in rounds]
    assert sizes[0] == num_candidates
    assert sizes == sorted(sizes, reverse=True)


def candidate(nimg: int, *fids: float, coverage: float = 0.9) -> CandidateScores:
    return CandidateScores(
        trial_id="a", snapshot_nimg=nimg, fids=fids, coverages=tuple(coverage for _ in fids)
    )


def left(candidates: list[CandidateScores], count: int) -> list[int]:
    return [each.snapshot_nimg for each in survivors(candidates, count, min_coverage=0.6)]


def test_the_lowest_mean_over_all_draws_goes_on() -> None:
    # the third was the best in the last draw only
    assert left([candidate(1, 5, 5), candidate(2, 9, 9), candidate(3, 20, 4)], 2) == [1, 3]


def test_of_equals_the_earlier_snapshot_goes_on() -> None:
    assert left([candidate(30, 5), candidate(10, 5), candidate(20, 5)], 2) == [10, 20]


def test_what_lacks_diversity_comes_after_what_does_not() -> None:
    poor = candidate(1, 2.0, coverage=0.5)
    assert left([poor, candidate(2, 9.0), candidate(3, 8.0)], 2) == [3, 2]
    assert left([poor, candidate(2, 9.0)], 2) == [2, 1]


def test_what_could_not_be_scored_is_out_and_what_was_not_scored_is_in() -> None:
    assert left([candidate(1, 5, nan), candidate(2, 9, 9)], 2) == [2]
    assert left([candidate(1), candidate(2)], 2) == [1, 2]
    assert left([candidate(1, nan)], 2) == []
