"""KubeRay: a RayCluster that stays, or a RayJob that brings its cluster and takes it away.

Fields as of KubeRay 1.7; https://docs.ray.io/en/latest/cluster/kubernetes/. ``networkPolicy``
needs the operator's feature gate RayClusterNetworkPolicy.
"""

from typing import Any, Literal

from cluster.errors import ClusterError
from cluster.manifests.command import ray_version, sweep_command
from cluster.manifests.description import Description, Kubernetes
from cluster.manifests.pods import head_template, worker_template

Kind = Literal["cluster", "job"]
Document = dict[str, Any]
_SUCCEEDED_TTL_S = 300  # long enough to look, short enough to pay for
_SECONDS_PER_HOUR = 3600


def ray_cluster(description: Description) -> Document:
    """Return a RayCluster that waits for sweeps to be submitted.

    Raises:
        ClusterError: if the description lacks what KubeRay needs.
    """
    spec = _cluster_spec(description)
    kubernetes = description.kubernetes
    if kubernetes.gcs_storage_gib:
        spec["gcsFaultToleranceOptions"] = _gcs_storage(kubernetes)
    return _document("RayCluster", description, spec)


def ray_job(description: Description) -> Document:
    """Return a RayJob that runs the sweep, again on a new cluster where one is lost.

    Its cluster keeps no state of its own: the sweep's is in the run folder, and its driver runs
    on the head, which is lost with it.

    Raises:
        ClusterError: if the description lacks what KubeRay needs.
    """
    spec: Document = {
        "entrypoint": sweep_command(description),
        # within the head's pod: no door has to be opened for whoever submits
        "submissionMode": "SidecarMode",
        "backoffLimit": description.kubernetes.backoff_limit,
        **_deletion(description.kubernetes),
        "rayClusterSpec": _cluster_spec(description),
    }
    if description.max_hours is not None:
        spec["activeDeadlineSeconds"] = round(description.max_hours * _SECONDS_PER_HOUR)
    return _document("RayJob", description, spec)


def _document(kind: str, description: Description, spec: Document) -> Document:
    namespace = description.kubernetes.namespace
    metadata = {"name": description.name, "namespace": namespace}
    return {"apiVersion": "ray.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _cluster_spec(description: Description) -> Document:
    _check_complete(description)
    kubernetes, nodes = description.kubernetes, description.nodes
    spec: Document = {
        "rayVersion": ray_version(),
        "authOptions": {"mode": "token"},
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "version": "v2",  # which takes away idle nodes only: the first may take busy ones
            "idleTimeoutSeconds": kubernetes.idle_s,
            "upscalingMode": "Default",
            # of its own, since the sidecar's end would be the head's
            "resources": _equal({"cpu": "500m", "memory": "1Gi"}),
        },
        "headGroupSpec": {
            "rayStartParams": {"num-cpus": "0", "num-gpus": "0"},  # no trial on the head
            "template": head_template(description),
        },
        "workerGroupSpecs": [
            {
                "groupName": "trials",
                "replicas": nodes.min,
                "minReplicas": nodes.min,
                "maxReplicas": nodes.max,
                "rayStartParams": {},
                "template": worker_template(description),
            }
        ],
    }
    if kubernetes.token_secret is not None:
        spec["authOptions"]["secretName"] = kubernetes.token_secret
    if kubernetes.network_policy:
        spec["networkPolicy"] = {"mode": "DenyAllIngress"}  # but from the cluster's own pods
    return spec


def _check_complete(description: Description) -> None:
    if description.image is None:
        raise ClusterError("'image' is missing: KubeRay starts containers")
    storage = description.storage
    if storage is not None and storage.claim is None and storage.nfs is None:
        raise ClusterError("'storage.claim' is missing: KubeRay needs it, or storage.nfs, to mount")


def _gcs_storage(kubernetes: Kubernetes) -> Document:
    storage: Document = {
        "size": f"{kubernetes.gcs_storage_gib}Gi",
        "accessModes": ["ReadWriteOnce"],
    }
    if kubernetes.storage_class is not None:
        storage["storageClassName"] = kubernetes.storage_class
    return {"backend": "rocksdb", "storage": storage}


def _deletion(kubernetes: Kubernetes) -> Document:
    """Return when the cluster goes: with the job, or later where it failed and is to be seen."""
    if kubernetes.keep_failed_hours is None:
        return {"shutdownAfterJobFinishes": True, "ttlSecondsAfterFinished": _SUCCEEDED_TTL_S}
    keep_s = round(kubernetes.keep_failed_hours * _SECONDS_PER_HOUR)
    waits = {"SUCCEEDED": _SUCCEEDED_TTL_S, "FAILED": keep_s}
    return {  # which shutdownAfterJobFinishes excludes
        "deletionStrategy": {
            "deletionRules": [
                {
                    "policy": "DeleteCluster",
                    "condition": {"jobStatus": status, "ttlSeconds": seconds},
                }
                for status, seconds in waits.items()
            ]
        }
    }


def _equal(amounts: dict[str, str]) -> Document:
    return {"requests": dict(amounts), "limits": dict(amounts)}
