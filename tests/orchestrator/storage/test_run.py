"""Whole sweeps to a store: killed, resumed elsewhere, and the same as undisturbed."""

import os
import signal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from orchestrator.cli.app import main
from orchestrator.errors import JournalError, RunFolderError, StoreError, SweepError
from orchestrator.history import SweepHistory
from orchestrator.journal import Event, read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import TIMING_COLUMNS, TrialStatus
from orchestrator.reselection import reselect
from orchestrator.storage import ownership
from orchestrator.storage.objects import ObjectStore, open_store
from orchestrator.storage.ownership import Pulse
from orchestrator.storage.patience import Patience
from orchestrator.storage.reading import copy_of
from orchestrator.storage.run import stored_run
from orchestrator.storage.uri import parse_uri
from orchestrator.sweep import Place, resume_sweep, run_sweep
from tests.orchestrator.conftest import SMALL_SWEEP
from tests.orchestrator.scripted import InterruptsAfter, make_config
from tests.orchestrator.storage.conftest import ACCESS_KEY, SECRET_KEY

CONFIG = make_config(**SMALL_SWEEP)


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    dropped = (*TIMING_COLUMNS, "num_attempts")
    return [{k: v for k, v in row.items() if k not in dropped} for row in rows]


def assert_same_result(paths: RunPaths, other: RunPaths) -> None:
    assert rows_of(paths.trials_table) == rows_of(other.trials_table)
    assert rows_of(paths.evaluations_table) == rows_of(other.evaluations_table)
    for name in ("generator.safetensors", "metrics.json"):
        assert (paths.best / name).read_bytes() == (other.best / name).read_bytes()


def run(uri: str, workdir: Path, listener: SilentListener | None = None) -> SweepHistory:
    with stored_run(uri, workdir, is_new=True) as (paths, store):
        return run_sweep(CONFIG, Place(paths, store=store), listener or SilentListener())


def resume(uri: str, workdir: Path, listener: SilentListener | None = None) -> SweepHistory:
    with stored_run(uri, workdir, is_new=False) as (paths, store):
        return resume_sweep(Place(paths, store=store), listener or SilentListener())


def impatient(uri: str) -> ObjectStore:
    return open_store(parse_uri(uri), Patience(0))


