import subprocess
import sys
from pathlib import Path

import pytest

from gan_models.files import draft_of
from orchestrator.config.load import save_config
from orchestrator.driver import sole_driver
from orchestrator.errors import ConfigError, JournalError, RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.run_folder import (
    change_limits,
    check_config,
    check_free,
    check_same_sweep,
    create_run_folder,
    new_run_folder,
    open_config,
    open_history,
)
from tests.orchestrator.scripted import make_config, opened_search

HOLD = """
import sys
from pathlib import Path
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.driver import sole_driver

with sole_driver(RunPaths(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_new_folder_is_made_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    root = tmp_path / "runs" / "digits"
    create_run_folder(RunPaths(root))
    assert list(root.iterdir()) == []


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    create_run_folder(paths)
    assert paths.root.stat().st_mode & 0o777 == 0o700


def test_limits_of_a_sweep_can_be_changed_and_nothing_else_changes(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config(budget={"max_hours": 2}))
    change_limits(paths, ["budget.max_hours=null", "search.trials=9"])
    assert open_config(paths) == make_config(search={"trials": 9})


def test_limits_are_not_changed_under_a_running_sweep(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config())
    with sole_driver(paths), pytest.raises(RunFolderError, match="another process is running"):
        change_limits(paths, ["search.trials=9"])
    assert open_config(paths) == make_config()


@pytest.mark.parametrize("override", ["search.seed=1", "search=9", "budget.kimg_per_trial=9"])
def test_what_trials_are_cannot_be_changed(tmp_path: Path, override: str) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config())
    with pytest.raises(ConfigError, match=f"--set {override}: of a sweep that has begun, only"):
        change_limits(paths, [override])


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    create_run_folder(RunPaths(tmp_path))
    create_run_folder(RunPaths(tmp_path))


def test_a_folder_that_holds_anything_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunFolderError, match=f"{tmp_path}: exists already .*`ganorch resume"):
        create_run_folder(RunPaths(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_lock_that_a_refused_sweep_left_does_not_take_the_folder(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    with new_run_folder(paths):
        pass
    with new_run_folder(paths), pytest.raises(RunFolderError, match="another process"):
        new_run_folder(paths).__enter__()


def test_a_sweep_that_began_since_the_folder_was_looked_at_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config())
    monkeypatch.setattr("orchestrator.run_folder.create_run_folder", lambda paths: None)
    with pytest.raises(RunFolderError, match="exists already"):
        new_run_folder(paths).__enter__()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(RunFolderError, match=r"file/run: cannot be written \(Not a directory\)"):
        create_run_folder(RunPaths(file / "run"))
    with pytest.raises(RunFolderError, match=r"file: cannot be written \(File exists\)"):
        create_run_folder(RunPaths(file))


def test_a_folder_that_refuses_files_is_found_out_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "touch", refuse)  # a superuser may write anywhere
    with pytest.raises(RunFolderError, match=r"cannot be written \(Permission denied\)"):
        create_run_folder(RunPaths(tmp_path))


def test_a_folder_that_cannot_be_read_is_not_taken_for_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(RunFolderError, match=r"cannot be read \(Permission denied\)"):
        check_free(RunPaths(tmp_path))


def test_the_configuration_of_a_run_is_read_back(tmp_path: Path) -> None:
    config = make_config(search={"seed": 5})
    save_config(RunPaths(tmp_path).sweep, config)
    assert open_config(RunPaths(tmp_path)) == config


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path) -> None:
    for paths in (RunPaths(tmp_path), RunPaths(tmp_path / "none")):
        for opened in (open_config, open_history):
            with pytest.raises(RunFolderError, match=r"not a run folder \(it has no sweep.yaml\)"):
                opened(paths)


def test_the_history_of_a_run_is_read_back(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config())
    assert open_history(paths).records == []
    with opened_search(tmp_path) as search:
        search.next_trial()
        assert open_history(paths).records == search.history.records


def test_a_damaged_journal_is_an_error_and_never_a_fresh_start(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config())
    paths.journal.write_text("{}\n")
    with pytest.raises(JournalError, match="journal.jsonl, line 1"):
        open_history(paths)


def test_a_sweep_is_driven_by_one_process_at_a_time(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(RunFolderError, match="another process is running this sweep"),
            sole_driver(RunPaths(tmp_path)),
        ):
            pass
        other.kill()
    with sole_driver(RunPaths(tmp_path)):  # a process that was killed holds nothing
        pass


def test_a_run_folder_is_told_from_that_of_another_sweep(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    save_config(paths.sweep, make_config(search={"trials": 4, "seed": 1}))
    check_same_sweep(paths, make_config(search={"trials": 9, "seed": 1}))  # which may be changed
    with pytest.raises(RunFolderError, match=r"another sweep \(search.seed = 1, and 2 is asked"):
        check_same_sweep(paths, make_config(search={"trials": 4, "seed": 2}))


def test_a_spec_may_change_its_limits_and_its_place_and_nothing_else(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        history = search.history
    paths = RunPaths(tmp_path)
    elsewhere = make_config(search={"trials": 9}, resources={"cpus_per_trial": 2}, backend="ray")
    check_config(paths, elsewhere, history)
    with pytest.raises(ConfigError, match=r"sweep.yaml: search.seed = 4, but .* began with 0"):
        check_config(paths, make_config(search={"seed": 4}), history)
    check_config(paths, make_config(search={"seed": 4}), SweepHistory())  # of before it was told


def test_what_a_sweep_left_that_was_killed_before_it_began_does_not_take_the_folder(
    tmp_path: Path,
) -> None:
    paths = RunPaths(tmp_path)
    for file in (paths.lock, paths.driver, draft_of(paths.sweep)):
        file.touch()
    check_free(paths)
