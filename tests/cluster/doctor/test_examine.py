from dataclasses import replace
from pathlib import Path

import pytest

from cluster.doctor import examine, examine_cluster, examine_machine
from cluster.doctor.finding import Finding
from cluster.doctor.judge import NodeReport
from cluster.multinode import LocalCluster


def test_this_machine_alone_is_examined(token_file: Path, tmp_path: Path) -> None:
    found = examine_machine(tmp_path)
    assert {finding.node for finding in found} == {"driver"}
    assert {"disk", "run folder", "token"} <= {finding.check for finding in found}


def test_a_run_folder_that_is_missing_fails(token_file: Path, tmp_path: Path) -> None:
    found = defects(examine_machine(tmp_path / "none"))
    assert ("fail", "run folder", "driver") in found


@pytest.mark.cluster
def test_a_good_cluster_is_found_good_on_every_node(joinable: LocalCluster, tmp_path: Path) -> None:
    found = examine_cluster(joinable.address, tmp_path)
    expected = {"versions", "disk", "run folder", "token", "clock", "ports", "doors"}
    for name in ("head", "node-1", "node-2", "node-3"):
        address = joinable.state.node(name).address
        assert expected <= {finding.check for finding in found if finding.node == address}
        assert not [each for each in found if each.node == address and each.level == "fail"]
    assert {finding.node for finding in found if finding.check == "doors"} >= {"head", "dashboard"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.cluster
def test_injected_defects_are_found_where_they_are(
    joinable: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version and folder at the driver, a readable token, and a node that is frozen."""
    own = examine._own_report

    def with_other_torch(run_folder: Path | None, *, has_gpus: bool) -> NodeReport:
        report = own(run_folder, has_gpus=has_gpus)
        return replace(report, versions={**report.versions, "torch": "0.0.1"})

    frozen = joinable.add_node()
    joinable.token_file.chmod(0o644)
    monkeypatch.setattr(examine, "_own_report", with_other_torch)
    joinable.freeze(frozen.name)
    try:
        found = defects(examine_cluster(joinable.address, tmp_path / "none", timeout_s=5))
    finally:
        joinable.token_file.chmod(0o600)
        joinable.kill(frozen.name)
    node = joinable.state.node("node-1").address
    assert {
        ("fail", "versions", node),
        ("fail", "token", node),
        ("fail", "run folder", node),
    } <= found
    assert ("fail", "node", frozen.address) in found
    assert ("fail", "token", "driver") in found


def defects(found: list[Finding]) -> set[tuple[str, str, str]]:
    return {(f.level, f.check, f.node) for f in found if f.level != "ok"}
