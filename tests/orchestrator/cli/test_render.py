from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestrator.cli.render import TARGETS
from tests.cluster.manifests.conftest import WHOLE

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture(scope="session")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A description of which everything is known."""
    path = tmp_path_factory.mktemp("render") / "cluster.yaml"
    path.write_text(yaml.safe_dump(WHOLE), encoding="utf-8")
    return path


def test_targets_are_those_that_can_be_rendered() -> None:
    from cluster.manifests.render import TARGETS as RENDERED

    assert tuple(RENDERED) == TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_files_are_written_into_a_folder(
    target: str, description: Path, tmp_path: Path, ganorch: Ganorch
) -> None:
    result = ganorch("cluster", "render", target, description, "--out", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert {Path(line) for line in result.stdout.splitlines()} == {*(tmp_path / "new").iterdir()}


def test_documents_are_printed_one_after_the_other(description: Path, ganorch: Ganorch) -> None:
    result = ganorch("cluster", "render", "kuberay", description, "--set", "nodes.max=9")
    documents = list(yaml.safe_load_all(result.stdout))
    assert [each["kind"] for each in documents] == ["RayCluster", "RayJob"]
    assert documents[0]["spec"]["workerGroupSpecs"][0]["maxReplicas"] == 9


def test_a_script_is_printed_as_it_is(description: Path, ganorch: Ganorch) -> None:
    assert ganorch("cluster", "render", "slurm", description).stdout.startswith("#!/usr/bin/env ")


def test_no_file_is_replaced_unasked(
    description: Path, tmp_path: Path, ganorch: Ganorch, refused: Refused
) -> None:
    words = ("cluster", "render", "slurm", description, "--out", tmp_path)
    old = tmp_path / "digits.sbatch"
    old.write_text("mine")
    assert refused(*words) == f"{old}: exists already; --force replaces it"
    assert old.read_text() == "mine"
    assert ganorch(*words, "--force").exit_code == 0
    assert old.read_text().startswith("#!")


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("nodes.maxx=2", "unknown key 'nodes.maxx': did you mean 'max'?"),
        ("nodse.max=2", "unknown key 'nodse': did you mean 'nodes'?"),
        ("ray_up.providr=aws", "unknown key 'ray_up.providr': did you mean 'provider'?"),
        ("kubernetes.tolerations=[{keyy: a}]", "unknown key 'kubernetes.tolerations.0.keyy': did"),
        ("nodes.max=many", "nodes.max = 'many': must be a valid integer"),
        ("nodes.gpus=-1", "nodes.gpus = -1: must be greater than or equal to 0"),
        ("name=Digits", "name = 'Digits': must be lower-case letters"),
        ("nodes=3", "nodes = 3: must be a mapping of keys to values"),
        ("storage=null", "run_folder = '/mnt/runs/digits': must lie below storage.path"),
    ],
)
def test_a_bad_description_is_refused_by_the_path_of_its_key(
    override: str, problem: str, description: Path, refused: Refused
) -> None:
    line = refused("cluster", "render", "kuberay", description, "--set", override)
    assert line.startswith(f"{description}: ")
    assert problem in line


def test_what_a_target_needs_is_named_with_the_file(description: Path, refused: Refused) -> None:
    line = refused("cluster", "render", "kuberay", description, "--set", "image=null")
    assert line == f"{description}: 'image' is missing: KubeRay starts containers"


def test_an_unknown_target_and_a_missing_file_are_refused(
    description: Path, tmp_path: Path, refused: Refused
) -> None:
    assert "'lsf' is not one of 'slurm'" in refused("cluster", "render", "lsf", description)
    missing = tmp_path / "none.yaml"
    assert refused("cluster", "render", "slurm", missing).startswith(f"{missing}: cannot be read")


def leaves(value: Any, keys: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [keys]
    return [leaf for key, inner in value.items() for leaf in leaves(inner, (*keys, key))]


@given(
    keys=st.sampled_from(leaves(WHOLE)),
    wrong=st.sampled_from([{"a": 1}, [[1]], "\x07", -1, 1e300, True, float("nan")]),
)
@hypothesis_settings(max_examples=150)
def test_every_wrong_value_ends_in_one_line_that_names_its_key(
    keys: tuple[str, ...], wrong: Any, tmp_path_factory: pytest.TempPathFactory, refused: Refused
) -> None:
    path = tmp_path_factory.getbasetemp() / "wrong.yaml"
    values = yaml.safe_load(yaml.safe_dump(WHOLE))
    holder = values
    for key in keys[:-1]:
        holder = holder[key]
    holder[keys[-1]] = wrong
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    assert ".".join(keys) in refused("cluster", "render", "slurm", path)
