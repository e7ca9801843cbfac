from collections.abc import Callable
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.manifests.description import Description
from cluster.manifests.kuberay import ray_cluster, ray_job

Describe = Callable[..., Description]


def test_no_trial_runs_on_the_head(describe: Describe) -> None:
    head = ray_cluster(describe())["spec"]["headGroupSpec"]
    assert head["rayStartParams"] == {"num-cpus": "0", "num-gpus": "0"}


def test_the_cluster_may_shrink_to_no_node_and_takes_idle_ones_only(describe: Describe) -> None:
    spec = ray_cluster(describe(nodes={"min": 0, "max": 7}, kubernetes={"idle_s": 90}))["spec"]
    (group,) = spec["workerGroupSpecs"]
    assert (group["replicas"], group["minReplicas"], group["maxReplicas"]) == (0, 0, 7)
    assert spec["enableInTreeAutoscaling"] is True
    assert spec["autoscalerOptions"]["version"] == "v2"
    assert spec["autoscalerOptions"]["idleTimeoutSeconds"] == 90


def test_the_token_is_demanded_and_only_named(describe: Describe) -> None:
    options = ray_cluster(describe())["spec"]["authOptions"]
    assert options == {"mode": "token", "secretName": "ray-token"}
    own = ray_cluster(describe(kubernetes={"token_secret": None}))["spec"]["authOptions"]
    assert own == {"mode": "token"}, "the operator makes a secret of its own"


def test_only_the_clusters_own_pods_reach_it(describe: Describe) -> None:
    assert ray_cluster(describe())["spec"]["networkPolicy"] == {"mode": "DenyAllIngress"}
    without = ray_cluster(describe(kubernetes={"network_policy": False}))["spec"]
    assert "networkPolicy" not in without


def test_a_cluster_keeps_its_state_on_a_volume_and_a_jobs_cluster_has_none(
    describe: Describe,
) -> None:
    described = describe(kubernetes={"gcs_storage_gib": 5, "storage_class": "fast"})
    kept = ray_cluster(described)["spec"]["gcsFaultToleranceOptions"]
    assert kept["backend"] == "rocksdb"
    assert (kept["storage"]["size"], kept["storage"]["storageClassName"]) == ("5Gi", "fast")
    assert "gcsFaultToleranceOptions" not in ray_job(described)["spec"]["rayClusterSpec"]
    none = ray_cluster(describe(kubernetes={"gcs_storage_gib": 0}))["spec"]
    assert "gcsFaultToleranceOptions" not in none


def test_a_job_runs_the_sweep_or_goes_on_with_it(describe: Describe) -> None:
    spec = ray_job(describe(kubernetes={"backoff_limit": 3}))["spec"]
    assert spec["entrypoint"] == (
        "/opt/ganorch/bin/python -m orchestrator run /mnt/runs/digits.yaml --or-resume "
        "--out /mnt/runs/digits --address auto"
    )
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (3, 24 * 3600)
    assert "activeDeadlineSeconds" not in ray_job(describe(max_hours=None))["spec"]


def test_a_finished_job_takes_its_cluster_away(describe: Describe) -> None:
    """Rules and shutdownAfterJobFinishes exclude each other: the operator refuses both."""
    at_once = ray_job(describe())["spec"]
    assert at_once["shutdownAfterJobFinishes"] is True
    assert "deletionStrategy" not in at_once
    later = ray_job(describe(kubernetes={"keep_failed_hours": 2}))["spec"]
    rules = later["deletionStrategy"]["deletionRules"]
    assert {rule["condition"]["jobStatus"]: rule["condition"]["ttlSeconds"] for rule in rules} == {
        "SUCCEEDED": 300,
        "FAILED": 7200,
    }
    assert "shutdownAfterJobFinishes" not in later


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"image": None}, "^'image' is missing"),
        ({"storage": {"claim": None}}, "^'storage.claim' is missing: .* or storage.nfs"),
    ],
)
@pytest.mark.parametrize("make", [ray_cluster, ray_job])
def test_what_kuberay_cannot_do_without_is_named(
    make: Callable[[Description], Any], changes: dict[str, Any], problem: str, describe: Describe
) -> None:
    with pytest.raises(ClusterError, match=problem):
        make(describe(**changes))
