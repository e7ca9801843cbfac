from pathlib import Path

import pytest

from orchestrator.errors import RunFolderError
from orchestrator.storage.places import (
    WorkingPlace,
    driving_place,
    reading_place,
    training_place,
)

URI = "s3://bucket/run"


def test_driver_trials_and_readers_keep_apart_on_one_machine(own_cache: None) -> None:
    places = [driving_place(URI), training_place(URI), reading_place(URI)]
    assert len({place.folder for place in places}) == 3
    assert driving_place(URI) == driving_place(URI)
    assert driving_place("s3://bucket/other") != driving_place(URI)


def test_a_named_folder_takes_the_place_of_the_cache(tmp_path: Path) -> None:
    assert driving_place(URI, tmp_path).folder.parent == tmp_path
    assert training_place(URI, tmp_path).folder.parent == tmp_path


def test_a_place_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    place = WorkingPlace(tmp_path / "here")
    with (
        place.reserved(URI),
        pytest.raises(RunFolderError, match=r"s3://bucket/run: another process on this machine"),
        place.reserved(URI),
    ):
        pass
    with place.reserved(URI):
        pass


def test_a_place_is_of_one_stored_folder_for_good(tmp_path: Path) -> None:
    place = WorkingPlace(tmp_path / "here")
    with place.reserved(URI):
        pass
    with (
        pytest.raises(RunFolderError, match="is the working folder of s3://bucket/run; name"),
        place.reserved("s3://bucket/other"),
    ):
        pass


def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(RunFolderError, match=f"{tmp_path}: holds other files"),
        WorkingPlace(tmp_path).reserved(URI),
    ):
        pass
    assert (tmp_path / "thesis.tex").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(RunFolderError, match=r"file/here: cannot be written \(Not a directory\)"),
        WorkingPlace(tmp_path / "file" / "here").reserved(URI),
    ):
        pass


def test_clearing_forgets_the_run_and_keeps_the_place(tmp_path: Path) -> None:
    place = WorkingPlace(tmp_path / "here")
    with place.reserved(URI):
        place.paths.root.mkdir()
        place.clear()
        assert not place.paths.root.exists()
    with place.reserved(URI):
        pass
