from pathlib import Path

import pytest

from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.trial.spec import Messages, TrialSpec
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.contract import BackendContract, carry_out
from tests.orchestrator.backends.scripted_trials import num_marks
from tests.orchestrator.scripted import ScriptedScheduler, events_of, opened_search


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
