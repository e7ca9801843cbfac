from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import timing
from orchestrator.errors import SweepError
from orchestrator.preflight import resolve_space
from orchestrator.timing import timed_pace
from orchestrator.trial.spec import Message, TrialSpec
from tests.orchestrator.scripted import RATES, evaluation_message, make_config

CONFIG = make_config(evaluation={"every_kimg": 1})


def script(monkeypatch: pytest.MonkeyPatch, *rows: tuple[int, float, float]) -> list[TrialSpec]:
    """Let trials send rows of steps, seconds and eval_seconds; return the orders they got."""
    orders: list[TrialSpec] = []

    def trial(spec: TrialSpec) -> Iterator[Message]:
        orders.append(spec)
        for step, seconds, eval_seconds in rows:
            columns: dict[str, Any] = {"seconds": seconds, "eval_seconds": eval_seconds}
            yield evaluation_message(spec.trial_id, step, 5.0, **columns)
        raise AssertionError("pulled further than was needed")

    monkeypatch.setattr(timing, "run_trial", trial)
    return orders


def test_the_first_interval_warms_up_and_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, (0, 0.0, 50.0), (1, 2.0, 0.4), (2, 2.5, 0.6), (4, 3.5, 0.5))
    pace = timed_pace(CONFIG, RATES)
    assert (pace.kimg_s, pace.evaluation_s) == pytest.approx((0.5, 0.5))
    assert pace.source == "one trial timed for 3.5 s"


def test_a_slow_trial_is_timed_over_its_second_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, (0, 0.0, 1.0), (1, 90.0, 1.0), (2, 150.0, 1.0))
    assert timed_pace(CONFIG, RATES).kimg_s == 60.0


def test_it_is_evaluated_more_often_than_in_earnest_and_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = script(monkeypatch, (0, 0.0, 1.0), (1, 2.0, 1.0), (2, 4.0, 1.0))
    timed_pace(CONFIG, RATES)
    (order,) = orders
    assert order.every_nimg == CONFIG.evaluation.every_nimg // 50
    assert not Path(order.run_folder).exists()


def test_the_first_trial_is_the_one_that_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = script(monkeypatch, (0, 0.0, 1.0), (1, 2.0, 1.0), (2, 4.0, 1.0))
    config = make_config(search={"begin_with": [{RATES.parameters[0].name: 0.003}]})
    timed_pace(config, RATES)
    assert orders[0].params[RATES.parameters[0].name] == 0.003


def test_a_trial_that_never_trains_cannot_be_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(spec: TrialSpec) -> Iterator[Message]:
        yield evaluation_message(spec.trial_id, 0, 5.0)

    monkeypatch.setattr(timing, "run_trial", ends)
    with pytest.raises(SweepError, match="ended before it had trained"):
        timed_pace(CONFIG, RATES)


def test_a_real_trial_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_TIMED_S", 0.01)
    config = make_config(evaluation={"every_kimg": 3}, fixed={"batch_size": 64})
    pace = timed_pace(config, resolve_space(config))
    assert 0 < pace.kimg_s < 60
    assert 0 < pace.evaluation_s < 60
