from orchestrator.trial.pulse import Pulse
from orchestrator.trial.spec import Activity, alive


def test_training_shows_now_and_then_and_an_evaluation_each_time() -> None:
    times = iter([0.0, 3.0, 10.0, 10.0, 12.0, 13.0, 21.0, 22.0, 22.0])
    pulse = Pulse(10.0, clock=lambda: next(times))
    shown = [list(pulse.training()) for _ in range(3)]
    assert shown == [[], [alive(Activity.TRAINING)], []]
    assert list(pulse.evaluating()) == [alive(Activity.EVALUATING)]
    assert list(pulse.training()) == []  # not yet: the last sign was at 13
    assert list(pulse.training()) == []


def test_a_trial_that_nobody_watches_shows_nothing() -> None:
    pulse = Pulse(None)
    assert [*pulse.training(), *pulse.evaluating()] == []
