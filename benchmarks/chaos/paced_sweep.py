"""A sweep of paced trials, driven in a process of its own that may be killed at any moment.

``python -m benchmarks.chaos.paced_sweep FOLDER --trials 8 --pace-s 0.1 [--address HOST:PORT]``
begins it or goes on with it; without an address it runs in this process alone.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from benchmarks.chaos.paced_trial import paced_trial, set_pace
from orchestrator.backends.base import Backend
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.config.load import build_config
from orchestrator.config.model import SweepConfig
from orchestrator.decision.full import FullScheduler
from orchestrator.driver import sole_driver
from orchestrator.history import SweepHistory
from orchestrator.journal import Journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.search import Search
from orchestrator.trial.spec import TrialFunction
from search_spaces.domains import Float
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

NUM_STEPS = 10  # of a trial
_RATES = SearchSpace("rates", (Parameter("d_lr", Float(1e-4, 1e-2, log=True)),))


def main() -> None:
    """Drive the sweep that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--pace-s", type=float, default=0.0)
    parser.add_argument("--address")
    parser.add_argument("--concurrent", type=int, default=2)
    parser.add_argument("--hang-s", type=float)
    given = parser.parse_args()
    with _backend(given.address, given.concurrent) as backend:
        config = paced_config(given.trials, hang_s=given.hang_s)
        carry_on(given.folder, backend, config, pace_s=given.pace_s)


def drive(folder: Path, backend: Backend, *, num_trials: int, pace_s: float = 0.0) -> SweepHistory:
    """Carry out a sweep, or go on with it, to its end; return what became of it."""
    return carry_on(folder, backend, paced_config(num_trials), pace_s=pace_s)


def carry_on(
    folder: Path,
    backend: Backend,
    config: SweepConfig,
    *,
    pace_s: float,
    run_trial: TrialFunction = paced_trial,
) -> SweepHistory:
    """Do as :func:`drive` does, by a configuration and, if need be, trials of one's own."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = RunPaths(folder)
    with sole_driver(paths), Journal(paths.journal) as journal:
        set_pace(folder, pace_s)
        search = Search(
            config,
            folder,
            sampler=ParameterSampler(_RATES, "random", seed=0),
            scheduler=FullScheduler(),
            journal=journal,
            listener=SilentListener(),
        )
        backend.run(search, run_trial)
        return search.history


@contextmanager
def driver(
    folder: Path,
    *,
    num_trials: int,
    pace_s: float,
    address: str | None = None,
    hang_s: float | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Drive a sweep in a process of its own, which does not outlive the block."""
    command = [sys.executable, "-m", "benchmarks.chaos.paced_sweep", str(folder)]
    command += [f"--trials={num_trials}", f"--pace-s={pace_s}"]
    command += [f"--address={address}"] if address else []
    command += [f"--hang-s={hang_s}"] if hang_s else []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # Ray tells of each kill
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def _backend(address: str | None, concurrent: int) -> Iterator[Backend]:
    if address is None:
        with nullcontext():
            yield InProcessBackend()
        return

    from cluster.session import ray_session
    from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend

    with ray_session(address, WORKER_ENVIRONMENT, address=address):
        yield RayTuneBackend(concurrent=concurrent, cpus_per_trial=1, gpus_per_trial=0)


def paced_config(num_trials: int, *, hang_s: float | None = None) -> SweepConfig:
    """Return the sweep; a trial that is silent for ``hang_s``, if given, is taken for hung."""
    return build_config(
        {
            "name": "paced",
            "data": {"name": "ring8"},
            "space": "ring8",
            "search": {"sampler": "random", "trials": num_trials},
            "budget": {"kimg_per_trial": NUM_STEPS},
            "evaluation": {"every_kimg": 1},
            "scheduler": {"kind": "none"},
            "faults": {} if hang_s is None else {"hang_s": hang_s},
        }
    )


if __name__ == "__main__":
    main()
