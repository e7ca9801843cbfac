"""What every backend promises; its test inherits this class and brings the backend."""

import os
from math import log
from pathlib import Path
from typing import Any

import pytest

from orchestrator.backends.base import Backend
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.pbt import PbtScheduler
from orchestrator.decision.scheduler import Scheduler
from orchestrator.errors import SweepError, SweepHalted
from orchestrator.history import SweepHistory
from orchestrator.records import FaultKind, StoppedBy, TrialStatus, VerdictKind
from orchestrator.trial.spec import TrialFunction
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.scripted_trials import NUM_EVALUATIONS, num_marks
from tests.orchestrator.scripted import (
    ScriptedScheduler,
    WatchedSampler,
    evaluation_message,
    events_of,
    make_config,
    opened_search,
    run_whole,
)


def carry_out(
    backend: Backend,
    run_trial: TrialFunction,
    folder: Path,
    *,
    scheduler: Scheduler | None = None,
    sampler: WatchedSampler | None = None,
    num_trials: int = 3,
    **sections: Any,
) -> SweepHistory:
    """Run a scripted sweep, or go on with it."""
    plan = {"search": {"trials": num_trials}, "budget": {"kimg_per_trial": 9}}
    config = make_config(**plan | sections)
    with opened_search(folder, config, scheduler=scheduler, sampler=sampler) as search:
        backend.run(search, run_trial)
        return search.history


def sent(folder: Path, trial_id: str) -> list[str]:
    """Return what came of one trial, event by event."""
    about = [event for event in events_of(folder) if event.get("trial_id") == trial_id]
    return [str(event["event"]) for event in about]


