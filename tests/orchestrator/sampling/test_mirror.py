"""The contract of the mirror, over each kind of storage that it writes to."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from orchestrator.sampling import mirror as mirror_module
from orchestrator.sampling.mirror import MirroredTrial, StudyMirror, _open_storage
from search_spaces.domains import Choice, Float
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace
from tests.orchestrator.sampling.postgres import PASSWORD, Server, make_server

SPACE = SearchSpace(
    "space",
    (
        Parameter("d_lr", Float(1e-4, 1e-2, log=True)),
        Parameter("loss", Choice(("hinge", "wasserstein"))),
        Parameter("penalty", Float(0.1, 10.0), when={"loss": ("wasserstein",)}),
    ),
)
ASH = MirroredTrial(name="ash", params={"d_lr": 1e-3, "loss": "hinge"}, state="running")
ELM = MirroredTrial(
    name="elm",
    params={"d_lr": 1e-4, "loss": "wasserstein", "penalty": 10.0},
    state="complete",
    values=(12.5,),
    reports={1000: 20.0, 2000: 12.5},
    attributes={"verdict": "improving", "seed": 3, "replicate_of": None},
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    try:
        server = make_server(folder)
        server.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGPASSWORD", PASSWORD)
            yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["journal", "sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("server").url)
    return "journal" if request.param == "journal" else f"sqlite:///{tmp_path}/study.db"


@pytest.fixture
def make_mirror(
    target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], StudyMirror]:
    name = request.node.name
    return lambda: StudyMirror(target, tmp_path, name=name, space=SPACE, directions=["minimize"])


@pytest.fixture
def stored(
    target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], list[FrozenTrial]]:
    """Return the study's trials, as whoever opens it now sees them."""

    return lambda: trials_in(target, tmp_path, request.node.name)


def trials_in(target: str, folder: Path, study: str) -> list[FrozenTrial]:
    storage = _open_storage(target, folder)
    trials = optuna.load_study(storage=storage, study_name=study).trials
    storage.remove_session()
    if isinstance(storage, optuna.storages.RDBStorage):
        storage.engine.dispose()
    return trials


def test_a_trial_is_shown_with_all_that_the_plots_need(
    make_mirror: Callable[[], StudyMirror], stored: Callable[[], list[FrozenTrial]]
) -> None:
    mirror = make_mirror()
    mirror.put([ASH, ELM])
    assert mirror.close(30) == 0
    ash, elm = stored()
    assert (ash.state, ash.user_attrs["trial"]) == (TrialState.RUNNING, "ash")
    assert (elm.state, elm.values) == (TrialState.COMPLETE, [12.5])
    assert elm.intermediate_values == {1000: 20.0, 2000: 12.5}
    assert elm.params == {"d_lr": 1e-4, "loss": "wasserstein", "penalty@loss=wasserstein": 10.0}
    assert elm.distributions["d_lr"] == optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True)
    assert elm.user_attrs["verdict"] == "improving"
    assert ash.number == 0


def test_a_trial_is_followed_to_its_end(
    make_mirror: Callable[[], StudyMirror], stored: Callable[[], list[FrozenTrial]]
) -> None:
    mirror = make_mirror()
    mirror.put([ASH])
    for nimg, fid in ((1000, 30.0), (2000, 20.0)):
        mirror.put([replace(ASH, reports={1000: 30.0, nimg: fid})])
    mirror.put([replace(ASH, reports={1000: 30.0, 2000: 20.0}, state="pruned", values=(20.0,))])
    mirror.close(30)
    (ash,) = stored()
    assert (ash.state, ash.values) == (TrialState.PRUNED, [20.0])
    assert ash.intermediate_values == {1000: 30.0, 2000: 20.0}


def test_a_failure_is_told_as_one(
    make_mirror: Callable[[], StudyMirror], stored: Callable[[], list[FrozenTrial]]
) -> None:
    mirror = make_mirror()
    mirror.put([ASH])
    mirror.put([replace(ASH, state="failed")])
    mirror.close(30)
    assert [(each.state, each.values) for each in stored()] == [(TrialState.FAIL, None)]


def test_a_resume_adds_what_is_missing_and_nothing_twice(
    make_mirror: Callable[[], StudyMirror], stored: Callable[[], list[FrozenTrial]]
) -> None:
    first = make_mirror()
    first.put([ASH])
    first.close(30)
    second = make_mirror()
    second.put([replace(ASH, state="complete", values=(9.0,)), ELM])
    second.put([ELM])
    second.close(30)
    third = make_mirror()
    third.put([replace(ASH, state="complete", values=(9.0,)), ELM])
    third.close(30)
    assert [(each.user_attrs["trial"], each.values) for each in stored()] == [
        ("ash", [9.0]),
        ("elm", [12.5]),
    ]


