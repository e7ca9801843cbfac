import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gan_models.model_folder import load_model
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_it_tells_each_evaluation_and_where_the_best_generator_lies(
    ganorch: Ganorch, spec: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = ganorch("train", spec, "--param", "d_lr=2e-3", "--out", out)
    assert result.exit_code == 0, result.exception
    lines = result.stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["0", "0.2", "0.4"]
    assert all("coverage" in line and "D right on real" in line for line in lines)
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert load_model(Path(facts["generator"])).config.d_lr == 0.002
    assert Path(facts["samples"]).is_file()
    assert facts["curves"] == f"ganorch tensorboard {out}"
    assert RunPaths(out).tensorboard.is_dir()


def test_it_trains_the_trial_that_a_sweep_would_train(
    ganorch: Ganorch, spec: Path, run: RunPaths, tmp_path: Path
) -> None:
    """Equal parameters and seed: the same name, and the same scores bit for bit."""
    history = SweepHistory.replay(read_journal(run.journal))
    trial = next(iter(history.trials.values()))
    given = ["--param", f"d_lr={trial.record.params['d_lr']!r}"]
    assert ganorch("train", spec, *given, "--out", tmp_path / "out").exit_code == 0
    paths = RunPaths(tmp_path / "out").trial(trial.record.trial_id)
    described = json.loads(paths.description.read_text())
    assert described["params"] == trial.record.params
    assert described["score"] == trial.record.score
    assert (described["status"], described["num_evaluations"]) == ("completed", 3)


def test_the_seed_of_the_search_names_another_trial(
    ganorch: Ganorch, spec: Path, tmp_path: Path
) -> None:
    short = ["--set", "budget.kimg_per_trial=0.2"]
    names = set()
    for seed in (0, 1):
        out = tmp_path / str(seed)
        assert ganorch("train", spec, *short, "--seed", seed, "--out", out).exit_code == 0
        names |= {folder.name for folder in (out / "trials").iterdir()}
    assert len(names) == 2


def test_the_folder_is_called_after_the_sweep_and_never_overwritten(
    ganorch: Ganorch, refused: Refused, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(spec.parent)
    words = ["train", spec, "--set", "budget.kimg_per_trial=0.2"]
    assert ganorch(*words).exit_code == 0
    assert refused(*words) == "runs/tiny-train: exists already: choose another --out"


def test_what_cannot_be_trained_is_refused_before_a_folder_is_made(
    refused: Refused, spec: Path, tmp_path: Path
) -> None:
    words = ["train", spec, "--out", tmp_path / "out"]
    unknown = "--param d_lrr is no parameter: did you mean 'd_lr'"
    assert refused(*words, "--param", "d_lrr=1").startswith(unknown)
    assert refused(*words, "--param", "d_lr=-1").startswith("--param d_lr = -1: must be greater")
    negative = ["--set", "fixed.d_lr=-1e-4"]
    assert refused(*words, *negative).startswith("fixed.d_lr = -0.0001: must be greater")
    features = ["--set", "evaluation.features=foo"]
    assert refused(*words, *features).startswith("evaluation.features = 'foo': allowed")
    assert "--param d_lr: write it as key=value" in refused(*words, "--param", "d_lr")
    assert "'dcgan' needs images" in refused(*words, "--param", "network=dcgan")
    assert not (tmp_path / "out").exists()


def test_a_gpu_that_torch_does_not_see_is_refused(
    refused: Refused, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    out = spec.parent / "out"
    line = refused("train", spec, "--out", out, "--device", "cuda")
    assert line.startswith("device = 'cuda': torch ")
    assert line.endswith(" sees no GPU on this machine: use --device cpu")
    assert not out.exists()


def test_an_unexpected_error_shows_its_traceback(
    ganorch: Ganorch, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside the loop")

    monkeypatch.setattr("orchestrator.trial.run.train", broken)
    result = ganorch("train", spec, "--out", tmp_path / "out")
    assert (result.exit_code, type(result.exception)) == (1, ZeroDivisionError)


def test_a_roll_back_is_told_and_on_record(ganorch: Ganorch, spec: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--set", "balance.rollbacks=1", "--param", "g_lr=1e38", "--param", "d_lr=1e-3"]
    result = ganorch("train", spec, *words, "--out", out)
    assert result.exit_code == 0, result.exception
    lines = [line for line in result.stderr.splitlines() if "rolled back" in line]
    assert len(lines) == 1
    assert lines[0].split()[:4] == ["0", "kimg", "rolled", "back,"]
    assert "learning rates x 0.5: training is no longer finite at 0.208 kimg" in lines[0]
    (folder,) = (out / "trials").iterdir()
    described = json.loads((folder / "trial.json").read_text())
    assert described["verdict"] == "dead"
    assert [each["died_nimg"] for each in described["adjustments"]] == [208]
