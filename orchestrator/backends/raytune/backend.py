"""Trials as Ray Tune trials on whatever cluster this process is connected to."""

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from ray import tune

from cluster.draining import staying_nodes
from cluster.environment import environment
from orchestrator.backends.raytune.actors import monitored_actors
from orchestrator.backends.raytune.departure import Departure, take_back
from orchestrator.backends.raytune.placement import reservation
from orchestrator.backends.raytune.scheduler import ReportAdapter
from orchestrator.backends.raytune.search_door import SearchDoor
from orchestrator.backends.raytune.searcher import SearchAdapter, UntoldTrials
from orchestrator.backends.raytune.standstill import Standstill
from orchestrator.backends.raytune.trainable import make_trainable, placement_in, trial_id_in
from orchestrator.backends.raytune.workers import Workers
from orchestrator.backends.watchdog import Watchdog
from orchestrator.errors import SweepHalted
from orchestrator.records import FaultKind
from orchestrator.search import Search
from orchestrator.signals import stop_asked, stopping_in_order
from orchestrator.trial.spec import TrialFunction

WORKER_ENVIRONMENT = {
    # with reused actors, Tune loses a *new* trial when the old one takes over 2 s to unwind
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "120",
}
_DRIVER_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # our tables and boards replace them
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # Tune's snapshots are never read
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # what was lost is an event of ours, told in one line
    "TUNE_MAX_PENDING_TRIALS_PG": "1000",  # the searcher keeps the limit; else one start a second
    "RAY_AIR_NEW_OUTPUT": "0",  # the new output prints even at verbose=0
}
_MAX_TUNE_FAILURES = 3


@dataclass(frozen=True)
class RayTuneBackend:
    """Runs up to ``concurrent`` trials at once, each with its share of CPUs and GPUs.

    ``concurrent`` may be asked again and again, where nodes join and leave. Ray must have been
    started or joined, with :data:`WORKER_ENVIRONMENT` for its workers.

    With ``keeps_place`` a trial that goes on does so on the node where it was, if there is room:
    where nodes have copies of what trials have done. Workers are then reused less.
    """

    concurrent: int | Callable[[], int]
    cpus_per_trial: float
    gpus_per_trial: float
    keeps_place: bool = False

    def run(self, search: Search, run_trial: TrialFunction) -> None:
        """Run every trial that the search proposes.

        Where Tune itself breaks down, what it ran goes back to the search and another Tune begins,
        as long as trials get on in between.

        Raises:
            SweepHalted: if Tune keeps breaking down.
        """
        try:
            with stopping_in_order():
                self._run(search, run_trial)
        finally:
            if stop_asked():
                take_back()

    def _run(self, search: Search, run_trial: TrialFunction) -> None:
        num_failures = 0
        while not (search.is_over or stop_asked()):
            num_known = _num_known(search)
            failure = self._fit(search, run_trial)
            if failure is None:
                continue
            num_failures = 1 if _num_known(search) > num_known else num_failures + 1
            if num_failures >= _MAX_TUNE_FAILURES:
                raise SweepHalted(
                    f"Ray Tune broke down {num_failures} times without a new evaluation in "
                    f"between: {failure}"
                )
            for name in search.running:
                search.lost(name, FaultKind.TUNER_FAILED, f"Ray Tune broke down: {failure}")

    def _fit(self, search: Search, run_trial: TrialFunction) -> str | None:
        """Run trials until Tune ends; return why it did, in words, if that was too early.

        Raises:
            BaseException: what the search itself has raised.
        """
        door = SearchDoor(search)
        with environment(_DRIVER_ENVIRONMENT), tempfile.TemporaryDirectory() as scratch:
            try:
                with monitored_actors(), _modest_tune():
                    self._tuner(door, search, run_trial, scratch).fit()
            except Exception as error:
                if door.error is None:
                    return f"{type(error).__name__}: {_last_line(str(error))}"
        if door.error is not None:
            raise door.error from None  # as the search raised it, unwrapped
        return None if search.is_over else "it ended before the sweep was over"

    def _tuner(
        self, door: SearchDoor, search: Search, run_trial: TrialFunction, scratch: str
    ) -> tune.Tuner:
        searcher = SearchAdapter(door, self.concurrent)
        workers = Workers(Watchdog(search.config.faults))
        return tune.Tuner(
            tune.with_resources(make_trainable(run_trial), self._reservation),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=ReportAdapter(door, workers),
                num_samples=-1,  # the searcher says when it is over
                reuse_actors=True,
                trial_name_creator=_name,
                trial_dirname_creator=_folder,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=scratch,
                callbacks=[
                    Departure(search),
                    Standstill(search, self._reservation),
                    workers,
                    UntoldTrials(searcher),
                ],
                failure_config=tune.FailureConfig(max_failures=0),  # the search retries by class
                verbose=0,
            ),
        )

    def _reservation(self, config: dict[str, Any]) -> tune.PlacementGroupFactory:
        placement = placement_in(config)
        if not self.keeps_place:
            placement = replace(placement, preferred_node="")
        cpus, gpus = self.cpus_per_trial, self.gpus_per_trial
        is_choosy = placement.avoided_nodes or placement.preferred_node
        nodes = staying_nodes() if is_choosy else []
        return reservation(placement, cpus=cpus, gpus=gpus, nodes=nodes)


@contextmanager
def _modest_tune() -> Iterator[None]:
    """Leave signals to us: Tune's own handlers of SIGINT and SIGUSR1 end it as if it were done.

    Nor does it list trials that it "did not complete": they may have come again.
    """
    logger = logging.getLogger("ray.tune.tune")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with patch("ray.tune.tune._setup_signal_catching", threading.Event):
            yield
    finally:
        logger.setLevel(level)


def _num_known(search: Search) -> int:
    """Count all evaluations that were ever made."""
    return sum(trial.num_known for trial in search.history.trials.values())


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def _name(trial: tune.experiment.Trial) -> str:
    return trial_id_in(trial.config)


def _folder(trial: tune.experiment.Trial) -> str:
    return f"{_name(trial)}-{trial.trial_id}"  # a resumed trial is a second one to Tune
