"""Every command that reads a run folder takes the URI of one."""

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.cli.app import main
from orchestrator.paths import RunPaths
from orchestrator.storage.objects import open_store
from orchestrator.storage.patience import Patience
from orchestrator.storage.segments import segment_name
from orchestrator.storage.uri import parse_uri


@pytest.fixture(scope="module")
def uri(finished_sweep: RunPaths, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Store a finished sweep as its driver would have."""
    uri = f"file://{tmp_path_factory.mktemp('stored')}/run"
    store = open_store(parse_uri(uri), Patience(0))
    for path in finished_sweep.root.rglob("*"):
        name = path.relative_to(finished_sweep.root).as_posix()
        if path.is_file() and path != finished_sweep.lock:
            store.put(path, segment_name(0, 0) if path == finished_sweep.journal else name)
    return uri


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANORCH_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    "command",
    [[name, "--json"] for name in ("status", "results", "audit", "judge", "verify")],
    ids=lambda command: command[0],
)
def test_a_uri_is_read_as_the_folder_is(
    command: list[str], uri: str, finished_sweep: RunPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for location in (uri, str(finished_sweep.root)):
        assert main([command[0], location, *command[1:]]) == 0
        said.append(json.loads(capsys.readouterr().out))
    if isinstance(said[0], dict):
        said = [{k: v for k, v in each.items() if k != "silent_s"} for each in said]
    assert said[0] == said[1]


def test_what_does_not_verify_is_named_by_its_uri(
    finished_sweep: RunPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "stored"
    shutil.copytree(finished_sweep.root, folder, ignore=lambda *_: ["journal.jsonl", ".lock"])
    (folder / segment_name(0, 0)).parent.mkdir()
    shutil.copyfile(finished_sweep.journal, folder / segment_name(0, 0))
    (folder / "tables" / "trials.parquet").write_bytes(b"PAR1")
    assert main(["verify", f"file://{folder}"]) == 1
    assert capsys.readouterr().out.startswith(f"file://{folder}/tables/trials.parquet: missing or")


def test_the_generator_of_a_stored_run_is_shipped_and_drawn_from(uri: str, tmp_path: Path) -> None:
    assert main(["export", uri, str(tmp_path / "model")]) == 0
    assert (tmp_path / "model" / "generator.safetensors").exists()
    assert main(["generate", uri, "-n", "4", "-o", str(tmp_path / "a.npz")]) == 0
    assert main(["generate", f"{uri}/best", "-n", "4", "-o", str(tmp_path / "b.npz")]) == 0
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_the_report_of_a_stored_run_is_written_here_and_stored(
    uri: str, finished_sweep: RunPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", uri]) == 0
    page = Path(capsys.readouterr().out.strip()).read_bytes()
    assert open_store(parse_uri(uri)).read("report.html") == page
    assert main(["report", str(finished_sweep.root)]) == 0
    assert page == finished_sweep.report.read_bytes()


def test_the_curves_of_a_stored_run_are_shown(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tensorboard", uri, "--print-only"]) == 0
    assert "--logdir" in capsys.readouterr().out


def test_a_stored_run_is_scored(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", "--real", "ring8", "--fake", uri, "-n", "128", "--json"]) == 0
    assert "fid" in json.loads(capsys.readouterr().out)["metrics"]


def test_a_stored_run_is_selected_from_again(uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["select", uri]) == 0
    assert f"{uri}/report.html" in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "ftp://host/run"], "allowed are s3://, gs://, file://"),
        (["status", "s3://key:hidden@bucket/run"], "must hold no credentials"),
        (["resume", "file:///nowhere/run"], "file:///nowhere/run: not a run folder"),
        (["status", "file:///nowhere/run"], "not a run folder"),
        (["resume", "runs/here", "--workdir", "w"], "--workdir w: runs/here is a path"),
    ],
)
def test_a_location_that_cannot_be_used_is_told_in_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 1
    assert "hidden" not in told
