import os
from pathlib import Path

import pytest

from cluster.machine import usable_cpus, visible_gpus


@pytest.fixture
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path


@pytest.mark.usefixtures("eight_cpus")
def test_without_a_quota_affinity_decides(tmp_path: Path) -> None:
    assert usable_cpus(tmp_path) == 8


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize(
    ("written", "count"),
    [("250000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("9900000 100000", 8)],
)
def test_the_quota_of_cgroup_2_is_kept(tmp_path: Path, written: str, count: int) -> None:
    (tmp_path / "cpu.max").write_text(written + "\n")
    assert usable_cpus(tmp_path) == count


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize(("quota", "count"), [("300000", 3), ("-1", 8)])
def test_the_quota_of_cgroup_1_is_kept(tmp_path: Path, quota: str, count: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_cpus(tmp_path) == count


def test_where_there_is_no_affinity_all_cpus_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cpus(tmp_path) == 6


def test_only_gpu_devices_count(two_gpus: Path) -> None:
    assert visible_gpus(two_gpus) == 2


@pytest.mark.parametrize(
    ("chosen", "count"),
    [("", 0), ("-1", 0), ("1", 1), ("0,1", 2), ("1,-1,0", 1), ("0,1,2,3", 2), ("GPU-8f2a", 1)],
)
def test_cuda_visible_devices_hides_gpus(
    two_gpus: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, count: int
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_gpus(two_gpus) == count


def test_a_machine_without_gpus_has_none_whatever_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert visible_gpus(tmp_path) == 0
