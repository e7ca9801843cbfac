import time

import pytest

from orchestrator.trial.timer import Timer


def test_it_rings_once_for_each_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 1.0, 2.5, 3.0, 4.4, 4.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    timer = Timer(2.0)
    assert [timer.rings() for _ in range(5)] == [False, True, False, False, True]


def test_one_of_no_time_always_rings_and_one_for_ever_never() -> None:
    assert Timer(0.0).rings()
    assert not Timer(float("inf")).rings()
