from pathlib import Path

import pytest

from orchestrator.errors import RunFolderError, UsageError
from orchestrator.paths import RunPaths
from orchestrator.storage.objects import ObjectStore, open_store
from orchestrator.storage.reading import copy_inside, copy_of, fetch_pictures
from orchestrator.storage.segments import segment_name
from orchestrator.storage.uri import parse_uri


@pytest.fixture
def run(store: ObjectStore) -> ObjectStore:
    """Store something that looks like a run."""
    store.write("sweep.yaml", b"name: x")
    store.write("secret-plans.txt", b"not ours")
    store.write(segment_name(0, 0), b"one\n")
    store.write(segment_name(1, 0), b"two\n")
    store.write("tables/trials.parquet", b"PAR1")
    store.write("tensorboard/ash/events", b"1")
    return store


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_copy_holds_spec_and_journal_and_what_was_asked_for(run: ObjectStore, uri: str) -> None:
    with copy_of(uri) as paths:
        assert files(paths.root) == {"sweep.yaml", "journal.jsonl"}
        assert paths.journal.read_text() == "one\ntwo\n"
    with copy_of(uri, "tables") as paths:
        assert paths.trials_table.read_bytes() == b"PAR1"


def test_a_copy_grows_with_the_run(run: ObjectStore, uri: str) -> None:
    with copy_of(uri):
        pass
    run.write(segment_name(2, 0), b"three\n")
    with copy_of(uri) as paths:
        assert paths.journal.read_text() == "one\ntwo\nthree\n"


def test_what_lies_inside_a_run_is_found(run: ObjectStore, uri: str) -> None:
    with copy_inside(parse_uri(uri) / "tables/trials.parquet") as path:
        assert path.read_bytes() == b"PAR1"
    with copy_inside(parse_uri(uri) / "tensorboard/ash") as path:
        assert files(path) == {"events"}
    with copy_inside(parse_uri(uri), "tables") as path:
        assert path == RunPaths(path).root
        assert (path / "tables").is_dir()


def test_what_lies_in_no_run_is_refused(store: ObjectStore, uri: str) -> None:
    store.write("notes.txt", b"")
    with (
        pytest.raises(RunFolderError, match="not a run folder .*, nor inside one"),
        copy_inside(parse_uri(uri) / "notes.txt"),
    ):
        pass


def test_messages_name_the_uri_and_not_the_copy(run: ObjectStore, uri: str) -> None:
    with pytest.raises(UsageError, match=f"{uri}/best: missing$"), copy_of(uri) as paths:
        raise UsageError(f"{paths.best}: missing")


def test_the_latest_picture_of_each_trial_is_fetched(
    run: ObjectStore, uri: str, tmp_path: Path
) -> None:
    run.write("trials/ash/samples/000000512.png", b"old")
    run.write("trials/ash/samples/000001024.png", b"new")
    paths = RunPaths(tmp_path / "run")
    store = open_store(parse_uri(uri))
    for nimg in (512, 1024):
        fetch_pictures(store, paths, [("ash", nimg), ("elm", 0)])
    assert files(paths.trials) == {"ash/samples/000001024.png"}
