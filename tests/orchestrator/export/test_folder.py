import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from gan_models.config import parameter_docs
from gan_models.errors import CheckpointError
from gan_models.model_folder import load_model
from orchestrator.config.load import load_config
from orchestrator.errors import RunFolderError
from orchestrator.export.folder import export_best, ship
from orchestrator.paths import RunPaths
from orchestrator.run_folder import open_history
from tests.orchestrator.exploits import make_exploit


@pytest.fixture
def copied(finished_sweep: RunPaths, tmp_path: Path) -> RunPaths:
    return RunPaths(Path(shutil.copytree(finished_sweep.root, tmp_path / "copy")))


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_exported_weights_are_those_of_the_selected_snapshot(finished_sweep: RunPaths) -> None:
    history = open_history(finished_sweep)
    assert history.selection is not None
    selection = history.selection
    snapshot = finished_sweep.trial(selection["trial_id"]).snapshot(selection["snapshot_nimg"])
    exported, kept = load_model(finished_sweep.best), load_model(snapshot)
    assert torch.equal(exported.draw(20, seed=3), kept.draw(20, seed=3))


def test_exporting_again_gives_the_same_bytes(copied: RunPaths) -> None:
    before = files_in(copied.best)
    assert set(before) == {
        "generator.safetensors",
        "model.json",
        "metrics.json",
        "samples.png",
        "README.md",
    }
    export_best(load_config(copied.sweep), copied, open_history(copied))
    assert files_in(copied.best) == before


def test_the_card_says_how_good_and_how_it_was_chosen(finished_sweep: RunPaths) -> None:
    card = (finished_sweep.best / "README.md").read_text()
    metrics = json.loads((finished_sweep.best / "metrics.json").read_text())
    certificate, selection = metrics["certificate"], metrics["selection"]
    assert card.startswith(f"# small / {metrics['trial_id']}\n")
    assert f"{certificate['fid']:.3f}" in card
    assert f"{certificate['fid_low']:.3f} to {certificate['fid_high']:.3f}" in card
    assert certificate["protocol"] in card
    assert f"{selection['candidates']} snapshots of the finalists" in card
    assert "no Inception FID" in card
    for name in metrics["params"]:
        assert f"`{name}`" in card
    assert "{{" not in card


def test_the_card_says_how_lucky_the_choice_was_and_among_how_much(
    finished_sweep: RunPaths,
) -> None:
    card = (finished_sweep.best / "README.md").read_text()
    for name in ("optimism: certificate ", "seed spread: sd of FID ", "looked at: "):
        assert f"\n- {name}" in card
    assert ", for as many samples or more) |" in card


def test_the_card_warns_of_a_generator_below_the_gate(copied: RunPaths) -> None:
    config, history = load_config(copied.sweep), open_history(copied)
    warning = "diversity is below the gate"
    assert warning not in (copied.best / "README.md").read_text()
    history.selection = {**(history.selection or {}), "passed_gate": False}
    export_best(config, copied, history)
    assert warning in (copied.best / "README.md").read_text()


def test_data_of_a_path_are_named_without_their_place(copied: RunPaths) -> None:
    config = load_config(copied.sweep)
    private = config.model_copy(update={"data": {"path": "/home/someone/secret/cats"}})
    export_best(private, copied, open_history(copied))
    texts = [(copied.best / name).read_text() for name in ("README.md", "metrics.json")]
    assert all("cats" in text and "secret" not in text for text in texts)


def test_the_picture_shows_fakes(finished_sweep: RunPaths) -> None:
    with Image.open(finished_sweep.best / "samples.png") as picture:
        assert min(picture.size) >= 100
        assert len(picture.getcolors(maxcolors=10**6) or []) > 1


def test_a_damaged_snapshot_is_not_exported_and_the_former_export_stays(copied: RunPaths) -> None:
    history = open_history(copied)
    record = history.trials[(history.selection or {})["trial_id"]].record
    for weights in copied.trial(record.trial_id).checkpoints.glob("snapshot-*/*.safetensors"):
        weights.write_bytes(b"torn")
    before = files_in(copied.best)
    with pytest.raises(CheckpointError, match="damaged"):
        export_best(load_config(copied.sweep), copied, history)
    assert files_in(copied.best) == before


def test_a_verdict_need_not_be_known(copied: RunPaths) -> None:
    history = open_history(copied)
    trial = history.trials[(history.selection or {})["trial_id"]]
    trial.record = replace(trial.record, verdict=None)
    export_best(load_config(copied.sweep), copied, history)
    assert json.loads((copied.best / "metrics.json").read_text())["verdict"] is None


def test_shipping_copies_the_whole_folder(finished_sweep: RunPaths, tmp_path: Path) -> None:
    destination = ship(finished_sweep, tmp_path / "shelf" / "points")
    assert files_in(destination) == files_in(finished_sweep.best)


def test_shipping_overwrites_nothing(finished_sweep: RunPaths, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=f"{tmp_path}: exists already; name a folder that"):
        ship(finished_sweep, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_there_is_nothing_to_ship_before_a_selection(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no generator was selected yet: `ganorch resume"):
        ship(RunPaths(tmp_path), tmp_path / "shelf")


def test_the_card_says_what_was_taken_over_before_the_snapshot(copied: RunPaths) -> None:
    config, history = load_config(copied.sweep), open_history(copied)
    warning = "they alone do not make it again"
    assert warning not in (copied.best / "README.md").read_text()
    selection = history.selection or {}
    snapshot_nimg = selection["snapshot_nimg"]
    exploits = history.trials[selection["trial_id"]].exploits
    exploits.append(make_exploit(snapshot_nimg, reason="too late"))
    export_best(config, copied, history)
    assert warning not in (copied.best / "README.md").read_text()
    exploits.insert(0, make_exploit(snapshot_nimg - 1, reason="in time"))
    export_best(config, copied, history)
    card = (copied.best / "README.md").read_text()
    assert warning in card
    assert "In training it goes on from the weights of ash" in card
    assert "in time" in card
    assert "too late" not in card
    assert f"\n\n- `{min(parameter_docs())}`" in card
    inherited = json.loads((copied.best / "metrics.json").read_text())["inherited"]
    assert len(inherited) == 1
