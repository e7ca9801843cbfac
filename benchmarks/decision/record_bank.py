"""Record the bank: hundreds of short runs in a few processes, each run a file of its own.

`python -m benchmarks.decision.record_bank FOLDER` goes on where it was interrupted.
"""

import json
import multiprocessing
import os
from pathlib import Path

import click

from benchmarks.decision.recording import record
from benchmarks.decision.scenarios import RunPlan, all_plans
from gan_models.files import write_json


def record_one(plan: RunPlan, folder: Path) -> str:
    """Record a run into its file, unless it is there."""
    file = folder / f"{plan.run}.json"
    if not file.exists():
        write_json(file, {"run": plan.run, "rows": record(plan)})
    return plan.run


def read_rows(plan: RunPlan, folder: Path) -> list[dict[str, object]] | None:
    """Return the rows of a recorded run, or None."""
    file = folder / f"{plan.run}.json"
    return json.loads(file.read_text())["rows"] if file.exists() else None


def _task(job: tuple[RunPlan, Path]) -> str:
    return record_one(*job)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--processes", default=os.cpu_count() or 1, show_default="one a CPU", type=int)
@click.option("--match", default="", help="Only runs with this in their name.")
def main(folder: Path, processes: int, match: str) -> None:
    """Record every run that is not in FOLDER yet."""
    folder.mkdir(parents=True, exist_ok=True)
    plans = [plan for plan in all_plans() if match in plan.run]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = [(plan, folder) for plan in plans]
        for done, run in enumerate(pool.imap_unordered(_task, jobs), start=1):
            click.echo(f"{done} of {len(plans)}: {run}")


if __name__ == "__main__":
    main()
