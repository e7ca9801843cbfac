import pytest
from click.testing import CliRunner

from benchmarks.decision.told_scores import NUM_EVALUATIONS, SPACE, WAYS, Task, main, run_search

BEST: dict[str, float | str] = {"d_lr": 1e-3, "g_lr": 1e-3, "beta": 0.5, "network": "a"}


def test_no_curve_ends_below_the_best_there_is() -> None:
    task = Task(0, crossing=0.5)
    curve = task.curve(BEST)
    assert curve is not None
    assert len(curve) == NUM_EVALUATIONS + 1
    assert curve == sorted(curve, reverse=True)
    assert curve[-1] > task.best


def test_learning_rates_too_far_apart_fail() -> None:
    assert Task(0, 0.0).curve(BEST | {"g_lr": 1e-5}) is not None
    assert Task(0, 0.0).curve(BEST | {"d_lr": 1e-2, "g_lr": 1e-5}) is None


def test_curves_cross_where_they_are_asked_to() -> None:
    slow, fast = BEST | {"d_lr": 2e-4, "g_lr": 2e-4}, BEST | {"d_lr": 5e-3, "g_lr": 5e-3}
    for crossing, is_faster in ((0.0, False), (1.0, True)):
        early = [(Task(3, crossing).curve(each) or [])[2] for each in (slow, fast)]
        late = [(Task(3, crossing).curve(each) or [])[-1] for each in (slow, fast)]
        assert late[0] < late[1]
        assert (early[1] < early[0]) is is_faster


@pytest.mark.parametrize("way", WAYS)
def test_a_search_is_the_same_for_the_same_seed(way: str) -> None:
    first, again = (run_search(way, Task(1, 0.5), 1, 12, 0.05) for _ in range(2))
    assert first == again
    assert first.regret > 0
    assert 0 < first.used_frac < 1
    assert set(SPACE.names) == set(BEST)


def test_it_tells_every_way() -> None:
    options = ["--trials", "2", "--searches", "2"]
    output = CliRunner().invoke(main, options, catch_exceptions=False).output
    for way in WAYS:
        assert output.count(f"  {way} ") == 3
