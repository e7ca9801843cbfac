"""A sweep of which the first trial takes ever more memory, on a Ray of its own.

``python -m benchmarks.chaos.greedy_sweep FOLDER`` lets Ray's memory monitor kill; with
``--group CGROUP`` the monitor is off, and this process joins that control group first.
"""

import argparse
import os
import time
from pathlib import Path

from benchmarks.chaos.paced_sweep import carry_on, paced_config
from benchmarks.chaos.paced_trial import paced_trial
from cluster.environment import environment
from cluster.session import ray_session
from cluster.token import ensure_token_file, token_mode
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.trial.spec import Messages, TrialSpec

_NUM_TRIALS = 4
_PACE_S = 0.3
_CHUNK_BYTES = 100_000_000
_MOST_CHUNKS = 60  # should nobody kill it
_ROOM_BYTES = 2_000_000_000  # beside what is in use when the monitor begins to look


def greedy_trial(spec: TrialSpec) -> Messages:
    """Run as paced trials do; the first one takes ever more memory, in every attempt."""
    taken: list[bytearray] = []
    for message in paced_trial(spec):
        yield message
        while spec.index == 0 and len(taken) < _MOST_CHUNKS:
            taken.append(bytearray(os.urandom(1) * _CHUNK_BYTES))
            time.sleep(0.02)


def main() -> None:
    """Carry out the sweep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--group", type=Path)
    given = parser.parse_args()
    if given.group is not None:
        (given.group / "cgroup.procs").write_text(str(os.getpid()))
    monitor = {"RAY_memory_monitor_refresh_ms": "0"} if given.group else _watchful()
    settings = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": os.getcwd(), **monitor}
    ray = {"address": "local", "num_cpus": 2, "include_dashboard": False}
    ensure_token_file()
    with environment(settings), token_mode(), ray_session("no Ray", WORKER_ENVIRONMENT, **ray):
        backend = RayTuneBackend(concurrent=2, cpus_per_trial=1, gpus_per_trial=0)
        carry_on(
            given.folder,
            backend,
            paced_config(_NUM_TRIALS),
            pace_s=_PACE_S,
            run_trial=greedy_trial,
        )


def _watchful() -> dict[str, str]:
    """Return the settings of a monitor that kills once so much more is in use than now."""
    lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    kib = {name: int(amount) for name, amount, *_ in lines}
    used_kib = kib["MemTotal:"] - kib["MemAvailable:"]
    limit_frac = (used_kib + _ROOM_BYTES / 1024) / kib["MemTotal:"]
    return {
        "RAY_memory_monitor_refresh_ms": "250",
        "RAY_memory_usage_threshold": f"{limit_frac:.3f}",
    }


if __name__ == "__main__":
    main()
