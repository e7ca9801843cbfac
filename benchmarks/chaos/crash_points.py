"""Death after each call that changes a disk: does every resume come to the undisturbed result?

A sweep runs in a forked process that ends, as by ``kill -9``, right before the n-th call that
changes its run folder; for each n in turn. Then it is resumed. See benchmarks/README.md.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from benchmarks.chaos.calls import CallCounter, in_child
from benchmarks.chaos.tiny_sweep import result_of, run_or_resume, run_tiny, warm_up
from orchestrator.paths import RunPaths
from orchestrator.verification import verify_run

DIED = 9


def run_dying_at(paths: RunPaths, number: int) -> int:
    """Run the sweep up to its call ``number``; return its exit code: DIED, or 0 if it ended."""

    def die(now: int, name: str) -> None:
        if now == number:
            os._exit(DIED)

    def work() -> None:
        CallCounter(paths.root, die).install()
        run_tiny(paths)

    return in_child(work)


def undisturbed(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Return the names of all calls of a sweep that nobody disturbs, and its result."""
    paths, listing = RunPaths(folder / "whole"), folder / "calls.json"

    def work() -> None:
        names: list[str] = []
        CallCounter(paths.root, lambda _, name: names.append(name)).install()
        run_tiny(paths)
        listing.write_text(json.dumps(names), encoding="utf-8")

    if in_child(work) != 0:
        raise click.ClickException("the undisturbed sweep failed")
    return json.loads(listing.read_text(encoding="utf-8")), result_of(paths)


def resume_after_death(folder: Path, number: int, expected: dict[str, Any]) -> str:
    """Kill a sweep at a call, resume it, and say in a word what came of it."""
    paths = RunPaths(folder / f"death-{number}")
    if run_dying_at(paths, number) != DIED:
        return "did not die"
    code = in_child(lambda: run_or_resume(paths))
    if code != 0:
        return f"refused with exit code {code}"
    outcome = "same result" if result_of(paths) == expected else "another result"
    if verify_run(paths).damages:
        outcome += ", damaged"
    shutil.rmtree(paths.root)
    return outcome


def outcomes(folder: Path, every: int, first: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the name of each ``every``-th call with what came of a death before it."""
    names, expected = undisturbed(folder)
    for number in range(first, len(names), every):
        yield names[number], resume_after_death(folder, number, expected)


@click.command()
@click.option("--every", default=1, show_default=True, type=click.IntRange(1))
def main(every: int) -> None:
    """Kill the sweep before every call, or before each so-manieth one, and resume it."""
    warm_up()
    table: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, outcome in outcomes(Path(folder).resolve(), every):
            table[outcome, name] += 1
            click.echo(f"{table.total():5d} {name:<14}{outcome}", err=True)
    for (outcome, name), count in sorted(table.items()):
        click.echo(f"{outcome:<28}{name:<14}{count:6d}")
    total = Counter({outcome: 0 for outcome, _ in table})
    for (outcome, _), count in table.items():
        total[outcome] += count
    click.echo(f"{sum(total.values())} deaths: " + ", ".join(f"{n} {o}" for o, n in total.items()))
    if set(total) != {"same result"}:
        raise click.ClickException("not every resume came to the undisturbed result")


if __name__ == "__main__":
    main()