class BackendContract:
    """Fixture to bring: ``backend``."""

    def test_every_trial_of_the_plan_runs_once_and_is_heard_in_order(
        self, backend: Backend, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        sampler = WatchedSampler()
        environment = dict(os.environ)
        history = carry_out(
            backend, scripted_trials.completes, tmp_path, sampler=sampler, num_trials=4
        )
        assert [record.index for record in history.records] == [0, 1, 2, 3]
        assert sorted(index for index, _ in sampler.told) == [0, 1, 2, 3]
        whole = ["proposed", "started", *NUM_EVALUATIONS * ["evaluated"], "finished"]
        for record in history.records:
            assert record.status is TrialStatus.COMPLETED
            assert num_marks(tmp_path, record.trial_id, "entered") == 1
            assert sent(tmp_path, record.trial_id) == whole
            steps = [row.step for row in history.trials[record.trial_id].evaluations]
            assert steps == list(range(NUM_EVALUATIONS))
        assert dict(os.environ) == environment
        assert capfd.readouterr().out == ""  # standard output is the command's

    def test_a_trial_that_is_told_to_stop_ends_and_the_others_do_not(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        scheduler = ScriptedScheduler(stop_after={0: 2, 1: 5, 2: 1})
        history = carry_out(backend, scripted_trials.goes_on, tmp_path, scheduler=scheduler)
        lengths = sorted(record.num_evaluations for record in history.records)
        assert lengths == [1, 2, 5]
        for record in history.records:
            assert record.status is TrialStatus.STOPPED
            assert record.stopped_by is StoppedBy.SCHEDULER
        # by the time a worker takes its next trial, the one before has been told to leave
        assert any(num_marks(tmp_path, each.trial_id, "left") for each in history.records)

    def test_a_paused_trial_frees_its_slot_and_goes_on_when_it_is_promoted(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        with opened_search(tmp_path) as search:
            names = [spec.trial_id for _ in range(3) if (spec := search.next_trial())]
        pause_at = {names[0]: 1, names[1]: 2}
        scheduler = ScriptedScheduler(pause_at=pause_at, last_resorts=names[:1])
        history = carry_out(backend, scripted_trials.completes, tmp_path, scheduler=scheduler)
        promoted, waiting, other = (history.trials[name].record for name in names)
        assert (promoted.status, promoted.num_attempts) == (TrialStatus.COMPLETED, 2)
        assert num_marks(tmp_path, promoted.trial_id, "entered") == 2
        about = ["proposed", "started", "evaluated", "paused", "resumed", "started"]
        assert sent(tmp_path, promoted.trial_id) == [*about, "evaluated", "evaluated", "finished"]
        assert (waiting.status, waiting.stopped_by) == (TrialStatus.STOPPED, StoppedBy.SCHEDULER)
        assert waiting.reason == "outclassed by script; never resumed"
        assert num_marks(tmp_path, waiting.trial_id, "entered") == 1
        assert (other.status, other.num_attempts) == (TrialStatus.COMPLETED, 1)

    def test_a_trial_that_exploits_comes_again_with_what_it_takes_over(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        with opened_search(tmp_path) as search:
            donor, heir = (spec for _ in range(2) if (spec := search.next_trial()))
            run_whole(search, [9.0, 8.0, 7.0], trial=donor.trial_id)
        scheduler = PbtScheduler(interval_nimg=1000, budget_nimg=2000, quantile=0.5)
        history = carry_out(
            backend, scripted_trials.hopeless, tmp_path, scheduler=scheduler, num_trials=2
        )
        trial = history.trials[heir.trial_id]
        assert [each.donor for each in trial.exploits] == [donor.trial_id]
        assert (trial.record.status, trial.record.num_attempts) == (TrialStatus.COMPLETED, 2)
        about = ["proposed", "started", "evaluated", "evaluated", "exploited", "resumed"]
        assert sent(tmp_path, heir.trial_id) == [*about, "started", "evaluated", "finished"]
        assert num_marks(tmp_path, heir.trial_id, f"has {donor.trial_id}") == 1

    def test_a_promotion_that_a_running_trial_brings_is_waited_for(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        scheduler = AshaScheduler(grace_nimg=1000, reduction=2, budget_nimg=2000, tie_sds=0.0)
        history = carry_out(
            backend, scripted_trials.ranked, tmp_path, scheduler=scheduler, num_trials=2
        )
        better, worse = history.records
        assert better.status is TrialStatus.COMPLETED  # whichever came to the rung first
        assert (worse.stopped_by, worse.num_evaluations) == (StoppedBy.SCHEDULER, 2)

    def test_trials_that_raise_or_measure_nan_end_alone_and_say_why(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        history = carry_out(backend, scripted_trials.two_fail, tmp_path, num_trials=4)
        failed, dead, *others = history.records
        assert (failed.status, failed.stopped_by) == (TrialStatus.FAILED, StoppedBy.ERROR)
        assert failed.reason.startswith("ValueError: no such optimiser (two_fail, line ")
        assert failed.num_evaluations == 1
        assert (dead.status, dead.stopped_by) == (TrialStatus.STOPPED, StoppedBy.VERDICT)
        assert (dead.verdict, dead.best_fid, dead.num_evaluations) == (VerdictKind.DEAD, 9.0, 2)
        assert [record.status for record in others] == 2 * [TrialStatus.COMPLETED]

    def test_nonsense_ends_its_trial_alone_and_says_what_it_was(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        sampler = WatchedSampler()
        num_bad = len(scripted_trials.NONSENSE) + 1
        history = carry_out(
            backend,
            scripted_trials.one_sends_nonsense,
            tmp_path,
            sampler=sampler,
            num_trials=num_bad + 1,
        )
        *bad, good = history.records
        assert good.status is TrialStatus.COMPLETED
        assert {record.status for record in bad} == {TrialStatus.FAILED}
        assert all(num_marks(tmp_path, record.trial_id, "entered") == 1 for record in bad)
        for record, value in zip(bad, scripted_trials.NONSENSE, strict=False):
            assert record.reason.startswith(f"it sent fid = {repr(value)[:10]}")
        assert bad[-1].reason.startswith("it sent kind = 'applause': must be one of started, ")
        kinds = [history.trials[record.trial_id].lost_attempts[0].fault for record in bad]
        assert kinds == [*2 * [FaultKind.NON_FINITE], *6 * [FaultKind.BAD_CODE]]
        assert [score for score in sampler.scores if score is not None] == [log(9.0)]

    def test_out_of_host_memory_a_trial_is_tried_once_more(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        history = carry_out(backend, scripted_trials.runs_out_of_memory_once, tmp_path)
        once, always, other = history.records
        assert (once.status, once.faults) == (TrialStatus.COMPLETED, "out_of_memory_host 1")
        assert (always.status, always.faults) == (TrialStatus.FAILED, "out_of_memory_host 2")
        assert num_marks(tmp_path, always.trial_id, "entered") == 2
        assert always.reason.startswith("MemoryError: ")
        assert "; before: out_of_memory_host after 0 kimg" in always.reason
        assert (other.status, other.faults) == (TrialStatus.COMPLETED, "")
        lost = [event["trial_id"] for event in events_of(tmp_path, "attempt_lost")]
        assert sorted(lost) == sorted([once.trial_id, always.trial_id, always.trial_id])

    def test_a_full_disk_halts_the_sweep_and_blames_no_trial(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        with pytest.raises(SweepHalted, match=r"No space left on device.*no trial is blamed"):
            carry_out(backend, scripted_trials.finds_the_disk_full, tmp_path)
        (tmp_path / "marks" / "disk.freed").write_text("x\n")
        history = carry_out(backend, scripted_trials.finds_the_disk_full, tmp_path)
        assert [record.status for record in history.records] == 3 * [TrialStatus.COMPLETED]
        assert history.records[1].faults == "storage 1"

    def test_where_all_trials_fail_alike_the_sweep_stops_with_one_message(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        with pytest.raises(SweepError, match=r"^all 5 trials so far have failed alike .*TypeError"):
            carry_out(backend, scripted_trials.fail_alike, tmp_path, num_trials=1000)
        assert len(events_of(tmp_path, "finished")) == 5

    def test_unfinished_trials_of_an_earlier_driver_go_first_and_finished_ones_never(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        with opened_search(tmp_path) as search:
            done, begun = search.next_trial(), search.next_trial()
            assert done is not None
            assert begun is not None
            run_whole(search, [9.0], trial=done.trial_id)
            search.receive(begun.trial_id, {"kind": "started"})
            search.receive(begun.trial_id, evaluation_message(begun.trial_id, 0, 9.0))
        history = carry_out(backend, scripted_trials.completes, tmp_path, num_trials=4)
        starts = [event["trial_id"] for event in events_of(tmp_path, "started")]
        assert starts.count(done.trial_id) == 1
        assert starts.count(begun.trial_id) == 2
        assert num_marks(tmp_path, done.trial_id, "entered") == 0
        assert [record.status for record in history.records] == 4 * [TrialStatus.COMPLETED]
        rows = history.trials[begun.trial_id].evaluations
        assert [row.step for row in rows] == list(range(NUM_EVALUATIONS))

    def test_replicates_of_finalists_run_after_the_search(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        with opened_search(tmp_path, make_config(search={"trials": 2})) as search:
            backend.run(search, scripted_trials.completes)
            search.replicate(search.history.records, 2)
            backend.run(search, scripted_trials.completes)
            replicates = [trial.record for trial in search.history.replicates]
        assert len(replicates) == 4
        assert {record.status for record in replicates} == {TrialStatus.COMPLETED}
        assert [record.index for record in replicates] == [2, 3, 4, 5]
        assert all(num_marks(tmp_path, each.trial_id, "entered") == 1 for each in replicates)

    def test_nothing_runs_where_nothing_is_left(self, backend: Backend, tmp_path: Path) -> None:
        with opened_search(tmp_path, make_config(search={"trials": 1})) as search:
            done = search.next_trial()
            assert done is not None
            run_whole(search, [9.0], trial=done.trial_id)
        before = events_of(tmp_path)
        history = carry_out(backend, scripted_trials.completes, tmp_path, num_trials=1)
        assert [event["event"] for event in events_of(tmp_path)[len(before) :]] == ["opened"]
        assert len(history.records) == 1

    def test_no_trial_starts_once_the_hours_are_spent(
        self, backend: Backend, tmp_path: Path
    ) -> None:
        config = make_config(budget={"max_hours": 1e-9})
        with opened_search(tmp_path, config) as search:
            search.history.used_s = 1.0
            backend.run(search, scripted_trials.completes)
            assert search.history.records == []

    def test_what_the_search_raises_comes_out_as_it_is(
        self, backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*arguments: object) -> bool:
            raise OSError("no space left on the journal's disk")

        with opened_search(tmp_path, make_config(search={"trials": 1})) as search:
            monkeypatch.setattr(search, "receive", fail)
            with pytest.raises(OSError, match="no space left on the journal's disk"):
                backend.run(search, scripted_trials.completes)
