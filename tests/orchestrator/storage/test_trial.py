import json
from pathlib import Path

import pytest

from orchestrator.errors import OvertakenError, StoreError
from orchestrator.paths import RunPaths
from orchestrator.storage.objects import ObjectStore
from orchestrator.storage.places import WorkingPlace
from orchestrator.storage.trial import IN_RUN_FOLDER, Kept, StoredTrial, open_trial_store


class Attempt:
    """A trial at work on one node."""

    def __init__(
        self, store: ObjectStore, folder: Path, name: str = "ash", *, number: int = 0
    ) -> None:
        self.now_s = 0.0
        self.place = WorkingPlace(folder)
        self.paths = self.place.paths.trial(name)
        self.board = self.place.paths.tensorboard / name
        self.store = StoredTrial(store, self.place, name, attempt=number, clock=lambda: self.now_s)

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def train(self, *nimgs: int) -> None:
        for nimg in nimgs:
            rows = self.paths.evaluations.read_text() if self.paths.evaluations.exists() else ""
            self.write(self.paths.evaluations, rows + json.dumps({"nimg": nimg}) + "\n")
            self.write(self.state(nimg), "state")
            self.store.commit()

    def state(self, nimg: int) -> Path:
        return self.paths.checkpoints / f"checkpoint-{nimg:012d}" / "state.safetensors"


@pytest.fixture
def here(store: ObjectStore, tmp_path: Path) -> Attempt:
    return Attempt(store, tmp_path / "here")


@pytest.fixture
def there(store: ObjectStore, tmp_path: Path) -> Attempt:
    return Attempt(store, tmp_path / "there")


def test_a_trial_goes_on_where_another_node_committed(here: Attempt, there: Attempt) -> None:
    here.train(0, 512)
    here.write(here.state(1024), "never committed")
    there.store.fetch()
    assert there.state(512).read_text() == "state"
    assert not there.state(1024).exists()
    assert there.paths.evaluations.read_text() == here.paths.evaluations.read_text()


def test_an_attempt_that_was_overtaken_stores_nothing_more(
    store: ObjectStore, tmp_path: Path
) -> None:
    frozen, later = (Attempt(store, tmp_path / str(each), number=each) for each in (7, 9))
    frozen.store.fetch()
    frozen.train(0)
    later.store.fetch()
    later.train(512)
    stored = store.list()
    said = r"trials/ash/attempt: attempt 9 has taken over from attempt 7"
    with pytest.raises(OvertakenError, match=said):
        frozen.train(512, 1024)
    with pytest.raises(OvertakenError, match=said):
        frozen.store.commit_rollback()
    with pytest.raises(OvertakenError, match=said):
        frozen.store.fetch()
    assert store.list() == stored
    later.train(1024)


def test_a_state_without_its_row_is_not_gone_on_from(here: Attempt, there: Attempt) -> None:
    here.train(0, 512, 1024)
    here.write(here.paths.evaluations, '{"nimg": 0}\n{"nimg": 512}\n{"nim')  # a straggler's curve
    here.store.commit()
    there.store.fetch()
    assert there.state(512).exists()
    assert not there.state(1024).exists()


def test_what_the_driver_writes_about_a_trial_is_left_alone(
    store: ObjectStore, here: Attempt, there: Attempt
) -> None:
    here.write(here.paths.description, "the driver's")
    here.train(0)
    assert "trials/ash/trial.json" not in store.list()
    there.write(there.paths.description, "the driver's")
    there.store.fetch()
    assert there.paths.description.exists()


def test_the_board_is_pushed_now_and_then_and_at_the_end(store: ObjectStore, here: Attempt) -> None:
    here.write(here.board / "events", "1")
    here.train(0)
    assert store.list("tensorboard") == {}
    here.now_s += 31
    here.train(512)
    assert store.read("tensorboard/ash/events") == b"1"
    here.write(here.board / "events", "12")
    here.store.finish()
    assert store.read("tensorboard/ash/events") == b"12"


def test_a_roll_back_leaves_nothing_to_go_on_from_that_it_abandoned(
    store: ObjectStore, here: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.train(0, 512)
    here.state(512).unlink()
    here.write(here.paths.rollbacks, "[]")
    put, still_there = store.put, []

    def watched(source: Path, name: str) -> None:
        still_there.append(has_state(store))
        put(source, name)

    monkeypatch.setattr(store, "put", watched)
    here.store.commit_rollback()
    assert still_there == [False]
    assert "trials/ash/rollbacks.json" in store.list()


def has_state(store: ObjectStore) -> bool:
    return any("checkpoint-000000000512" in name for name in store.list())


def test_a_milestone_reaches_the_trial_that_takes_it_over(
    store: ObjectStore, here: Attempt, tmp_path: Path
) -> None:
    here.write(here.paths.milestone(512) / "state", "donor")
    here.train(0, 512)
    taker = Attempt(store, tmp_path / "there", name="elm")
    taker.store.fetch_milestone("ash", 512)
    assert (taker.place.paths.trial("ash").milestone(512) / "state").read_text() == "donor"


def test_a_store_that_is_gone_does_not_spoil_the_end(
    here: Attempt, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(self: ObjectStore, name: str) -> str:
        raise OSError("no answer")

    here.write(here.board / "events", "1")
    monkeypatch.setattr(ObjectStore, "_path", no_answer)
    here.store.finish()
    here.write(here.state(0), "state")
    with pytest.raises(StoreError, match="no answer"):
        here.store.commit()


def test_a_run_folder_that_every_node_sees_is_used_as_it_is(tmp_path: Path) -> None:
    paths, store = open_trial_store("ash", tmp_path, IN_RUN_FOLDER)
    assert paths == RunPaths(tmp_path)
    for step in (store.fetch, store.commit, store.commit_rollback, store.finish):
        step()
    store.fetch_milestone("elm", 512)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_run_is_worked_on_in_a_folder_of_the_node(uri: str, tmp_path: Path) -> None:
    cached, _ = open_trial_store("ash", Path("/nowhere"), Kept(uri))
    assert cached.root.is_relative_to(tmp_path / "cache")
    named, _ = open_trial_store("ash", Path("/nowhere"), Kept(uri, str(tmp_path / "scratch")))
    assert named.root.is_relative_to(tmp_path / "scratch")
