import itertools
from pathlib import Path

import pytest

from gan_models.errors import CheckpointError, DamageError
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.trial.mending import check_curve, check_rows, put_damage_aside
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import TrialSpec
from tests.orchestrator.trial.orders import order
from tests.orchestrator.trial.test_run import rows_of


def paths_of(spec: TrialSpec) -> TrialPaths:
    return RunPaths(Path(spec.run_folder)).trial(spec.trial_id)


@pytest.fixture
def begun(tmp_path: Path) -> TrialSpec:
    """A trial that was killed after its rows at 0, 256 and 512 images."""
    spec = order(tmp_path)
    stream = run_trial(spec)
    list(itertools.islice(stream, 3))
    stream.close()
    return spec


def change_line(path: Path, number: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(b'"fid":', b'"fod":')
    path.write_bytes(b"".join(lines))


def test_of_a_whole_trial_nothing_is_said(begun: TrialSpec) -> None:
    assert put_damage_aside(paths_of(begun)) == []
    check_curve(paths_of(begun))


def test_without_a_folder_there_is_nothing_to_mend(tmp_path: Path) -> None:
    assert put_damage_aside(TrialPaths(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("number", "where"), [(2, "it goes on from 256 images"), (1, "it begins anew")]
)
def test_states_whose_rows_are_damaged_are_put_aside(
    begun: TrialSpec, tmp_path: Path, number: int, where: str
) -> None:
    paths = paths_of(begun)
    change_line(paths.evaluations, number)
    with pytest.raises(DamageError, match=f"line {number + 1} is damaged"):
        check_curve(paths)
    line = f"{paths.evaluations}: line {number + 1} is damaged; the states after it are put aside"
    assert put_damage_aside(paths) == [line, where]
    whole = order(tmp_path / "whole")
    list(run_trial(whole))
    list(run_trial(begun))
    assert rows_of(begun) == rows_of(whole)


def test_without_its_roll_backs_a_trial_begins_anew(begun: TrialSpec) -> None:
    paths = paths_of(begun)
    paths.rollbacks.write_text("{")
    first, last = put_damage_aside(paths)
    assert first == f"{paths.rollbacks}: did not verify, put aside as damaged-rollbacks.json"
    assert last == "it begins anew"
    assert not paths.rollbacks.exists()


def test_a_state_without_rows_that_cannot_be_taken_again_is_refused(begun: TrialSpec) -> None:
    with pytest.raises(CheckpointError, match="do not reach the state after 512 images"):
        check_rows(paths_of(begun), [], 512)
    check_rows(paths_of(begun), [], 0)
