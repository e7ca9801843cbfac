"""A sweep on networks, a loss and data of a user's own, and what becomes of its folder."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gan_models.errors import CheckpointError, FactoryError, StorageError
from orchestrator.cli.app import app
from orchestrator.errors import ConfigError
from orchestrator.generators import open_generator
from orchestrator.paths import RunPaths
from orchestrator.preflight import check_sweep
from orchestrator.run_folder import open_config
from orchestrator.trial.order import order_trial
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import TrialSpec
from tests.orchestrator.scripted import make_config
from tests.own_code import DATA, LOSS, NETWORKS, OwnCode

OWN: dict[str, Any] = {
    "name": "own",
    "data": {"factory": "own_sweep:load"},
    "space": {"network": "own_sweep:networks", "width": 8, "latent_dim": 3},
    "fixed": {"d_loss": "own_sweep:loss", "batch_size": 16},
    "search": {"sampler": "random", "trials": 1},
    "budget": {"kimg_per_trial": 0.2},
    "evaluation": {"every_kimg": 0.2, "samples": 64},
    "scheduler": {"kind": "none"},
    "selection": {"seeds": 2, "diversity": {"coverage": 0}},
    "backend": "in-process",
}


def write_spec(folder: Path, **sections: Any) -> Path:
    spec = folder / "spec.yaml"
    spec.write_text(yaml.safe_dump(OWN | sections), encoding="utf-8")
    return spec


@pytest.fixture
def spec(own_code: OwnCode) -> Path:
    """A spec beside the module that it names, which no process has imported yet."""
    own_code.write(NETWORKS, LOSS, DATA, name="own_sweep")
    own_code.forget()
    return write_spec(own_code.folder)


def ganorch(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.output


def test_a_winner_with_own_networks_is_found_kept_and_used(
    spec: Path, own_code: OwnCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, shipped, away = RunPaths(tmp_path / "run"), tmp_path / "shipped", tmp_path / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    assert ganorch("run", spec, "--out", run.root)[0] == 0
    recorded = open_config(run).modules
    assert (recorded.folders, list(recorded.sha256)) == ((str(own_code.folder),), ["own_sweep"])
    assert "`own_sweep` (source hash " in (run.best / "README.md").read_text()
    assert ganorch("export", run.root, shipped)[0] == 0

    own_code.forget()  # each command is a process of its own
    assert ganorch("generate", run.root, "-o", "a.npz")[0] == 0
    own_code.forget()
    assert ganorch("score", "--real", "ring8", "--fake", run.best)[0] == 0
    own_code.forget()
    code, said = ganorch("generate", shipped, "-o", "b.npz")
    assert (code, said) == (
        2,
        f"ganorch: {shipped}: holds weights, and no code: network = 'own_sweep:networks': module "
        f"'own_sweep' is not installed nor in {away}\n",
    )
    shutil.copy(own_code.folder / "own_sweep.py", away)
    assert ganorch("generate", shipped, "-o", "b.npz")[0] == 0
    assert ganorch("score", "--real", "own_sweep:load", "--fake", shipped)[0] == 0


def test_a_changed_module_goes_no_further(spec: Path, own_code: OwnCode, tmp_path: Path) -> None:
    run = RunPaths(tmp_path / "run")
    assert ganorch("run", spec, "--out", run.root)[0] == 0
    assert ganorch("run", spec, "--out", run.root, "--or-resume")[0] == 0

    own_code.write(NETWORKS, LOSS, DATA, "# a remark", name="own_sweep")

    for command in ("resume", "select"):
        code, said = ganorch(command, run.root)
        assert code == 2
        assert said.startswith("ganorch: module 'own_sweep' (")
        assert "has changed since the sweep began" in said


def test_a_worker_finds_the_module_and_blames_no_trial_for_another(
    spec: Path, own_code: OwnCode, tmp_path: Path
) -> None:
    run = RunPaths(tmp_path / "run")
    assert ganorch("run", spec, "--out", run.root)[0] == 0
    config = open_config(run)
    params = {"network": "own_sweep:networks", "width": 8, "batch_size": 16}
    order = order_trial(config, tmp_path / "w", trial_id="a", index=0, params=params, seed=0)
    order = TrialSpec.from_mapping(json.loads(json.dumps(order.to_mapping())))

    own_code.forget()
    assert [each["kind"] for each in run_trial(order)][-1] == "finished"

    own_code.write(NETWORKS, LOSS, DATA, "# a remark", name="own_sweep")
    with pytest.raises(StorageError, match="module 'own_sweep' .* has changed"):
        list(run_trial(order))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("squeeze(1)", "squeeze(0)"), "its discriminator: gives 16 x 1, must give 16"),
        (
            ("softplus(fake).mean()", "softplus(fake).sum(0, True)"),
            "d_loss = 'own_sweep:loss': dis",
        ),
        (("default_rng(0)", "default_rng()"), "data.factory = 'own_sweep:load': gives other sampl"),
        (("import nn", "import nnn"), "importing own_sweep fails: ImportError: cannot import"),
    ],
)
def test_what_breaks_its_contract_is_refused_before_anything_is_created(
    own_code: OwnCode, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    own_code.write(NETWORKS, LOSS, DATA, change=change, name="own_sweep")
    code, said = ganorch("run", write_spec(own_code.folder), "--out", tmp_path / "run")
    assert code == 2
    assert message in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_one_trial_is_checked_too(own_code: OwnCode, tmp_path: Path) -> None:
    own_code.write(NETWORKS, LOSS, DATA, change=("squeeze(1)", "squeeze(0)"), name="own_sweep")
    code, said = ganorch("train", write_spec(own_code.folder), "--out", tmp_path / "run")
    assert (code, "must give 16" in said) == (2, True)
    assert not (tmp_path / "run").exists()


def test_each_size_of_own_networks_is_built(own_code: OwnCode) -> None:
    refuse = "assert config.width < 12; super().__init__()"
    name = own_code.write(NETWORKS, change=("super().__init__()", refuse))
    space = {"network": f"{name}:networks", "width": {"integer": [8, 16]}}
    with pytest.raises(ConfigError, match="its generator: cannot be built: AssertionError"):
        check_sweep(make_config(space=space))


def test_a_contract_is_tried_once_for_networks_of_all_sizes(
    own_code: OwnCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr("orchestrator.preflight.check_contract", lambda *a, **_: calls.append(a))
    space: dict[str, Any] = {
        "network": f"{own_code.write(NETWORKS)}:networks",
        "width": {"integer": [8, 16]},
    }
    check_sweep(make_config(space=space))
    assert len(calls) == 1
    check_sweep(make_config(space=space | {"penalty": {"choice": ["r1", "none"]}}))
    assert len(calls) == 3


def test_a_model_folder_brings_no_code(
    spec: Path, own_code: OwnCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, shipped = RunPaths(tmp_path / "run"), tmp_path / "shipped"
    assert ganorch("run", spec, "--out", run.root)[0] == 0
    assert ganorch("export", run.root, shipped)[0] == 0
    own_code.forget()
    shutil.copy(own_code.folder / "own_sweep.py", shipped)
    monkeypatch.chdir(shipped)
    with pytest.raises(CheckpointError, match="module 'own_sweep' is not installed") as error:
        open_generator(shipped)
    assert isinstance(error.value.__cause__, FactoryError)
