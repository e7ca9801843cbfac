from dataclasses import replace
from typing import Any

import pytest

from cluster.doctor.finding import Finding, Level
from cluster.doctor.judge import NodeReport, judge_clock, judge_node

WELL = NodeReport(
    python="3.11.7",
    versions={"ray": "2.60.0", "torch": "2.13.0", "gan-orchestrator": "0.1.0"},
    gpus_seen=2,
    free_temp_bytes=50_000_000_000,
    free_shm_bytes=8_000_000_000,
    auth_mode="token",
    token_permissions=0o600,
    folder_problem=None,
    free_folder_bytes=50_000_000_000,
)


def defects(report: NodeReport, gpus: float = 0) -> list[Finding]:
    found = judge_node("n", report, WELL, gpus)
    return [finding for finding in found if finding.level != Level.OK]


def test_a_node_like_the_drivers_has_no_defect() -> None:
    assert defects(WELL, gpus=2) == []
    assert {finding.check for finding in judge_node("n", WELL, WELL, 2)} == {
        *("versions", "GPUs", "disk", "shared memory", "run folder", "token")
    }


@pytest.mark.parametrize(
    ("field", "value", "level", "check", "seen"),
    [
        ("python", "3.12.1", "fail", "versions", "python 3.12.1; the driver has 3.11.7"),
        ("versions", {"ray": "2.59.0"}, "fail", "versions", "ray 2.59.0; the driver has 2.60.0"),
        ("gpus_seen", 1, "fail", "GPUs", "offers 2; torch sees 1"),
        ("gpus_seen", None, "fail", "GPUs", "offers 2; torch gives no answer"),
        ("free_temp_bytes", 5_000_000_000, "warn", "disk", "5.0 GB free for temporary files"),
        ("free_temp_bytes", 500_000_000, "fail", "disk", "0.5 GB free for temporary files"),
        ("free_temp_bytes", None, "fail", "disk", "cannot be looked at"),
        ("free_folder_bytes", 1_000, "fail", "disk", "0.0 GB free for the run folder"),
        ("free_shm_bytes", 64_000_000, "warn", "shared memory", "0.1 GB free in /dev/shm"),
        ("folder_problem", "is not there", "fail", "run folder", "is not there"),
        ("auth_mode", "disabled", "fail", "token", "Ray asks for no token"),
        ("token_permissions", 0o644, "fail", "token", "mode 0644"),
    ],
)
def test_each_defect_is_found_named_and_mended(
    field: str, value: Any, level: str, check: str, seen: str
) -> None:
    changed: dict[str, Any] = {field: value}
    found = defects(replace(WELL, **changed), gpus=2)
    assert (found[0].level, found[0].check) == (level, check)
    assert seen in found[0].seen
    assert all(finding.mend for finding in found)
    assert {finding.check for finding in found} == {check}


def test_each_package_that_differs_is_a_line_and_a_missing_one_is_said() -> None:
    found = defects(replace(WELL, versions={"ray": "2.60.0"}))
    assert [finding.seen for finding in found] == [
        "torch is not installed; the driver has 2.13.0",
        "gan-orchestrator is not installed; the driver has 0.1.0",
    ]


def test_gpus_matter_only_where_they_are_offered() -> None:
    assert defects(replace(WELL, gpus_seen=None), gpus=0) == []


def test_what_a_machine_does_not_have_is_passed_over() -> None:
    without = replace(WELL, free_shm_bytes=None, free_folder_bytes=None, token_permissions=None)
    assert defects(without) == []


@pytest.mark.parametrize(
    ("offset_s", "error_s", "level"),
    [
        (0.1, 0.01, "ok"),
        (-1.9, 0.01, "ok"),
        (-3.0, 0.01, "warn"),
        (3.0, 1.5, "ok"),  # it may be 1.5 s
        (100.0, 0.5, "fail"),
        (100.0, 50.0, "warn"),
    ],
)
def test_a_clock_is_judged_by_what_is_certain(offset_s: float, error_s: float, level: str) -> None:
    finding = judge_clock("n", offset_s, error_s)
    assert finding.level == level
    assert f"{offset_s:+.3f} s" in finding.seen
