"""How many CPUs and GPUs this process may use on this machine."""

import os
import re
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_DEVICES = Path("/dev")


def usable_cpus(cgroup: Path = _CGROUP) -> int:
    """Count CPUs by affinity, and by the quota of the container where there is one."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = _cpu_quota(cgroup)
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def visible_gpus(devices: Path = _DEVICES) -> int:
    """Count NVIDIA device files, fewer where CUDA_VISIBLE_DEVICES names fewer."""
    present = sum(1 for each in devices.glob("nvidia*") if re.fullmatch(r"nvidia\d+", each.name))
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return present if chosen is None else min(present, _num_chosen(chosen))


def _num_chosen(chosen: str) -> int:
    """Count names up to the first invalid one, as CUDA does; -1 and an empty text hide all."""
    count = 0
    for name in chosen.split(","):
        if not name.strip() or name.strip().startswith("-"):
            break
        count += 1
    return count


def _cpu_quota(cgroup: Path) -> float | None:
    """Return CPUs as a share of time, from cgroup v2 or v1; None where nothing limits them."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota in ("max", "-1"):
        return None
    return int(quota) / int(period)