def test_a_trial_that_was_reopened_is_shown_again(
    make_mirror: Callable[[], StudyMirror], stored: Callable[[], list[FrozenTrial]]
) -> None:
    mirror = make_mirror()
    for state in ("pruned", "running", "complete"):
        values = None if state == "running" else (5.0,)
        mirror.put([replace(ASH, state=state, values=values)])
        wait_until(lambda: not mirror._waiting)
    mirror.close(30)
    assert [each.state for each in stored()] == [TrialState.PRUNED, TrialState.COMPLETE]


def wait_until(is_so: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_another_process_looks_on_while_it_is_written(
    make_mirror: Callable[[], StudyMirror],
    target: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if target != "journal":
        pytest.skip("a database is made for that")
    mirror = make_mirror()
    mirror.put([ASH, ELM])
    wait_until(lambda: not mirror._waiting)
    code = (
        "import sys, optuna; from optuna.storages.journal import JournalFileBackend as File;"
        "storage = optuna.storages.JournalStorage(File(sys.argv[1]));"
        "print(len(optuna.load_study(study_name=sys.argv[2], storage=storage).trials))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "study.journal"), request.node.name]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "2"
    mirror.close(30)


def test_a_server_that_is_down_for_a_while_misses_nothing(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mirror = StudyMirror(server.url, tmp_path, name="outage", space=SPACE, directions=["minimize"])
    trials = [replace(ASH, name=f"trial-{number}") for number in range(6)]
    mirror.put(trials[:2])
    wait_until(lambda: not mirror._waiting)
    server.stop()
    try:
        with caplog.at_level(logging.WARNING):
            began_s = time.monotonic()
            mirror.put(trials[2:])
            mirror.put([replace(each, state="complete", values=(1.0,)) for each in trials[:4]])
            assert time.monotonic() - began_s < 0.5
            wait_until(lambda: bool(caplog.records))
    finally:
        server.start()
    mirror.put([replace(each, state="failed") for each in trials[4:]])
    wait_until(lambda: not mirror._waiting)
    assert mirror.close(30) == 0
    stored = {each.user_attrs["trial"]: each for each in trials_in(server.url, tmp_path, "outage")}
    assert sorted(stored) == [trial.name for trial in trials]
    assert len(trials_in(server.url, tmp_path, "outage")) == len(trials)
    states = [stored[trial.name].state for trial in trials]
    assert states == [TrialState.COMPLETE] * 4 + [TrialState.FAIL] * 2
    assert "the study cannot be mirrored now" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_database_that_never_answers_is_left_in_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mirror = StudyMirror(
        "postgresql://ada@127.0.0.1:9/db", tmp_path, name="x", space=SPACE, directions=["minimize"]
    )
    mirror.put([ASH, ELM])
    began_s = time.monotonic()
    assert mirror.close(0.5) == 2
    assert time.monotonic() - began_s < 5
    assert "2 trials are not up to date" in caplog.text


def test_a_torn_line_is_cut_off_before_optuna_sees_it(tmp_path: Path) -> None:
    for trial in (ASH, ELM):
        mirror = StudyMirror("journal", tmp_path, name="x", space=SPACE, directions=["minimize"])
        mirror.put([trial])
        assert mirror.close(30) == 0
        with (tmp_path / "study.journal").open("ab") as file:
            file.write(b'{"op_code": 4, "worker_id": "abc", "stud')
    assert len(trials_in("journal", tmp_path, "x")) == 2


def test_the_lock_of_a_killed_writer_stalls_the_mirror_for_seconds_and_the_sweep_not_at_all(
    tmp_path: Path,
) -> None:
    path = tmp_path / "study.journal"
    path.touch()
    os.symlink(path, f"{path}.lock")
    mirror = StudyMirror("journal", tmp_path, name="x", space=SPACE, directions=["minimize"])
    began_s = time.monotonic()
    mirror.put([ASH])
    assert time.monotonic() - began_s < 0.5
    assert mirror.close(30) == 0
    assert time.monotonic() - began_s < 5 + 1


def test_whatever_a_storage_raises_stays_behind_the_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([RuntimeError("one"), KeyError("two")])
    opened = _open_storage

    def fails_twice(target: str, folder: Path) -> optuna.storages.BaseStorage:
        for failure in failures:
            raise failure
        return opened(target, folder)

    monkeypatch.setattr(mirror_module, "_open_storage", fails_twice)
    monkeypatch.setattr(mirror_module, "_FIRST_DELAY_S", 0.01)
    mirror = StudyMirror("journal", tmp_path, name="x", space=SPACE, directions=["minimize"])
    mirror.put([ASH])
    wait_until(lambda: not mirror._waiting)
    assert mirror.close(30) == 0
