from collections.abc import Callable
from typing import Any

from cluster.manifests.description import Description
from cluster.manifests.pods import head_template, worker_template
from cluster.settings import HEALTH

Describe = Callable[..., Description]


def container(template: dict[str, Any]) -> Any:
    (only,) = template["spec"]["containers"]
    return only


def variables(template: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(template)["env"]}


def test_a_pod_is_limited_to_what_it_requests(describe: Describe) -> None:
    resources = container(worker_template(describe()))["resources"]
    assert resources["limits"] == resources["requests"]
    assert resources["limits"] == {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}
    assert "nvidia.com/gpu" not in container(head_template(describe()))["resources"]["limits"]


def test_a_pod_with_gpus_goes_where_they_are(describe: Describe) -> None:
    spec = worker_template(describe())["spec"]
    assert spec["nodeSelector"] == {"nvidia.com/gpu.product": "a100"}
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in (
        spec["tolerations"]
    )
    assert not {"nodeSelector", "tolerations"} & head_template(describe())["spec"].keys()


def test_taints_are_put_up_with_by_value_or_whatever_it_is(describe: Describe) -> None:
    taints = [{"key": "team", "value": "vision"}, {"key": "spot", "effect": "NoExecute"}]
    described = describe(kubernetes={"tolerations": taints}, nodes={"gpus": 0, "gpu_type": None})
    assert worker_template(described)["spec"]["tolerations"] == [
        {"key": "team", "value": "vision", "effect": "NoSchedule", "operator": "Equal"},
        {"key": "spot", "effect": "NoExecute", "operator": "Exists"},
    ]


def test_pods_have_no_privileges(describe: Describe) -> None:
    for template in (head_template(describe()), worker_template(describe())):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["fsGroup"] == 1000
        assert container(template)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
    assert worker_template(describe())["spec"]["automountServiceAccountToken"] is False


def test_the_head_watches_its_nodes_closely(describe: Describe) -> None:
    found = variables(head_template(describe()))
    assert {each.name: each.value for each in HEALTH}.items() <= found.items()
    assert found["RAY_memory_monitor_refresh_ms"] == "250"


def test_no_token_and_no_mode_are_among_the_variables(describe: Describe) -> None:
    for template in (head_template(describe()), worker_template(describe())):
        assert not [name for name in variables(template) if "AUTH" in name]


def test_a_node_that_must_go_keeps_its_trials_as_long_as_it_may(describe: Describe) -> None:
    template = worker_template(describe(nodes={"grace_s": 300}))
    assert template["spec"]["terminationGracePeriodSeconds"] == 300
    assert 200 < int(variables(template)["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"]) < 300


def test_the_shared_storage_is_mounted(describe: Describe) -> None:
    nfs = {"server": "nas", "path": "/export"}
    for storage, source in (
        ({}, {"persistentVolumeClaim": {"claimName": "runs"}}),
        ({"claim": None, "nfs": nfs}, {"nfs": nfs}),
    ):
        template = worker_template(describe(storage=storage))
        assert template["spec"]["volumes"] == [{"name": "runs", **source}]
        assert container(template)["volumeMounts"] == [{"name": "runs", "mountPath": "/mnt/runs"}]


def test_accounts_and_pull_secrets_are_named(describe: Describe) -> None:
    named = {"service_account": "sweeps", "image_pull_secret": "registry"}
    spec = worker_template(describe(kubernetes=named))["spec"]
    assert spec["serviceAccountName"] == "sweeps"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
