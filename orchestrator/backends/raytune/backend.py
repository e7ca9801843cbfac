"""Trials as Ray Tune trials on whatever cluster this process is connected to."""

import tempfile
from dataclasses import dataclass

from ray import tune
from ray.tune.error import TuneError

from cluster.environment import environment
from orchestrator.backends.raytune.scheduler import ReportAdapter
from orchestrator.backends.raytune.searcher import GivenUpTrials, SearchAdapter
from orchestrator.backends.raytune.trainable import make_trainable, trial_id_in
from orchestrator.search import Search
from orchestrator.trial.spec import TrialFunction

WORKER_ENVIRONMENT = {
    # with reused actors, Tune loses a *new* trial when the old one takes over 2 s to unwind
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "120",
}
_DRIVER_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # our tables and boards replace them
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # Tune's snapshots are never read
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl+C is ours: Tune's own handler returns as if done
    "RAY_AIR_NEW_OUTPUT": "0",  # the new output prints even at verbose=0
}
_MAX_WORKER_DEATHS = 2


@dataclass(frozen=True)
class RayTuneBackend:
    """Runs up to ``concurrent`` trials at once, each with its share of CPUs and GPUs.

    Ray must have been started or joined, with :data:`WORKER_ENVIRONMENT` for its workers.
    """

    concurrent: int
    cpus_per_trial: float
    gpus_per_trial: float

    def run(self, search: Search, run_trial: TrialFunction) -> None:
        """Run every trial that the search proposes."""
        if search.is_over:
            return
        searcher = SearchAdapter(search, self.concurrent)
        resources = {"cpu": self.cpus_per_trial, "gpu": self.gpus_per_trial}
        at_once = {"TUNE_MAX_PENDING_TRIALS_PG": str(self.concurrent)}  # else one start a second
        with environment(_DRIVER_ENVIRONMENT | at_once), tempfile.TemporaryDirectory() as scratch:
            tuner = tune.Tuner(
                tune.with_resources(make_trainable(run_trial), resources),
                tune_config=tune.TuneConfig(
                    search_alg=searcher,
                    scheduler=ReportAdapter(search),
                    num_samples=-1,  # the searcher says when it is over
                    reuse_actors=True,
                    trial_name_creator=_name,
                    trial_dirname_creator=_folder,
                ),
                run_config=tune.RunConfig(
                    name="sweep",
                    storage_path=scratch,
                    callbacks=[GivenUpTrials(searcher)],
                    failure_config=tune.FailureConfig(max_failures=_MAX_WORKER_DEATHS),
                    verbose=0,
                ),
            )
            _fit(tuner)


def _fit(tuner: tune.Tuner) -> None:
    try:
        tuner.fit()
    except TuneError as error:
        raise (error.__context__ or error) from None  # what the search itself raised, unwrapped


def _name(trial: tune.experiment.Trial) -> str:
    return trial_id_in(trial.config)


def _folder(trial: tune.experiment.Trial) -> str:
    return f"{_name(trial)}-{trial.trial_id}"  # a resumed trial is a second one to Tune
