import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.local import local_ray
from cluster.resources import Capacity
from orchestrator.backends.raytune.actors import MonitoredActors
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.backends.raytune.workers import Workers
from orchestrator.errors import SweepHalted
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.silent import SilentListener
from orchestrator.records import FaultKind, Retry, StoppedBy, TrialStatus
from orchestrator.trial.spec import Messages, TrialSpec
from tests.orchestrator import scripted
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.contract import BackendContract, carry_out
from tests.orchestrator.backends.scripted_trials import NUM_EVALUATIONS, marks_of, num_marks
from tests.orchestrator.scripted import events_of, opened_search

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def two_cpus() -> Iterator[None]:
    """Start one Ray for the module; its workers need not be able to import the tests."""
    from ray import cloudpickle

    for module in (scripted, scripted_trials):
        cloudpickle.register_pickle_by_value(module)
    with local_ray(Capacity(2, gpus=1), worker_env=WORKER_ENVIRONMENT):
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


class BreaksDown:
    """Breaks Tune's loop at one of its steps; or at every one from the first on."""

    def __init__(self, after: int) -> None:
        self.num_steps, self._after = 0, after

    def on_step_begin(self, *_: object, **__: object) -> None:
        self.num_steps += 1
        if self.num_steps == self._after or not self._after:
            raise RuntimeError("no more")


class ArrivesLateOnce:
    """A trial function that reaches the first worker after two minutes, and all others at once."""

    def __init__(self, mark: Path) -> None:
        self.mark, self.driver = mark, os.getpid()

    def __call__(self, spec: TrialSpec) -> Messages:
        yield from scripted_trials.completes(spec)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        if os.getpid() == self.driver:  # Tune copies it here, too
            return
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            return
        time.sleep(120)


def time_of(folder: Path, name: str, number: int = 0) -> float:
    return float(events_of(folder, name)[number]["time_s"])


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


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
        assert always.reason.startswith("its worker process died; not retried: killed 4 times ")
        assert num_marks(tmp_path, always.trial_id, "entered") == 4
        assert always.num_evaluations == 1
        assert (other.status, other.num_attempts) == (TrialStatus.COMPLETED, 1)

    def test_a_frozen_worker_is_found_killed_and_its_trial_begun_again(
        self, backend: RayTuneBackend, tmp_path: Path
    ) -> None:
        start_s = time.monotonic()
        history = carry_out(backend, scripted_trials.one_is_frozen, tmp_path, faults={"hang_s": 1})
        frozen, *others = history.records
        assert (frozen.status, frozen.faults) == (TrialStatus.COMPLETED, "hung 1")
        assert [record.faults for record in others] == 2 * [""]
        (lost,) = history.trials[frozen.trial_id].lost_attempts
        assert re.fullmatch(r"no sign of life for \d+ s while training", lost.reason)
        noticed_s = time_of(tmp_path, "attempt_lost") - time_of(tmp_path, "evaluated", 1)
        assert noticed_s < 1 + 10
        pid = int(marks_of(tmp_path, frozen.trial_id, "pid").read_text())
        while is_alive(pid):  # Ray grants five seconds
            assert time.monotonic() < start_s + 30
            time.sleep(0.1)

    def test_a_trial_that_hangs_again_has_failed(
        self, backend: RayTuneBackend, tmp_path: Path
    ) -> None:
        history = carry_out(
            backend,
            scripted_trials.one_hangs_evaluating,
            tmp_path,
            faults={"hang_s": 100, "evaluation_hang_s": 1.5},
        )
        hung, *others = history.records
        assert (hung.status, hung.faults) == (TrialStatus.FAILED, "hung 2")
        assert "while evaluating; not retried: it happened once before" in hung.reason
        assert num_marks(tmp_path, hung.trial_id, "entered") == 2
        assert [record.status for record in others] == 2 * [TrialStatus.COMPLETED]

    def test_a_trial_that_does_not_fit_its_share_gets_a_whole_gpu_once(
        self, two_cpus: None, tmp_path: Path
    ) -> None:
        backend = RayTuneBackend(concurrent=2, cpus_per_trial=1, gpus_per_trial=0.5)
        history = carry_out(
            backend,
            scripted_trials.does_not_fit_a_share,
            tmp_path,
            resources={"gpus_per_trial": 0.5},
        )
        once, never, other = history.records
        assert (once.status, once.faults) == (TrialStatus.COMPLETED, "out_of_memory_gpu 1")
        assert (never.status, never.faults) == (TrialStatus.FAILED, "out_of_memory_gpu 2")
        assert "these parameters do not fit a whole GPU" in never.reason
        assert other.status is TrialStatus.COMPLETED

    def test_a_worker_that_never_comes_up_is_killed_and_its_trial_goes_elsewhere(
        self, two_cpus: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(MonitoredActors, "start_patience_s", 20.0)
        backend = RayTuneBackend(concurrent=1, cpus_per_trial=1, gpus_per_trial=0)
        history = carry_out(backend, ArrivesLateOnce(tmp_path / "arrived"), tmp_path)
        assert [record.status for record in history.records] == 3 * [TrialStatus.COMPLETED]
        lost = [each for trial in history.trials.values() for each in trial.lost_attempts]
        assert [(each.fault, each.retry) for each in lost] == [
            (FaultKind.NODE_LOST, Retry.ELSEWHERE)
        ]
        assert lost[0].reason == "its worker did not start within 20 s"

    def test_where_tune_breaks_down_its_trials_are_begun_again(
        self, backend: RayTuneBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        breaks = BreaksDown(after=20)
        monkeypatch.setattr(Workers, "on_step_begin", breaks.on_step_begin)
        history = carry_out(backend, scripted_trials.completes, tmp_path)
        assert [record.status for record in history.records] == 3 * [TrialStatus.COMPLETED]
        assert breaks.num_steps > 20

    def test_a_tune_that_keeps_breaking_down_halts_the_sweep(
        self, backend: RayTuneBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Workers, "on_step_begin", BreaksDown(after=0).on_step_begin)
        with pytest.raises(SweepHalted, match="broke down 3 times .*RuntimeError: no more"):
            carry_out(backend, scripted_trials.completes, tmp_path)

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
