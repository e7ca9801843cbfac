import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_models.errors import DamageError
from gan_models.manifest import (
    check_file,
    describe_file,
    read_manifest,
    read_sealed,
    write_manifest,
    write_sealed,
)

FACTS = {"name": "D(x) ≤ ½", "rate": 1e-05, "sizes": [1, 2], "none": None}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """The manifest of a folder with two files, one of them in a folder of its own."""
    (tmp_path / "a.bin").write_bytes(b"weights")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.txt").write_text("words")
    write_manifest(tmp_path / "manifest.json", FACTS)
    return tmp_path / "manifest.json"


def test_facts_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_sealed(tmp_path / "facts.json", FACTS)
    assert read_sealed(tmp_path / "facts.json") == FACTS


def test_no_bit_of_the_facts_can_flip_unseen(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    write_sealed(path, FACTS)
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in (0, 5, place % 8):  # 5 makes capitals: 1E-05, and a checksum in A to F
            flipped = bytes([whole[place] ^ 1 << bit])
            path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
            with pytest.raises(DamageError, match=r"facts\.json: damaged"):
                read_sealed(path)


def test_no_end_of_the_facts_can_be_missing_unseen(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    write_sealed(path, FACTS)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamageError, match=r"facts\.json"):
            read_sealed(path)


@pytest.mark.parametrize("value", [[], None, "text", {}, {"a": 1}, {"sha256": 5}])
def test_json_that_is_no_manifest_is_damage(tmp_path: Path, value: Any) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(value, indent=2) + "\n")
    with pytest.raises(DamageError, match="damaged"):
        read_sealed(tmp_path / "facts.json")


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamageError, match=r"none\.json: missing or unreadable \(No such file"):
        read_sealed(tmp_path / "none.json")


def test_a_manifest_lists_every_other_file_with_its_size(manifest: Path) -> None:
    files = json.loads(manifest.read_text())["files"]
    assert {name: each["size_bytes"] for name, each in files.items()} == {
        "a.bin": 7,
        "sub/b.txt": 5,
    }
    assert read_manifest(manifest) == FACTS


@pytest.mark.parametrize("name", ["a.bin", "sub/b.txt"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"x" + file.read_bytes()[1:]),
        lambda file: file.write_bytes(file.read_bytes() + b"x"),
        lambda file: file.unlink(),
    ],
)
def test_a_file_that_is_not_what_it_was_is_named(
    manifest: Path, name: str, damage: Callable[[Path], object]
) -> None:
    damage(manifest.parent / name)
    with pytest.raises(DamageError, match=f"{name}: missing or damaged"):
        read_manifest(manifest)


def test_only_the_files_that_matter_are_looked_at(manifest: Path) -> None:
    (manifest.parent / "sub" / "b.txt").write_text("other")
    assert read_manifest(manifest, only=["a.bin"]) == FACTS


def test_a_file_that_the_manifest_does_not_know_is_no_part_of_it(manifest: Path) -> None:
    (manifest.parent / "new").touch()
    assert read_manifest(manifest) == FACTS
    with pytest.raises(DamageError, match="new: missing or damaged"):
        read_manifest(manifest, only=["new"])


def test_a_file_may_be_one_of_several(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("old")
    before = describe_file(path)
    path.write_text("new")
    check_file(path, [before, describe_file(path)])
    with pytest.raises(DamageError):
        check_file(path, [before])
