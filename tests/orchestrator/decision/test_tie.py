from dataclasses import dataclass
from math import log, nan

import pytest

from orchestrator.decision.tie import break_tie, is_more_diverse, is_tie


@dataclass
class Contender:
    log_fid: float = 0.0
    coverage: float = 0.9
    coverage_standard_error: float = 0.0
    num_weights: int = 100


@pytest.mark.parametrize(
    ("gap_frac", "error", "ties"),
    [
        (0.0, 0.0, True),
        (0.0129, 0.0, True),
        (0.0131, 0.0, False),
        (0.05, 0.0243, False),
        (0.05, 0.0245, True),
    ],
)
def test_a_tie_is_closer_than_1_3_percent_or_two_standard_errors(
    gap_frac: float, error: float, ties: bool
) -> None:
    assert is_tie(log(1 + gap_frac), error) is ties


@pytest.mark.parametrize(
    ("one", "other", "error", "more"),
    [
        (0.91, 0.89, 0.0, True),
        (0.899, 0.89, 0.0, False),
        (0.95, 0.89, 0.03, False),  # 0.06 apart, and 2 x 0.042 is the error of that
        (nan, 0.5, 0.0, False),
        (0.5, nan, 0.0, False),
    ],
)
def test_more_diverse_is_by_a_hundredth_and_two_standard_errors(
    one: float, other: float, error: float, more: bool
) -> None:
    ours, theirs = Contender(0, one, error), Contender(0, other, error)
    assert is_more_diverse(ours, theirs) is more


def test_diversity_comes_before_size() -> None:
    leader, rich, small = Contender(), Contender(coverage=0.95), Contender(num_weights=10)
    assert break_tie(leader, [small, rich]) is rich
    assert break_tie(leader, [small]) is small


def test_the_richest_and_the_smallest_are_taken() -> None:
    leader = Contender()
    assert break_tie(leader, [Contender(coverage=c) for c in (0.93, 0.97, 0.95)]).coverage == 0.97
    sizes = [Contender(num_weights=size) for size in (50, 20, 40)]
    assert break_tie(leader, sizes).num_weights == 20


def test_no_smaller_generator_wins_at_the_cost_of_diversity() -> None:
    leader = Contender()
    assert break_tie(leader, [Contender(coverage=0.8, num_weights=10)]) is leader


def test_size_is_not_worth_a_gap_that_noise_leaves_in_doubt() -> None:
    leader, small = Contender(), Contender(log_fid=0.2, num_weights=10)
    assert break_tie(leader, [small]) is leader
    rich = Contender(log_fid=0.2, coverage=0.95)
    assert break_tie(leader, [small, rich]) is rich


def test_without_anyone_better_the_leader_stays() -> None:
    leader = Contender()
    assert break_tie(leader, []) is leader
    assert break_tie(leader, [leader, Contender(num_weights=95)]) is leader
