import os
import subprocess
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from time import time
from typing import Any

import pytest

from cluster.doctor import probe
from cluster.doctor.judge import NodeReport
from cluster.doctor.probe import clock, examine

HERE: dict[str, Any] = {"has_gpus": False, "run_folder": None, "stamp": None}


def test_a_report_has_every_field_and_true_versions() -> None:
    report = NodeReport(**examine(**HERE))
    assert report.versions["ray"] == version("ray")
    assert report.gpus_seen is None
    assert report.folder_problem is None
    assert report.free_folder_bytes is None
    assert set(examine(**HERE)) == {field.name for field in fields(NodeReport)}


def test_it_needs_only_the_standard_library() -> None:
    """Else it could not look at a node where this project is missing."""
    assert "cluster" not in "".join(
        line for line in Path(probe.__file__).read_text().splitlines() if "import" in line
    )


def test_a_folder_is_written_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "stamp").write_text("stamp")
    report = examine(**{**HERE, "run_folder": str(tmp_path), "stamp": "stamp"})
    assert report["folder_problem"] is None
    assert report["free_folder_bytes"] > 0
    assert os.listdir(tmp_path) == ["stamp"]


def test_another_folder_of_the_same_name_is_recognised(tmp_path: Path) -> None:
    there = {**HERE, "run_folder": str(tmp_path), "stamp": "stamp"}
    assert examine(**there)["folder_problem"] == "is not there, or is not the driver's folder"
    (tmp_path / "stamp").write_text("other")
    assert "other content than the driver wrote" in examine(**there)["folder_problem"]


def test_a_folder_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    report = examine(**{**HERE, "run_folder": str(tmp_path)})
    assert report["folder_problem"] == "cannot be used (Permission denied)"


def test_permissions_of_the_token_file_are_seen_and_not_its_content(token_file: Path) -> None:
    assert examine(**HERE)["token_permissions"] is None
    token_file.parent.mkdir()
    token_file.write_text("hunter2")
    token_file.chmod(0o640)
    assert examine(**HERE)["token_permissions"] == 0o640
    assert "hunter2" not in str(examine(**HERE))


def test_torch_is_asked_with_all_gpus_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        assert "CUDA_VISIBLE_DEVICES" not in options["env"]
        return subprocess.CompletedProcess(command, 0, stdout="3\n")

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(subprocess, "run", answer)
    assert examine(**{**HERE, "has_gpus": True})["gpus_seen"] == 3


def test_a_torch_that_hangs_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    assert examine(**{**HERE, "has_gpus": True})["gpus_seen"] is None


def test_the_clock_is_this_machines() -> None:
    assert abs(clock() - time()) < 1
