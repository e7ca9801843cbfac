import signal
from pathlib import Path

import pytest

from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.records import TrialStatus
from orchestrator.signals import Terminated, stopping_on_signals
from orchestrator.trial.spec import Messages, TrialSpec
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.contract import BackendContract, carry_out
from tests.orchestrator.backends.leaving import Signals, leaves_once
from tests.orchestrator.backends.scripted_trials import num_marks
from tests.orchestrator.scripted import ScriptedScheduler, events_of, make_config, opened_search


class TestInProcessBackend(BackendContract):
    @pytest.fixture
    def backend(self) -> InProcessBackend:
        return InProcessBackend()

    def test_a_trial_is_proposed_only_when_the_one_before_has_ended(
        self, backend: InProcessBackend, tmp_path: Path
    ) -> None:
        carry_out(backend, scripted_trials.completes, tmp_path)
        names = [event["event"] for event in events_of(tmp_path, "proposed", "finished")]
        assert names == 3 * ["proposed", "finished"]

    def test_a_trial_that_is_told_to_stop_has_left_before_the_next_begins(
        self, backend: InProcessBackend, tmp_path: Path
    ) -> None:
        scheduler = ScriptedScheduler(stop_after={0: 2, 1: 1, 2: 1})
        history = carry_out(backend, scripted_trials.goes_on, tmp_path, scheduler=scheduler)
        assert [num_marks(tmp_path, name, "left") for name in history.trials] == [1, 1, 1]

    def test_an_interrupted_trial_is_left_unfinished(
        self, backend: InProcessBackend, tmp_path: Path
    ) -> None:
        def interrupted(spec: TrialSpec) -> Messages:
            yield from scripted_trials.completes(spec) if spec.index == 0 else ()
            raise KeyboardInterrupt

        with opened_search(tmp_path) as search, pytest.raises(KeyboardInterrupt):
            backend.run(search, interrupted)
        assert len(events_of(tmp_path, "started")) == 2
        assert len(events_of(tmp_path, "finished")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_lets_the_trial_save_and_leave_and_counts_no_fault(
    number: signal.Signals, tmp_path: Path
) -> None:
    config = make_config(search={"trials": 1}, budget={"kimg_per_trial": 9})
    with (
        opened_search(tmp_path, config, listener=Signals(number)) as search,
        pytest.raises(Terminated, match=number.name),
        stopping_on_signals(),
    ):
        InProcessBackend().run(search, leaves_once)
    assert search.running == []
    assert events_of(tmp_path, "attempt_lost") == []
    with opened_search(tmp_path, config) as search:
        InProcessBackend().run(search, leaves_once)
    (trial,) = search.history.trials.values()
    assert (trial.record.status, trial.record.num_attempts) == (TrialStatus.COMPLETED, 2)
