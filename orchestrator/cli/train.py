"""``ganorch train``: one trial in this process, no Ray, errors with their traceback."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.output import facts_table, print_table
from orchestrator.errors import RunFolderError

if TYPE_CHECKING:
    from orchestrator.config.model import SweepConfig
    from orchestrator.paths import RunPaths
    from orchestrator.records import Adjustment, Evaluation, TrialRecord, Verdict
    from orchestrator.trial.spec import TrialSpec


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter, such as d_lr=0.0004. May be given again.",
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override the spec.")
@click.option("--seed", type=click.IntRange(min=0), help="In place of search.seed.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The run folder, which must not exist yet.  [default: runs/NAME-train]",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="[default: as the spec asks]")
def train(
    spec: Path,
    *,
    params: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: int | None,
    out: Path | None,
    device: str | None,
) -> None:
    """Train one trial in this process.

    Nothing is searched: parameters are given, fixed by SPEC or its space, or default.
    """
    from orchestrator.config.load import load_config
    from orchestrator.paths import RunPaths
    from orchestrator.preflight import check_gpu
    from orchestrator.run_folder import create_run_folder

    if seed is not None:
        overrides = (*overrides, f"search.seed={seed}")
    config = load_config(spec, overrides)
    paths = RunPaths(out or Path("runs") / f"{config.name}-train")
    if paths.root.exists():
        raise RunFolderError(f"{paths.root}: exists already: choose another --out")
    order = _order(config, paths, params)
    if device is not None:
        order = replace(order, device=device)
    if order.device == "cuda":
        check_gpu("device = 'cuda'", remedy="use --device cpu")
    create_run_folder(paths)
    record = _train(order, paths)
    print_table(facts_table(_facts(record, paths)))


def _order(config: "SweepConfig", paths: "RunPaths", assignments: tuple[str, ...]) -> "TrialSpec":
    """Order the trial that a sweep with these parameters would order, once it can be trained."""
    from gan_models.data.dataset import Split
    from orchestrator.config.load import parse_assignment
    from orchestrator.identity import trial_id
    from orchestrator.preflight import (
        check_given,
        check_own,
        check_params,
        open_measure,
        resolve_space,
    )
    from orchestrator.trial.order import order_trial, training_seed

    given = dict(parse_assignment(text, option="--param") for text in assignments)
    check_given(given, "--param ")
    params = {**resolve_space(config).pinned, **given}
    yardstick = open_measure(config)
    yardstick.reference(Split.SELECT)
    check_own(config, check_params(params, yardstick.splits.sample), yardstick.splits.train)
    seed = training_seed(config)
    name = trial_id(params, seed)
    return order_trial(config, paths.root, trial_id=name, index=0, params=params, seed=seed)


def _train(order: "TrialSpec", paths: "RunPaths") -> "TrialRecord":
    """Run the trial, a line for each evaluation; leave its record beside its files."""
    from gan_models.files import write_json
    from orchestrator.history import SweepHistory
    from orchestrator.trial.run import run_trial

    name = order.trial_id
    history = SweepHistory()
    identity = {"params": order.params, "seed": order.seed, "index": order.index}
    history.apply({"event": "proposed", "trial_id": name, **identity})
    history.apply({"event": "started", "trial_id": name})
    for message in run_trial(order):
        history.apply({**message, "event": message["kind"], "trial_id": name})
        trial = history.trials[name]
        write_json(paths.trial(name).description, trial.to_mapping())
        if message["kind"] == "evaluated":
            click.echo(_line(trial.evaluations[-1], trial.verdicts[-1]), err=True)
        if message["kind"] == "adjusted":
            click.echo(_adjustment_line(trial.adjustments[-1]), err=True)
    return history.trials[name].record


def _line(row: "Evaluation", verdict: "Verdict") -> str:
    from orchestrator.wording import format_fid, format_kimg, format_number, format_verdict

    accuracies = " / ".join(
        format_number(value, ".2f") for value in (row.d_real_acc, row.d_heldout_acc, row.d_fake_acc)
    )
    return (
        f"{format_kimg(row.nimg / 1000):>7} kimg  FID {format_fid(row.fid):>7}  "
        f"coverage {format_number(row.coverage, '.2f')}  "
        f"D right on real / held-out / fake {accuracies}  "
        f"{format_verdict(verdict.kind)}: {verdict.reason}"
    )


def _adjustment_line(adjustment: "Adjustment") -> str:
    from orchestrator.wording import format_adjustment, format_kimg

    return f"{format_kimg(adjustment.nimg / 1000):>7} kimg  {format_adjustment(adjustment)}"


def _facts(record: "TrialRecord", paths: "RunPaths") -> dict[str, str]:
    from orchestrator.trial.snapshots import snapshots
    from orchestrator.wording import format_ending, format_fid, format_number, format_verdict

    trial = paths.trial(record.trial_id)
    facts = {
        "trial": f"{record.trial_id}, {format_ending(record)}",
        "verdict": f"{format_verdict(record.verdict)}: {record.reason}",
    }
    if record.best_nimg is not None:
        coverage = format_number(record.best_coverage, ".3f")
        facts |= {
            "best": f"FID {format_fid(record.best_fid)}, coverage {coverage} "
            f"at {record.best_nimg / 1000:g} kimg",
            "samples": str(trial.sample_grid(record.best_nimg)),
        }
    kept = snapshots(trial)  # none of the untrained generator, even where nothing got better
    if kept:
        best = trial.snapshot(record.best_nimg or 0)
        facts["generator"] = str(best if best in kept else kept[-1])
    return {**facts, "curves": f"ganorch tensorboard {paths.root}"}
