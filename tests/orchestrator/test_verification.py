import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import RunFolderError
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.sweep import Place, resume_sweep, run_sweep
from orchestrator.verification import verify_run
from tests.orchestrator.conftest import SMALL_SWEEP
from tests.orchestrator.scripted import InterruptsAfter, make_config

Pick = Callable[[RunPaths], Path]


@pytest.fixture
def paths(finished_sweep: RunPaths, tmp_path: Path) -> RunPaths:
    """A finished run folder of one's own."""
    return RunPaths(Path(shutil.copytree(finished_sweep.root, tmp_path / "run")))


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def in_first_trial(pattern: str) -> Pick:
    return lambda paths: sorted(paths.trials.glob(f"*/{pattern}"))[0]


MENDED: dict[str, tuple[Pick, str]] = {
    "weights of a checkpoint": (
        in_first_trial("checkpoints/checkpoint-*/state.safetensors"),
        "goes on does so from the state before",
    ),
    "manifest of a checkpoint": (
        in_first_trial("checkpoints/checkpoint-*/checkpoint.json"),
        "goes on does so from the state before",
    ),
    "snapshot": (
        in_first_trial("checkpoints/snapshot-*/generator.safetensors"),
        "it is no candidate",
    ),
    "rows": (in_first_trial("evaluations.jsonl"), "goes on does so from the state before"),
    "description": (in_first_trial("trial.json"), "`ganorch resume` writes it anew"),
    "trials": (lambda paths: paths.trials_table, "`ganorch resume` writes it anew"),
    "evaluations": (lambda paths: paths.evaluations_table, "`ganorch resume` writes it anew"),
    "model card": (lambda paths: paths.best / "README.md", "`ganorch resume` writes it anew"),
    "protocol": (lambda paths: paths.protocol, "remove it"),
}
REGENERATED = ("description", "trials", "evaluations", "model card")


@pytest.mark.parametrize("num_events", [1, 3, 4, 5])  # not between a line and what it entails
def test_a_sweep_that_was_interrupted_verifies(num_events: int, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        run_sweep(make_config(**SMALL_SWEEP), Place(paths), InterruptsAfter(num_events))
    found = verify_run(paths)
    assert (found.damages, found.is_fatal) == ((), False)


def test_while_a_trial_trains_its_proposal_has_to_be_right(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        run_sweep(make_config(**SMALL_SWEEP), Place(paths), InterruptsAfter(4))
    (description,) = paths.trials.glob("*/trial.json")
    for damaged in ("", "[]", description.read_text().replace('"seed": ', '"seed": 1')):
        description.write_text(damaged)
        (damage,) = verify_run(paths).damages
        assert damage.reason == f"{description}: missing, damaged, or behind the journal"


def test_a_finished_sweep_verifies(paths: RunPaths) -> None:
    found = verify_run(paths)
    assert (found.damages, found.is_fatal) == ((), False)
    assert found.num_checked > 4 * 5  # of four trials, each with states and snapshots


@pytest.mark.parametrize("name", MENDED)
def test_damage_is_named_with_what_will_be_done(paths: RunPaths, name: str) -> None:
    pick, mend = MENDED[name]
    flip(pick(paths))
    if name == "protocol":
        pick(paths).write_text("{")
    found = verify_run(paths)
    assert pick(paths).name in found.damages[0].reason
    assert mend in found.damages[0].mend
    assert not found.is_fatal


@pytest.mark.parametrize("name", ["journal", "sweep"])
def test_what_nothing_can_replace_is_fatal(paths: RunPaths, name: str) -> None:
    file: Path = getattr(paths, name)
    file.write_bytes(file.read_bytes().replace(b"name", b"n\x00me", 1))
    found = verify_run(paths)
    (damage,) = found.damages
    assert found.is_fatal
    assert str(file) in damage.reason
    assert "put back a copy" in damage.mend


def test_a_spec_that_was_changed_by_hand_is_named(paths: RunPaths) -> None:
    paths.sweep.write_text(paths.sweep.read_text().replace("samples: 2000", "samples: 3000"))
    changed = paths.sweep.read_text().replace("finalists: 2", "finalists: 3")
    paths.sweep.write_text(changed)
    (damage,) = verify_run(paths).damages
    assert "selection.finalists = 3, but the sweep began with 2" in damage.reason


def test_a_trial_of_which_the_journal_knows_nothing_is_named(paths: RunPaths) -> None:
    (paths.trials / "bafun-fuhah").mkdir()
    (damage,) = verify_run(paths).damages
    assert "journal.jsonl: knows nothing of bafun-fuhah in trials/" in damage.reason


def test_a_resume_writes_anew_what_follows_from_the_journal(paths: RunPaths) -> None:
    for name in REGENERATED:
        flip(MENDED[name][0](paths))
    assert len(verify_run(paths).damages) == len(REGENERATED)
    resume_sweep(Place(paths), SilentListener())
    assert verify_run(paths).damages == ()


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="not a run folder"):
        verify_run(RunPaths(tmp_path))
