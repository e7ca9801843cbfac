"""A disk that is full, read-only or gone in the middle of a sweep: a clear stop, and nothing lost.

With ``--tmpfs`` (root) the run folder lies on a disk of so many kB; else every call that needs room
is refused from the n-th call on, as such a disk would. Then there is room again, and the sweep is
resumed. See benchmarks/README.md.
"""

import errno
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from benchmarks.chaos.calls import GROWING, CallCounter, in_child
from benchmarks.chaos.crash_points import undisturbed
from benchmarks.chaos.tiny_sweep import result_of, run_or_resume, run_tiny, warm_up
from gan_models import files
from orchestrator.cli.errors import resumable
from orchestrator.paths import RunPaths
from orchestrator.verification import verify_run

FAULTS = {"full": errno.ENOSPC, "read-only": errno.EROFS, "gone": errno.ENOENT}
MAX_STOP_S = 30.0


def run_on(paths: RunPaths, fault: str, number: int, log: Path) -> int:
    """Run the sweep; from its call ``number`` on the disk has a fault. Return its exit code."""

    def refuse(now: int, name: str) -> None:
        if now == number and fault == "gone":
            shutil.rmtree(paths.root)
        if now >= number and fault != "gone" and (name in GROWING or fault == "read-only"):
            raise OSError(FAULTS[fault], os.strerror(FAULTS[fault]))

    def work() -> None:
        CallCounter(paths.root, refuse).install()
        with resumable(paths.root):
            run_tiny(paths)

    return in_child(work, log=log)


def outcome_on(folder: Path, fault: str, number: int, expected: dict[str, Any]) -> str:
    """Let the disk fail at a call, mend it, resume, and say what came of it."""
    paths, log = RunPaths(folder / f"{fault}-{number}"), folder / "said"
    paths.root.mkdir()
    start_s = perf_counter()
    code = run_on(paths, fault, number, log)
    if perf_counter() - start_s > MAX_STOP_S:
        return "stopped late"
    stop = _what_is_wrong_with(code, log.read_text(encoding="utf-8"))
    if stop or fault == "gone":
        return stop or "clear stop"
    return f"clear stop, {_outcome_of_resume(paths, expected)}"


def outcome_on_tmpfs(folder: Path, size_kb: int, expected: dict[str, Any], *, reserve: int) -> str:
    """Run the sweep on a disk of so many kB, make it larger, resume, and say what came of it."""
    disk, log = folder / "disk", folder / "said"
    with _tmpfs(disk, size_kb):
        paths = RunPaths(disk / "run")

        def work() -> None:
            files.RESERVE_BYTES = reserve
            with resumable(paths.root):
                run_tiny(paths)

        stop = _what_is_wrong_with(in_child(work, log=log), log.read_text(encoding="utf-8"))
        if stop:
            return stop
        _mount("-o", "remount,size=100m", str(disk))
        return f"clear stop, {_outcome_of_resume(paths, expected)}"


def _what_is_wrong_with(code: int, said: str) -> str:
    """Say what a clear stop lacks: exit code 1 or 2, and one line that says what cannot be done."""
    if code == 0:
        return "went on unharmed"
    lines = said.strip().splitlines()
    is_clear = len(lines) == 1 and "cannot be" in lines[0] and lines[0].startswith("ganorch: ")
    return "" if code in (1, 2) and is_clear else f"exit code {code}: {said.strip()}"


def _outcome_of_resume(paths: RunPaths, expected: dict[str, Any]) -> str:
    if paths.sweep.is_file() and verify_run(paths).is_fatal:
        return "damaged"
    if in_child(partial(run_or_resume, paths)) != 0:
        return "resume refused"
    return "same result" if result_of(paths) == expected else "another result"


@contextmanager
def _tmpfs(disk: Path, size_kb: int) -> Iterator[None]:
    disk.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(disk))
    try:
        yield
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _mount(*words: str) -> None:
    try:
        subprocess.run(["mount", *words], check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise OSError(error.stderr.decode().strip()) from error


@click.command()
@click.option("--every", default=10, show_default=True, type=click.IntRange(1))
@click.option("--tmpfs", "on_tmpfs", is_flag=True, help="On real disks of many sizes; needs root.")
def main(every: int, *, on_tmpfs: bool) -> None:
    """Let the disk fail at every so-manieth call, in each of three ways, or at many sizes."""
    warm_up()
    table: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        names, expected = undisturbed(folder)
        if on_tmpfs:
            for size_kb in range(16, 496, 24):
                table["tmpfs", outcome_on_tmpfs(folder, size_kb, expected, reserve=0)] += 1
            for size_kb in range(1040, 1400, 40):
                reserve = files.RESERVE_BYTES
                found = outcome_on_tmpfs(folder, size_kb, expected, reserve=reserve)
                table["tmpfs with reserve", found] += 1
        for fault in () if on_tmpfs else FAULTS:
            for number in range(0, len(names), every):
                table[fault, outcome_on(folder, fault, number, expected)] += 1
    for (fault, outcome), count in sorted(table.items()):
        click.echo(f"{fault:<20}{outcome:<32}{count:6d}")


if __name__ == "__main__":
    main()
