from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cluster.manifests.description import Description
from tests.cluster.manifests.conftest import WHOLE, descriptions, merged

SHELL = "$`\"'\\;&|<>(){}*?!# \n\t%"


@given(values=descriptions())
def test_what_can_be_meant_is_taken(values: dict[str, Any]) -> None:
    assert Description.model_validate(values).name == values["name"]


@given(character=st.sampled_from(SHELL), at=st.integers(0, 3))
@pytest.mark.parametrize(
    "keys",
    ["name", "spec", "run_folder", "python", "image", "storage.path", "storage.claim"]
    + ["slurm.partition", "slurm.account", "slurm.local_dir", "nodes.gpu_type"]
    + ["kubernetes.namespace", "kubernetes.token_secret", "ray_up.region", "ray_up.ssh_user"]
    + ["ray_up.token_file", "systemd.user", "systemd.head_host", "systemd.token_file"],
)
def test_nothing_that_a_shell_or_a_unit_interprets_passes(
    keys: str, character: str, at: int
) -> None:
    if keys == "slurm.partition" and character in "|&*()":
        return  # a list of partitions, which only an #SBATCH line holds
    *sections, key = keys.split(".")
    text = WHOLE.get(key, "word") if not sections else WHOLE[sections[0]].get(key, "/w/word")
    damaged: Any = {key: text[:at] + character + text[at:]}
    for section in sections:
        damaged = {section: damaged}
    with pytest.raises(ValidationError) as refused:
        Description.model_validate(merged(WHOLE, damaged))
    assert [".".join(map(str, each["loc"])) for each in refused.value.errors()] == [keys]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"nodes": {"min": 5}}, "nodes.min = 5: must be at most nodes.max = 4"),
        ({"nodes": {"gpus": 0}}, "nodes.gpu_type = 'a100': but nodes.gpus = 0"),
        ({"nodes": {"cpus": True}}, "must be a number"),
        ({"storage": {"nfs": {"server": "n", "path": "/e"}}}, "not together with storage.nfs"),
        ({"run_folder": "/home/me/run"}, "run_folder = '/home/me/run': must lie below storage"),
        ({"run_folder": "/mnt/runs/../etc"}, "must not climb with '..'"),
        ({"storage": None}, "must lie below storage.path"),
        ({"ray_up": {"region": None}}, "'ray_up.region' is missing: provider 'aws'"),
        ({"ray_up": {"provider": "local"}}, "'ray_up.head_host' is missing: provider 'local'"),
        ({"name": "a" * 27}, "at most 26"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Description.model_validate(merged(WHOLE, changes))
    (only,) = refused.value.errors()
    assert problem in only["msg"]


def test_a_run_folder_in_a_bucket_needs_no_storage() -> None:
    values = merged(WHOLE, {"storage": None, "run_folder": "s3://bucket/runs/a"})
    assert Description.model_validate(values).storage is None
