import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.local import local_ray
from cluster.resources import Capacity
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.silent import SilentListener
from orchestrator.records import StoppedBy, TrialStatus
from tests.orchestrator import scripted
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.contract import BackendContract, carry_out
from tests.orchestrator.backends.scripted_trials import NUM_EVALUATIONS, num_marks
from tests.orchestrator.scripted import events_of, opened_search

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def two_cpus() -> Iterator[None]:
    """Start one Ray for the module; its workers need not be able to import the tests."""
    from ray import cloudpickle

    for module in (scripted, scripted_trials):
        cloudpickle.register_pickle_by_value(module)
    with local_ray(Capacity(2), worker_env=WORKER_ENVIRONMENT):
        yield
    for module in (scripted, scripted_trials):
        cloudpickle.unregister_pickle_by_value(module)


class InterruptsSoon(SilentListener):
    """Presses Ctrl+C, once, a moment after the first trial has started."""

    def __init__(self) -> None:
        self._finger = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Wait for the first start."""
        if event["event"] == "started" and self._finger.ident is None:
            self._finger.start()


class TestRayTuneBackend(BackendContract):
    @pytest.fixture
    def backend(self, two_cpus: None) -> RayTuneBackend:
        return RayTuneBackend(concurrent=2, cpus_per_trial=1, gpus_per_trial=0)

    def test_a_killed_worker_is_replaced_and_one_that_always_dies_is_given_up(
        self, backend: RayTuneBackend, tmp_path: Path
    ) -> None:
        history = carry_out(backend, scripted_trials.two_are_killed, tmp_path)
        once, always, other = history.records
        assert (once.status, once.num_attempts) == (TrialStatus.COMPLETED, 2)
        rows = history.trials[once.trial_id].evaluations
        assert [row.step for row in rows] == list(range(NUM_EVALUATIONS))
        assert (always.status, always.stopped_by) == (TrialStatus.FAILED, StoppedBy.ERROR)
        assert always.reason == "its worker process died, also when retried"
        assert num_marks(tmp_path, always.trial_id, "entered") == 3
        assert always.num_evaluations == 1
        assert (other.status, other.num_attempts) == (TrialStatus.COMPLETED, 1)

    def test_ctrl_c_comes_through_and_leaves_trials_unfinished(
        self, backend: RayTuneBackend, tmp_path: Path
    ) -> None:
        before = signal.getsignal(signal.SIGINT)
        with opened_search(tmp_path, listener=InterruptsSoon()) as search:
            with pytest.raises(KeyboardInterrupt):
                backend.run(search, scripted_trials.goes_on)
            assert not any(record.status.is_finished for record in search.history.records)
        assert signal.getsignal(signal.SIGINT) is before
        assert events_of(tmp_path, "started")
