"""What thousands of short trials in one driver cost: memory for each, and the time to read them.

See benchmarks/README.md.
"""

import gc
import tempfile
from pathlib import Path
from time import perf_counter

import click

from benchmarks.driver_overhead import CONCURRENT, run_ours
from cluster.local import local_ray
from cluster.resources import Capacity
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT
from orchestrator.history import SweepHistory
from orchestrator.journal import Event, read_journal
from orchestrator.leaderboard import results_mapping
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.tables import read_trials, write_tables


class MemoryAtTrials(SilentListener):
    """Notes this process's memory each time that so many more trials have finished."""

    def __init__(self, every: int) -> None:
        self.bytes_at: dict[int, int] = {}
        self._every = every
        self._num_finished = 0

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Count the trials that finish."""
        if event["event"] != "finished":
            return
        self._num_finished += 1
        if self._num_finished % self._every == 0:
            gc.collect()
            self.bytes_at[self._num_finished] = resident_bytes()


def resident_bytes() -> int:
    """Return what this process has of main memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def run(folder: Path, num_trials: int) -> MemoryAtTrials:
    """Carry out a sweep of scripted trials on a local Ray, with its journal and folders."""
    memory = MemoryAtTrials(every=max(1, num_trials // 8))
    with local_ray(Capacity(CONCURRENT), worker_env=WORKER_ENVIRONMENT):
        run_ours(folder, num_trials, memory)
    return memory


def reading_s(paths: RunPaths) -> tuple[float, float, float]:
    """Return how long the journal, the results and the table of trials take to be read."""
    start_s = perf_counter()
    history = SweepHistory.replay(read_journal(paths.journal))
    replayed_s = perf_counter()
    results_mapping(history)
    shown_s = perf_counter()
    write_tables(paths, history)
    written_s = perf_counter()
    read_trials(paths.trials_table)
    read_s = perf_counter()
    return replayed_s - start_s, shown_s - start_s, read_s - written_s


@click.command()
@click.option("--trials", default=2000, show_default=True, type=click.IntRange(8))
def main(trials: int) -> None:
    """Run many short trials in one driver."""
    with tempfile.TemporaryDirectory() as folder:
        start_s = perf_counter()
        memory = run(Path(folder), trials)
        click.echo(f"{trials} trials, {CONCURRENT} at once: {perf_counter() - start_s:.0f} s")
        (first, before), *_, (last, after) = memory.bytes_at.items()
        for number, num_bytes in memory.bytes_at.items():
            click.echo(f"  after {number:5d} trials: {num_bytes / 2**20:6.1f} MiB")
        click.echo(f"memory per trial: {(after - before) / (last - first) / 1000:.1f} kB")
        replayed_s, shown_s, read_s = reading_s(RunPaths(Path(folder)))
        click.echo(f"journal replayed in {replayed_s:.2f} s, results in {shown_s:.2f} s")
        click.echo(f"table of trials read in {read_s:.2f} s")


if __name__ == "__main__":
    main()
