"""What our sweep costs beside plain Ray Tune when trials cost nothing.

Both carry out the same number of trials on one local Ray, one after the other, several times:
ours with search, journal and trial folders, Tune with random search and actors that it reuses.
See benchmarks/README.md.
"""

import contextlib
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import click
import ray
from ray import tune

from cluster.environment import environment
from cluster.local import local_ray
from cluster.resources import Capacity
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.config.load import build_config
from orchestrator.decision.full import FullScheduler
from orchestrator.journal import Journal
from orchestrator.paths import RunPaths
from orchestrator.progress.listener import SweepListener
from orchestrator.progress.silent import SilentListener
from orchestrator.records import (
    Action,
    Evaluation,
    StoppedBy,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.search import Search
from orchestrator.trial.spec import Messages, TrialSpec, evaluated, finished
from search_spaces.catalog import named_space

SPACE = "ring8"
CONCURRENT = 2
Contender = Callable[[Path, int], None]


def scripted_trial(spec: TrialSpec) -> Messages:
    """Send one evaluation that nobody had to train for, and end."""
    row = Evaluation(run=spec.trial_id, step=1, nimg=1000, fid=1.0)
    yield evaluated(
        row, Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="scripted")
    )
    yield finished(TrialStatus.COMPLETED, StoppedBy.BUDGET, reason="scripted")


def run_ours(folder: Path, num_trials: int, listener: SweepListener | None = None) -> None:
    """Run a sweep of scripted trials with everything that is there for its safety."""
    config = build_config(
        {
            "name": "scripted",
            "data": {"name": "ring8"},
            "space": SPACE,
            "search": {"sampler": "random", "trials": num_trials},
        }
    )
    with Journal(RunPaths(folder).journal) as journal:
        search = Search(
            config,
            folder,
            sampler=ParameterSampler(named_space(SPACE), "random", seed=0),
            scheduler=FullScheduler(),
            journal=journal,
            listener=listener or SilentListener(),
        )
        RayTuneBackend(CONCURRENT, cpus_per_trial=1, gpus_per_trial=0).run(search, scripted_trial)
    num_done = sum(each.status is TrialStatus.COMPLETED for each in search.history.records)
    if num_done != num_trials:
        raise click.ClickException(f"ours completed {num_done} trials of {num_trials}")


def tune_trial(config: dict[str, float]) -> None:
    """Report once."""
    tune.report({"fid": config["x"]})


def run_tune(folder: Path, num_trials: int) -> None:
    """Run as many trials by Ray Tune alone, as shipped but for the reuse of actors."""
    tuner = tune.Tuner(
        tune.with_resources(tune_trial, {"cpu": 1}),
        param_space={"x": tune.uniform(0, 1)},
        tune_config=tune.TuneConfig(
            num_samples=num_trials, max_concurrent_trials=CONCURRENT, reuse_actors=True
        ),
        run_config=tune.RunConfig(storage_path=str(folder), verbose=0),
    )
    with contextlib.redirect_stdout(io.StringIO()):
        results = tuner.fit()
    if results.num_errors or len(results) != num_trials:
        raise click.ClickException(f"Tune completed {len(results)} trials of {num_trials}")


def run_tune_without_loggers(folder: Path, num_trials: int) -> None:
    """Run them without Tune's CSV, JSON and TensorBoard files, as our backend runs Tune."""
    with environment({"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1"}):
        run_tune(folder, num_trials)


CONTENDERS: dict[str, Contender] = {
    "ours": run_ours,
    "tune": run_tune,
    "tune-without-loggers": run_tune_without_loggers,
}


def seconds_of(contender: Contender, num_trials: int) -> float:
    """Run a contender in a folder of its own and return how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        start_s = perf_counter()
        contender(Path(folder), num_trials)
        return perf_counter() - start_s


def describe(measured_s: dict[str, list[float]]) -> str:
    """Give each contender's median, and ours as a multiple of the others', turn by turn."""
    lines = []
    for name, values in measured_s.items():
        line = f"{name:<22}{median(values):6.2f} s ({min(values):.2f} to {max(values):.2f})"
        if name != "ours":
            ratios = [
                ours / theirs for ours, theirs in zip(measured_s["ours"], values, strict=True)
            ]
            line += f"   ours / {name}: {median(ratios):.2f}"
            line += f" ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(line)
    return "\n".join(lines)


@click.command()
@click.option("--trials", default=50, show_default=True, type=click.IntRange(1))
@click.option("--repeats", default=7, show_default=True, type=click.IntRange(1))
def main(trials: int, repeats: int) -> None:
    """Compare a sweep of empty trials with plain Ray Tune, in seconds."""
    click.echo(f"ray {ray.__version__}, {trials} trials, {CONCURRENT} at once, {repeats} repeats")
    measured_s: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    with local_ray(Capacity(CONCURRENT), worker_env=WORKER_ENVIRONMENT):
        for contender in CONTENDERS.values():
            contender_s = seconds_of(contender, CONCURRENT)  # not counted: the first use imports
            click.echo(f"warm-up: {contender_s:.1f} s", err=True)
        for repeat in range(repeats):
            order = list(CONTENDERS) if repeat % 2 else list(reversed(CONTENDERS))
            for name in order:
                measured_s[name].append(seconds_of(CONTENDERS[name], trials))
    click.echo(describe(measured_s))


if __name__ == "__main__":
    main()
