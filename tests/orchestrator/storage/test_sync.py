import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.storage.objects import ObjectStore
from orchestrator.storage.sync import FolderSync, in_parallel

STATE = "trials/ash/checkpoints/checkpoint-000000000512"


class Watched:
    """Passes everything on to a store, and takes down what was asked of it."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.calls: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def put(self, source: Path, name: str) -> None:
        self.calls.append(("put", name))
        self._store.put(source, name)

    def get(self, name: str, target: Path) -> None:
        self.calls.append(("get", name))
        self._store.get(name, target)

    def delete(self, name: str) -> None:
        self.calls.append(("delete", name))
        self._store.delete(name)

    def take(self, kind: str) -> list[str]:
        """Return what was asked since the last time."""
        found = [name for each, name in self.calls if each == kind]
        self.calls.clear()
        return found


class Node:
    """A machine with a working folder."""

    def __init__(self, store: ObjectStore, folder: Path, part: str = "trials/ash") -> None:
        self.store, self.root, self._known, self._part = Watched(store), folder, folder, part
        self.root = folder / "run"

    @property
    def sync(self) -> FolderSync:
        """Read anew what the last process on this machine knew."""
        return FolderSync(self.store, self.root, self._part, known=self._known / "known")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def files(self) -> dict[str, str]:
        files = [path for path in self.root.rglob("*") if path.is_file()]
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in files}


@pytest.fixture
def make_node(store: ObjectStore, tmp_path: Path) -> Callable[[str], Node]:
    return lambda name: Node(store, tmp_path / name)


def age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is stored be old enough to be sure of."""
    now_ns = __import__("time").time_ns() + 10_000_000_000
    monkeypatch.setattr("orchestrator.storage.sync.time.time_ns", lambda: now_ns)


def test_what_one_node_pushed_another_pulls(make_node: Callable[[str], Node]) -> None:
    here, there = make_node("here"), make_node("there")
    here.write("trials/ash/evaluations.jsonl", "rows")
    here.write(f"{STATE}/state.safetensors", "weights")
    here.sync.push()
    there.sync.pull()
    assert there.files() == here.files()


def test_only_what_has_changed_is_pushed(make_node: Callable[[str], Node]) -> None:
    node = make_node("here")
    node.write("trials/ash/a", "1")
    node.write("trials/ash/b", "1")
    node.sync.push()
    node.store.take("put")
    node.write("trials/ash/b", "22")
    node.sync.push()
    assert node.store.take("put") == ["trials/ash/b"]
    node.sync.push()
    assert node.store.take("put") == []


def test_only_what_has_changed_is_pulled(
    make_node: Callable[[str], Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = make_node("here"), make_node("there")
    here.write("trials/ash/a", "1")
    here.write("trials/ash/b", "1")
    here.sync.push()
    age(monkeypatch)
    there.sync.pull()
    there.store.take("get")
    here.write("trials/ash/b", "22")
    here.sync.push()
    there.sync.pull()
    assert there.store.take("get") == ["trials/ash/b"]


def test_what_is_too_young_to_be_sure_of_is_fetched_again(
    make_node: Callable[[str], Node],
) -> None:
    here, there = make_node("here"), make_node("there")
    here.write("trials/ash/a", "1")
    here.sync.push()
    there.sync.pull()
    there.store.take("get")
    there.sync.pull()
    assert there.store.take("get") == ["trials/ash/a"]


def test_a_node_does_not_fetch_what_it_pushed_itself(
    make_node: Callable[[str], Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make_node("here")
    node.write("trials/ash/a", "1")
    node.sync.push()
    age(monkeypatch)
    node.sync.look()
    node.sync.pull()
    assert node.store.take("get") == []


def test_a_file_that_was_altered_here_is_fetched_again(
    make_node: Callable[[str], Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = make_node("here"), make_node("there")
    here.write("trials/ash/a", "1")
    here.sync.push()
    age(monkeypatch)
    there.sync.pull()
    there.write("trials/ash/a", "uncommitted")
    there.sync.pull()
    assert there.files() == {"trials/ash/a": "1"}


def test_what_was_never_stored_does_not_exist(make_node: Callable[[str], Node]) -> None:
    here, there = make_node("here"), make_node("there")
    here.write("trials/ash/a", "1")
    here.sync.push()
    there.write(f"{STATE}/state.safetensors", "torn")
    there.write("other/kept", "not of this part")
    there.sync.pull()
    assert there.files() == {"trials/ash/a": "1", "other/kept": "not of this part"}
    assert not (there.root / "trials/ash/checkpoints").exists()


def test_what_was_removed_here_is_removed_there_and_nothing_else(
    make_node: Callable[[str], Node],
) -> None:
    here, there = make_node("here"), make_node("there")
    here.write("trials/ash/a", "1")
    here.sync.push()
    there.sync.pull()
    here.write("trials/ash/b", "1")
    here.sync.push()
    (there.root / "trials/ash/a").unlink()
    there.sync.retract()
    assert there.store.list().keys() == {"trials/ash/b"}


def test_a_checkpoint_is_stored_after_its_rows_and_its_manifest_last(
    make_node: Callable[[str], Node],
) -> None:
    node = make_node("here")
    for name in ("checkpoint.json", "notes.json", "state.safetensors"):
        node.write(f"{STATE}/{name}", name)
    node.write("trials/ash/evaluations.jsonl", "rows")
    node.write("trials/ash/rollbacks.json", "[]")
    node.sync.push()
    assert [Path(name).name for name in node.store.take("put")] == [
        "evaluations.jsonl",
        "rollbacks.json",
        "state.safetensors",
        "notes.json",
        "checkpoint.json",
    ]


def test_the_latest_checkpoint_loses_its_manifest_first(make_node: Callable[[str], Node]) -> None:
    node, earlier = make_node("here"), STATE.replace("512", "256")
    names = [f"{folder}/{file}" for folder in (earlier, STATE) for file in ("a.bin", "b.json")]
    for name in names:
        node.write(name, "x")
    node.sync.push()
    for name in names:
        (node.root / name).unlink()
    node.store.take("delete")
    node.sync.retract()
    assert node.store.take("delete") == list(reversed(names))


def test_drafts_are_not_pushed(make_node: Callable[[str], Node]) -> None:
    node = make_node("here")
    node.write("trials/ash/.a.1234", "half")
    node.write("trials/ash/.checkpoint-1.abcd/state", "half")
    node.sync.push()
    assert node.store.list() == {}


def test_without_its_memory_a_node_pushes_and_pulls_all_again(
    make_node: Callable[[str], Node],
) -> None:
    node = make_node("here")
    node.write("trials/ash/a", "1")
    node.sync.push()
    (node.root.parent / "known" / "trials+ash.json").write_text("torn {")
    node.store.take("put")
    node.sync.push()
    assert node.store.take("put") == ["trials/ash/a"]


def test_a_part_may_be_a_folder_without_its_folders(store: ObjectStore, tmp_path: Path) -> None:
    store.write("sweep.yaml", b"name: x")
    store.write("other.txt", b"")
    store.write("deep/down.txt", b"")
    sync = FolderSync(
        store,
        tmp_path / "run",
        "",
        known=tmp_path / "known",
        pattern="*",
        takes=lambda inner: inner == "sweep.yaml",
    )
    sync.pull()
    assert os.listdir(tmp_path / "run") == ["sweep.yaml"]


def test_parallel_work_raises_what_one_of_it_raised() -> None:
    def fail(number: int) -> None:
        if number == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        in_parallel(fail, range(5))
