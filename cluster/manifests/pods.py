"""The pods of a KubeRay cluster: one container each, without privileges, on the shared storage."""

from typing import Any

from cluster.manifests.description import Description, Storage
from cluster.manifests.drain import drain_environment
from cluster.settings import head_environment, node_environment
from cluster.token import MODE

Document = dict[str, Any]
_VOLUME = "runs"
_GPU = "nvidia.com/gpu"
_HEAD_PORTS = {"gcs-server": 6379, "dashboard": 8265, "client": 10001}


def head_template(description: Description) -> Document:
    """Return the template of the head's pod."""
    head = description.head
    amounts = _amounts(head.cpus, head.memory_gib)
    container = _container(description, "ray-head", amounts, head_environment())
    container["ports"] = [
        {"name": name, "containerPort": port} for name, port in _HEAD_PORTS.items()
    ]
    return _template(description, container, has_gpus=False)


def worker_template(description: Description) -> Document:
    """Return the template of the pods that trials run in."""
    nodes = description.nodes
    amounts = _amounts(nodes.cpus, nodes.memory_gib)
    if nodes.gpus:
        amounts[_GPU] = str(nodes.gpus)
    container = _container(description, "ray-worker", amounts, node_environment())
    return _template(description, container, has_gpus=nodes.gpus > 0)


def _amounts(cpus: int, memory_gib: int) -> dict[str, str]:
    return {"cpu": str(cpus), "memory": f"{memory_gib}Gi"}


def _container(
    description: Description, name: str, amounts: dict[str, str], settings: dict[str, str]
) -> Document:
    environment = settings | drain_environment(description.nodes.grace_s)
    del environment[MODE]  # the operator's, with the token
    container: Document = {
        "name": name,
        "image": description.image,
        "env": [{"name": key, "value": value} for key, value in environment.items()],
        # equal, so that the pod is the last to go when a machine runs short
        "resources": {"limits": dict(amounts), "requests": dict(amounts)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if description.storage is not None:
        container["volumeMounts"] = [{"name": _VOLUME, "mountPath": description.storage.path}]
    return container


def _template(description: Description, container: Document, *, has_gpus: bool) -> Document:
    kubernetes = description.kubernetes
    spec: Document = {
        "restartPolicy": "Never",  # the autoscaler's second version replaces pods
        "terminationGracePeriodSeconds": description.nodes.grace_s,
        "automountServiceAccountToken": container["name"] == "ray-head",  # for the autoscaler
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": kubernetes.user_id,
            "runAsGroup": kubernetes.group_id,
            "fsGroup": kubernetes.group_id,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
    }
    if description.storage is not None:
        spec["volumes"] = [_volume(description.storage)]
    if kubernetes.service_account is not None:
        spec["serviceAccountName"] = kubernetes.service_account
    if kubernetes.image_pull_secret is not None:
        spec["imagePullSecrets"] = [{"name": kubernetes.image_pull_secret}]
    return {"spec": spec | _placement(description, has_gpus=has_gpus)}


def _volume(storage: Storage) -> Document:
    if storage.nfs is not None:
        return {"name": _VOLUME, "nfs": {"server": storage.nfs.server, "path": storage.nfs.path}}
    return {"name": _VOLUME, "persistentVolumeClaim": {"claimName": storage.claim}}


def _placement(description: Description, *, has_gpus: bool) -> Document:
    kubernetes = description.kubernetes
    selector = dict(kubernetes.node_selector)
    tolerations = [each.model_dump(exclude_none=True) for each in kubernetes.tolerations]
    for each in tolerations:
        each["operator"] = "Equal" if "value" in each else "Exists"
    if has_gpus:
        tolerations.append({"key": _GPU, "operator": "Exists", "effect": "NoSchedule"})
        if description.nodes.gpu_type is not None:
            selector[kubernetes.gpu_label] = description.nodes.gpu_type
    placement: Document = {}
    if selector:
        placement["nodeSelector"] = selector
    if tolerations:
        placement["tolerations"] = tolerations
    return placement
