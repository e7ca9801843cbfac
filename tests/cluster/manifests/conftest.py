"""Descriptions of clusters, and schemas that refuse what they do not know."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import strategies as st

from cluster.manifests.description import Description

Describe = Callable[..., Description]
Validator = jsonschema.Draft202012Validator

WHOLE: dict[str, Any] = {
    "name": "digits",
    "spec": "/mnt/runs/digits.yaml",
    "run_folder": "/mnt/runs/digits",
    "storage": {"path": "/mnt/runs", "claim": "runs"},
    "python": "/opt/ganorch/bin/python",
    "image": "registry.example.org/ganorch:0.1.0",
    "max_hours": 24,
    "nodes": {"min": 1, "max": 4, "cpus": 8, "memory_gib": 32, "gpus": 1, "gpu_type": "a100"},
    "slurm": {"partition": "gpu", "account": "vision", "setup": ["module load cuda"]},
    "kubernetes": {"namespace": "vision", "token_secret": "ray-token"},
    "ray_up": {
        "provider": "aws",
        "region": "eu-west-1",
        "head_type": "m5.large",
        "worker_type": "g5.2xlarge",
    },
    "systemd": {"head_host": "10.0.0.5"},
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a description with some keys of some sections replaced."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.fixture(scope="session")
def describe() -> Describe:
    """Return what describes a cluster of which everything is known, with changes."""

    def describe(**changes: Any) -> Description:
        return Description.model_validate(merged(WHOLE, changes))

    return describe


@pytest.fixture(scope="session")
def strict_kuberay(repository: Path) -> dict[str, Validator]:
    """Return what checks a document of each kind, and refuses fields that KubeRay has not."""
    return {
        kind: Validator(strict(_crd_schema(repository, plural)))
        for kind, plural in (("RayCluster", "rayclusters"), ("RayJob", "rayjobs"))
    }


def _crd_schema(repository: Path, plural: str) -> Any:
    packed = (repository / f"tests/data/kuberay/ray.io_{plural}.yaml.gz").read_bytes()
    versions = yaml.load(gzip.decompress(packed), yaml.CSafeLoader)["spec"]["versions"]
    return next(each for each in versions if each["name"] == "v1")["schema"]["openAPIV3Schema"]


def strict(schema: Any) -> Any:
    """Return a schema of Kubernetes in which every object refuses unknown fields."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    made = {
        key: {name: strict(inner) for name, inner in value.items()}
        if key == "properties" and isinstance(value, dict)
        else strict(value)
        for key, value in schema.items()
    }
    if "properties" in made and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def descriptions() -> st.SearchStrategy[dict[str, Any]]:
    """Yield descriptions that can be meant."""
    names = st.from_regex("[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
    words = st.from_regex("[A-Za-z0-9][A-Za-z0-9_.-]{0,9}", fullmatch=True)
    gpus = st.integers(0, 8)
    nodes = st.tuples(st.integers(0, 9), st.integers(1, 99), gpus, st.integers(0, 600)).map(
        lambda drawn: {
            "min": drawn[0],
            "max": drawn[0] + drawn[1],
            "gpus": drawn[2],
            "gpu_type": "h100" if drawn[2] else None,
            "grace_s": drawn[3],
        }
    )
    kubernetes = st.fixed_dictionaries(
        {"network_policy": st.booleans(), "gcs_storage_gib": st.integers(0, 9)},
        optional={
            "service_account": names,
            "token_secret": names,
            "image_pull_secret": names,
            "storage_class": names,
            "node_selector": st.dictionaries(words, st.just("yes"), max_size=2),
            "tolerations": st.lists(st.builds(dict, key=words, value=st.just("a")), max_size=2),
            "backoff_limit": st.integers(0, 20),
            "keep_failed_hours": st.floats(0.1, 48),
        },
    )
    ray_up = st.sampled_from(
        [
            WHOLE["ray_up"],
            WHOLE["ray_up"] | {"ssh_private_key": "~/.ssh/key", "setup": ["echo a 'b' \"c\" # d"]},
            {"provider": "local", "head_host": "10.0.0.1", "worker_hosts": ["10.0.0.2", "b"]},
        ]
    )
    storage = st.sampled_from(
        [
            {"path": "/mnt/runs", "claim": "runs"},
            {"path": "/mnt/runs", "nfs": {"server": "nas.example.org", "path": "/export"}},
        ]
    )
    return st.fixed_dictionaries(
        {
            "name": names,
            "spec": st.just("/mnt/runs/s.yaml"),
            "run_folder": st.sampled_from(["/mnt/runs/a", "/mnt/runs/a/b_c.d", "s3://bucket/a"]),
            "storage": storage,
            "image": st.just("ganorch:1"),
            "python": st.just("/usr/bin/python3"),
            "nodes": nodes,
            "kubernetes": kubernetes,
            "ray_up": ray_up,
            "systemd": st.just({"head_host": "10.0.0.5"}),
        },
        optional={
            "max_hours": st.floats(0.01, 1000),
            "head": st.just({"cpus": 4, "memory_gib": 16}),
            "slurm": st.fixed_dictionaries(
                {"trials_on_first_node": st.booleans()}, optional={"partition": words}
            ),
        },
    )
