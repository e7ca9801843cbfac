"""An attempt at a trial that was overtaken while it was frozen leaves the files as they are."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.backends.base import guarded
from orchestrator.errors import OvertakenError
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import FaultKind
from orchestrator.trial.fence import Fence, admit
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import TrialSpec
from tests.orchestrator.scripted import opened_search
from tests.orchestrator.trial.orders import DOOMED, POINTS, order
from tests.orchestrator.trial.test_run import paths_of


def files_of(paths: TrialPaths) -> dict[str, bytes]:
    files = [path for path in paths.folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(paths.folder)): path.read_bytes() for path in files}


def overtake_after(spec: TrialSpec, num_messages: int) -> dict[str, bytes]:
    """Run until so many messages, let a later attempt take over, and let the earlier one go on."""
    with closing(run_trial(spec)) as messages:
        for _ in range(num_messages):
            next(messages)
        admit(paths_of(spec), spec.attempt + 1)
        before = files_of(paths_of(spec))
        with pytest.raises(OvertakenError, match=r"attempt 8 has taken over from attempt 7"):
            list(messages)
    return before


def test_without_a_driver_nobody_is_kept_out(tmp_path: Path) -> None:
    Fence(TrialPaths(tmp_path), 0).check()


def test_the_latest_attempt_may_write_and_no_earlier_one(tmp_path: Path) -> None:
    paths = TrialPaths(tmp_path)
    admit(paths, 7)
    Fence(paths, 7).check()
    Fence(paths, 8).check()  # on a shared disk the file may be seen late
    with pytest.raises(OvertakenError, match=r"attempt: attempt 7 has taken over from attempt 6"):
        Fence(paths, 6).check()


def test_a_damaged_number_keeps_nobody_out(tmp_path: Path) -> None:
    TrialPaths(tmp_path).attempt.write_text("7\0")
    Fence(TrialPaths(tmp_path), 6).check()


@pytest.mark.parametrize("num_messages", [1, 2, 3])
def test_a_trial_that_wakes_after_its_successor_began_changes_no_file(
    tmp_path: Path, num_messages: int
) -> None:
    spec = replace(order(tmp_path, POINTS), attempt=7)
    before = overtake_after(spec, num_messages)
    assert before == files_of(paths_of(spec))


def test_nor_does_it_save_between_two_evaluations(tmp_path: Path) -> None:
    spec = replace(order(tmp_path), attempt=7, sign_of_life_s=0.0, checkpoint_every_s=0.0)
    before = overtake_after(spec, 3)  # in the middle of a stretch
    assert before == files_of(paths_of(spec))


def test_nor_does_it_roll_back(tmp_path: Path) -> None:
    spec = replace(order(tmp_path, DOOMED), attempt=7, max_rollbacks=1)
    kinds = [message["kind"] for message in run_trial(spec)]
    before = overtake_after(replace(spec, run_folder=str(tmp_path / "b")), kinds.index("adjusted"))
    assert before == files_of(RunPaths(tmp_path / "b").trial(spec.trial_id))


def test_one_that_starts_late_touches_nothing(tmp_path: Path) -> None:
    spec = replace(order(tmp_path), attempt=7)
    overtake_after(spec, 0)
    assert set(files_of(paths_of(spec))) == {"attempt"}


def test_what_it_says_is_no_fault_of_the_trial(tmp_path: Path) -> None:
    spec = replace(order(tmp_path), attempt=7)
    admit(paths_of(spec), 8)
    *_, last = guarded(run_trial, spec)
    assert (last["kind"], last["fault"]) == ("failed", FaultKind.PROCESS_KILLED)


def test_each_order_of_a_trial_shuts_out_the_one_before_also_after_a_resume(
    tmp_path: Path,
) -> None:
    specs = []
    for _ in range(2):
        with opened_search(tmp_path) as search:
            first = search.next_trial()
            assert first is not None
            search.lost(first.trial_id, FaultKind.NODE_LOST, "its node was lost")
            again = search.next_trial()
            assert again is not None
            specs += [first, again]
    assert len({spec.trial_id for spec in specs}) == 1
    *earlier, latest = [Fence(paths_of(spec), spec.attempt) for spec in specs]
    latest.check()
    for fence in earlier:
        with pytest.raises(OvertakenError):
            fence.check()