@pytest.mark.integration
@pytest.mark.parametrize("num_events", [13])
def test_a_sweep_resumed_elsewhere_ends_as_if_undisturbed(
    uri: str, tmp_path: Path, finished_sweep: RunPaths, num_events: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(uri, tmp_path / "here", InterruptsAfter(num_events))
    resume(uri, tmp_path / "elsewhere")
    with copy_of(uri, "tables", "best") as paths:
        assert_same_result(paths, finished_sweep)


class KillsAfter(InterruptsAfter):
    """Ends this process, as a machine that loses its power does."""

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Count down."""
        try:
            super().on_event(event, history)
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGKILL)


def drive_to_death(uri: str, workdir: str, num_events: int) -> None:
    run(uri, Path(workdir), KillsAfter(num_events))


@pytest.mark.integration
@pytest.mark.parametrize("num_events", [17])
def test_a_driver_that_was_killed_is_taken_over_by_another_machine(
    s3_uri: str,
    tmp_path: Path,
    finished_sweep: RunPaths,
    num_events: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments = (s3_uri, str(tmp_path / "here"), num_events)
    driver = get_context("spawn").Process(target=drive_to_death, args=arguments)
    driver.start()
    driver.join(120)
    assert driver.exitcode == -signal.SIGKILL
    monkeypatch.setattr(ownership, "_PULSE", Pulse(every_s=0.5, gone_after_s=2))
    resume(s3_uri, tmp_path / "elsewhere")  # waits until it was silent for so long
    with copy_of(s3_uri, "tables", "best") as paths:
        assert_same_result(paths, finished_sweep)
        events = read_journal(paths.journal)
    rows = [
        (event["trial_id"], event["evaluation"]["step"])
        for event in events
        if event["event"] == "evaluated"
    ]
    assert len(rows) == len(set(rows))
    known = {event["trial_id"] for event in events if event["event"] == "proposed"}
    assert {name.split("/")[1] for name in impatient(s3_uri).list("trials")} == known


@pytest.fixture(scope="module")
def stored_sweep(
    s3_endpoint: str, finished_sweep: RunPaths, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return the URI of a finished sweep; tests copy what they break."""
    uri = "s3://sweeps/finished/run"
    run(uri, tmp_path_factory.mktemp("driver") / "here")
    return uri


def copied(stored_sweep: str, uri: str) -> ObjectStore:
    source, target = impatient(stored_sweep), impatient(uri)
    for name in source.list():
        target.write(name, source.read(name))
    return target


def test_a_stored_sweep_is_the_same_as_one_in_a_folder(
    stored_sweep: str, finished_sweep: RunPaths
) -> None:
    with copy_of(stored_sweep, "tables", "best") as paths:
        assert_same_result(paths, finished_sweep)
    root = finished_sweep.root
    here = {path.relative_to(root).as_posix() for path in all_files(finished_sweep)}
    there = {name for name in impatient(stored_sweep).list() if not name.startswith("journal/")}
    assert there - {"owner.json"} == here - {"journal.jsonl"}


def all_files(paths: RunPaths) -> list[Path]:
    return [path for path in paths.root.rglob("*") if path.is_file() and path.name[0] != "."]


def test_credentials_stand_nowhere(
    stored_sweep: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = impatient(stored_sweep)
    contents = [store.read(name) for name in store.list()]
    with copy_of(stored_sweep, "tables", "best", "tensorboard", "trials") as paths:
        contents += [path.read_bytes() for path in paths.root.parent.rglob("*") if path.is_file()]
    assert main(["status", stored_sweep]) == 0
    assert main(["status", "s3://nowhere/run"]) == 2
    told = capfd.readouterr()
    contents += [told.out.encode(), told.err.encode()]
    for secret in (ACCESS_KEY, SECRET_KEY):
        assert not any(secret.encode() in content for content in contents)


def test_a_folder_that_holds_a_sweep_is_not_overwritten(stored_sweep: str, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=f"ganorch resume {stored_sweep}"):
        run(stored_sweep, tmp_path)


def test_a_second_driver_on_this_machine_is_refused(stored_sweep: str, tmp_path: Path) -> None:
    with (
        stored_run(stored_sweep, tmp_path, is_new=False),
        pytest.raises(RunFolderError, match="another process on this machine"),
        stored_run(stored_sweep, tmp_path, is_new=False),
    ):
        pass


def test_a_piece_of_the_journal_that_was_deleted_is_named(stored_sweep: str, s3_uri: str) -> None:
    store = copied(stored_sweep, s3_uri)
    lost = sorted(store.list("journal"))[2]
    store.delete(lost)
    with pytest.raises(JournalError, match=f"{s3_uri}: journal/: events .* are missing before"):
        copy_of(s3_uri).__enter__()


def test_a_generator_that_was_deleted_is_named_by_its_uri(
    stored_sweep: str, s3_uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(stored_sweep, s3_uri).delete("best/generator.safetensors")
    assert main(["generate", s3_uri, "-o", str(tmp_path / "out.png")]) == 2
    told = capsys.readouterr().err
    assert f"{s3_uri}/best" in told
    assert str(tmp_path / "cache") not in told


def test_a_snapshot_that_was_deleted_is_named_where_it_is_needed(
    stored_sweep: str, s3_uri: str, tmp_path: Path
) -> None:
    store = copied(stored_sweep, s3_uri)
    for name in store.list("trials"):
        if "snapshot-" in name and name.endswith(".safetensors"):
            store.delete(name)
    with (
        pytest.raises(SweepError, match=f"{s3_uri}/trials/.*snapshot-.*generator.*missing"),
        stored_run(s3_uri, tmp_path / "here", is_new=False) as (paths, stored),
    ):
        reselect(paths, stored)


@pytest.mark.integration
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    s3_uri: str, tmp_path: Path, finished_sweep: RunPaths
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(s3_uri, tmp_path / "here", InterruptsAfter(10))
    store = impatient(s3_uri)
    states = [name for name in store.list("trials") if name.endswith("state.safetensors")]
    store.write(max(states, key=lambda name: name.split("/")[-2]), b"torn")
    resume(s3_uri, tmp_path / "elsewhere")
    with copy_of(s3_uri, "tables", "best") as paths:
        assert_same_result(paths, finished_sweep)


class StopsServing(SilentListener):
    """Takes the store away after so many events."""

    def __init__(self, num_events: int, patch: pytest.MonkeyPatch) -> None:
        self._num_left, self._patch = num_events, patch

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Count down."""
        self._num_left -= 1
        if self._num_left == 0:
            self._patch.setattr(ObjectStore, "_path", no_answer)


def no_answer(store: ObjectStore, name: str) -> str:
    raise OSError("AWS Error NETWORK_CONNECTION during PutObject operation")


@pytest.mark.integration
@pytest.mark.parametrize("num_events", [11])
def test_an_outage_stops_the_sweep_which_then_goes_on(
    s3_uri: str,
    tmp_path: Path,
    finished_sweep: RunPaths,
    num_events: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        monkeypatch.context() as outage,
        pytest.raises(StoreError, match=r"network connection \(tried for 0.5 s\)"),
    ):
        run(s3_uri, tmp_path / "here", StopsServing(num_events, outage))
    monkeypatch.setattr(ownership, "_PULSE", Pulse(gone_after_s=-1))
    history = resume(s3_uri, tmp_path / "elsewhere")
    assert not [each for each in history.records if each.status is TrialStatus.FAILED]
    with copy_of(s3_uri, "tables", "best") as paths:
        assert_same_result(paths, finished_sweep)
