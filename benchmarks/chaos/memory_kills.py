"""One of four trials takes all memory, whenever it runs: does it alone fail?

``python -m benchmarks.chaos.memory_kills --rounds 10`` lets Ray's memory monitor kill. With
``--by cgroup`` the monitor is off and the kernel kills, in a control group (version 1, as root)
that holds the driver and its Ray. Linux only.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.records import TrialStatus

_GROUPS = Path("/sys/fs/cgroup/memory")
_GROUP_BYTES = 4_000_000_000  # Ray itself and two trials take less than half
_TIMEOUT_S = 300.0


def main() -> None:
    """Print what became of each round, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--by", choices=["monitor", "cgroup"], default="monitor")
    given = parser.parse_args()
    num_good = 0
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            guilty, *others = _play(Path(folder), given.by).records
        failed_alone = all(each.status is TrialStatus.COMPLETED for each in others)
        num_good += failed_alone and guilty.status is TrialStatus.FAILED
        lost = ", ".join(each.faults for each in others if each.faults) or "none"
        print(
            f"guilty {guilty.status}: {guilty.faults}; attempts of others lost: {lost}", flush=True
        )
    print(f"the guilty trial alone failed in {num_good} of {given.rounds} rounds")


def _play(folder: Path, by: str) -> SweepHistory:
    command = [sys.executable, "-m", "benchmarks.chaos.greedy_sweep", str(folder)]
    if by == "monitor":
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=_TIMEOUT_S)
    else:
        with _group() as group:
            command += ["--group", str(group)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=_TIMEOUT_S)
    return SweepHistory.replay(read_journal(RunPaths(folder).journal))


@contextmanager
def _group() -> Iterator[Path]:
    """Make a control group for a while."""
    group = _GROUPS / f"memory-kills-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(_GROUP_BYTES))
        yield group
    finally:
        _await_empty(group)
        group.rmdir()


def _await_empty(group: Path, *, timeout_s: float = 60.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while (group / "cgroup.procs").read_text().strip() and time.monotonic() < deadline_s:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
