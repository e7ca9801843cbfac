import itertools
import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from math import log, nan
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config.model import SweepConfig
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.expected_gain import MIN_FINISHED
from orchestrator.errors import SweepHalted
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.records import (
    Action,
    Adjustment,
    FaultKind,
    StoppedBy,
    TrialStatus,
    VerdictKind,
)
from orchestrator.search import Search
from orchestrator.sweep import make_scheduler
from orchestrator.trial.spec import Message, TrialSpec, adjusted, failed, finished, mended
from search_spaces.domains import Choice
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace
from tests.orchestrator.scripted import (
    RATES,
    ScriptedScheduler,
    WatchedSampler,
    Watcher,
    completed_message,
    evaluation_message,
    events_of,
    make_config,
    opened_search,
    run_whole,
)

ONE_CHOICE = SearchSpace("one", (Parameter("d_lr", Choice((0.001,))),))


def next_trial(search: Search) -> TrialSpec:
    spec = search.next_trial()
    assert spec is not None
    return spec


def replayed(folder: Path) -> SweepHistory:
    return SweepHistory.replay(read_journal(RunPaths(folder).journal))


def hours(*values: float) -> Iterator[float]:
    """Give the journal's clock, in seconds, at each event; it then stands still."""
    return itertools.chain((3600 * value for value in values), itertools.repeat(3600 * values[-1]))


def test_it_proposes_as_many_trials_as_the_spec_says(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        specs = []
        for left in (3, 2, 1):
            assert search.num_to_propose == left
            specs.append(next_trial(search))
        assert search.num_to_propose == 0
        assert search.next_trial() is None
    assert [spec.index for spec in specs] == [0, 1, 2]
    assert len({spec.trial_id for spec in specs}) == 3


def test_an_order_says_everything_that_determines_the_trial(tmp_path: Path) -> None:
    config = make_config(resources={"cpus_per_trial": 2})
    with opened_search(tmp_path, config) as search:
        spec = next_trial(search)
    assert spec.run_folder == str(tmp_path.resolve())
    assert (spec.budget_nimg, spec.every_nimg, spec.num_samples) == (3000, 1000, 64)
    assert (spec.device, spec.num_threads) == ("cpu", 2)
    RATES.validate(spec.params)
    assert TrialSpec.from_mapping(json.loads(json.dumps(spec.to_mapping()))) == spec


def test_trials_share_one_seed_and_one_set_of_latents(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        first, second = next_trial(search), next_trial(search)
    assert first.seed == second.seed
    assert first.evaluation_seed == second.evaluation_seed != first.seed


def test_a_gpu_is_used_where_the_spec_asks_for_one(tmp_path: Path) -> None:
    with opened_search(tmp_path, make_config(resources={"gpus_per_trial": 0.5})) as search:
        assert next_trial(search).device == "cuda"


def test_a_proposal_is_on_record_before_it_is_handed_out(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        spec = next_trial(search)
        (proposal,) = events_of(tmp_path, "proposed")
        assert proposal["trial_id"] == spec.trial_id
        assert (proposal["index"], proposal["seed"]) == (0, spec.seed)
        assert proposal["params"] == spec.params
        described = json.loads(RunPaths(tmp_path).trial(spec.trial_id).description.read_text())
    assert (described["trial_id"], described["status"]) == (spec.trial_id, "pending")


def test_a_proposal_made_before_becomes_a_replicate_with_a_seed_of_its_own(tmp_path: Path) -> None:
    with opened_search(tmp_path, sampler=WatchedSampler(ONE_CHOICE)) as search:
        specs = [next_trial(search) for _ in range(3)]
    assert [spec.params for spec in specs] == 3 * [{"d_lr": 0.001}]
    assert len({spec.seed for spec in specs}) == 3
    assert len({spec.trial_id for spec in specs}) == 3


def test_what_a_trial_sends_is_on_record_in_order(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        run_whole(search, [5.0, 3.0], trial=trial)
    kinds = [event["event"] for event in events_of(tmp_path)]
    assert kinds == ["opened", "proposed", "started", "evaluated", "evaluated", "finished"]
    record = replayed(tmp_path).trials[trial].record
    assert (record.status, record.stopped_by) == (TrialStatus.COMPLETED, StoppedBy.BUDGET)
    assert (record.best_fid, record.num_evaluations, record.num_attempts) == (3.0, 2, 1)
    described = json.loads(RunPaths(tmp_path).trial(trial).description.read_text())
    assert (described["status"], described["best_fid"]) == ("completed", 3.0)


def test_only_its_own_end_ends_a_trial_that_nobody_stops(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        assert not search.receive(trial, {"kind": "started"})
        assert not search.receive(trial, evaluation_message(trial, 0, 5.0))
        assert search.receive(trial, completed_message())


def test_the_sampler_learns_the_best_smoothed_log_fid(tmp_path: Path) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        run_whole(search, [50.0, 20.0, 10.0, 40.0, 30.0], trial=next_trial(search).trial_id)
    assert sampler.scores == [pytest.approx(log(20.0))]  # medians of three: 20, 20, 30


@pytest.mark.parametrize(
    "message",
    [
        completed_message(VerdictKind.COLLAPSED),
        completed_message(VerdictKind.DIVERGED),
        completed_message(VerdictKind.DEAD),
        finished(TrialStatus.FAILED, StoppedBy.ERROR, reason="CUDA error"),
    ],
)
def test_the_sampler_learns_no_score_from_a_failure(
    tmp_path: Path, message: dict[str, Any]
) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, evaluation_message(trial, 0, 5.0))
        search.receive(trial, message)
    assert sampler.scores == [None]


def test_a_trial_without_a_finite_fid_is_told_as_a_failure(tmp_path: Path) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        run_whole(search, [nan], trial=next_trial(search).trial_id)
    assert sampler.scores == [None]


def test_the_scheduler_sees_the_curve_and_its_stop_ends_the_trial(tmp_path: Path) -> None:
    scheduler, sampler = ScriptedScheduler(stop_after={0: 2}), WatchedSampler()
    with opened_search(tmp_path, scheduler=scheduler, sampler=sampler) as search:
        trial = next_trial(search).trial_id
        assert not search.receive(trial, evaluation_message(trial, 0, 9.0))
        assert search.receive(trial, evaluation_message(trial, 1, 9.0))
    assert scheduler.reports == [(trial, 1), (trial, 2)]
    assert not sampler.told[0][1].is_final
    record = replayed(tmp_path).trials[trial].record
    assert (record.status, record.stopped_by) == (TrialStatus.STOPPED, StoppedBy.SCHEDULER)
    assert (record.reason, record.verdict) == ("outclassed by script", VerdictKind.IMPROVING)
    (judged,) = events_of(tmp_path, "judged")
    assert (judged["trial_id"], judged["stop"], judged["rung"]) == (trial, True, 0)
    assert sampler.scores == [pytest.approx(log(9.0))]


def test_a_verdict_that_ends_a_trial_is_not_overruled_by_the_scheduler(tmp_path: Path) -> None:
    with opened_search(tmp_path, scheduler=ScriptedScheduler(stop_after={0: 1})) as search:
        trial = next_trial(search).trial_id
        dying = evaluation_message(trial, 0, nan, action=Action.STOP_REJECT)
        assert not search.receive(trial, dying)  # it sends its own end
        end = finished(TrialStatus.STOPPED, StoppedBy.VERDICT, reason="FID is nan", verdict="dead")
        assert search.receive(trial, end)
    record = replayed(tmp_path).trials[trial].record
    assert (record.stopped_by, record.verdict) == (StoppedBy.VERDICT, VerdictKind.DEAD)
    assert not events_of(tmp_path, "judged")


def test_unfinished_trials_are_handed_out_first_and_finished_ones_never(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        done, started, proposed = (next_trial(search) for _ in range(3))
        run_whole(search, [5.0], trial=done.trial_id)
        search.receive(started.trial_id, {"kind": "started"})
    with opened_search(tmp_path, make_config(search={"trials": 4})) as resumed:
        assert resumed.num_to_propose == 1
        assert [resumed.next_trial(), resumed.next_trial()] == [started, proposed]
        fresh = next_trial(resumed)
        assert fresh.index == 3
        assert fresh.trial_id not in {done.trial_id, started.trial_id, proposed.trial_id}
        assert resumed.next_trial() is None


def test_a_resumed_search_proposes_what_the_undisturbed_one_would(tmp_path: Path) -> None:
    def propose(folder: Path, num_sessions: int) -> list[TrialSpec]:
        specs = []
        for _ in range(num_sessions):
            with opened_search(folder) as search:
                for _ in range(3 // num_sessions):
                    specs.append(next_trial(search))
                    run_whole(search, [5.0], trial=specs[-1].trial_id)
        return specs

    whole, parts = propose(tmp_path / "whole", 1), propose(tmp_path / "parts", 3)
    assert [spec.params for spec in parts] == [spec.params for spec in whole]
    assert [spec.trial_id for spec in parts] == [spec.trial_id for spec in whole]


def test_evaluations_that_a_resumed_trial_repeats_change_nothing(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        for step, fid in enumerate([5.0, 4.0]):
            search.receive(trial, evaluation_message(trial, step, fid))
    with opened_search(tmp_path) as resumed:
        next_trial(resumed)
        run_whole(resumed, [5.0, 99.0, 3.0], trial=trial)
    rows = [event["evaluation"] for event in events_of(tmp_path, "evaluated")]
    assert [(row["step"], row["fid"]) for row in rows] == [(0, 5.0), (1, 4.0), (2, 3.0)]
    assert len(events_of(tmp_path, "finished")) == 1


def test_the_scheduler_hears_the_journal_again_in_its_order(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        first, second = next_trial(search).trial_id, next_trial(search).trial_id
        for trial, step in [(first, 0), (second, 0), (second, 1), (first, 1)]:
            search.receive(trial, evaluation_message(trial, step, 5.0 - step))
    scheduler = ScriptedScheduler()
    with opened_search(tmp_path, scheduler=scheduler):
        assert scheduler.reports == [(first, 1), (second, 1), (second, 2), (first, 2)]


@pytest.mark.parametrize(
    ("script", "status"),
    [({"stop_after": {0: 1}}, TrialStatus.STOPPED), ({}, TrialStatus.PAUSED)],
)
def test_what_was_decided_but_not_carried_out_is_carried_out_on_resume(
    tmp_path: Path, script: dict[str, Any], status: TrialStatus
) -> None:
    with opened_search(tmp_path) as search:  # by a scheduler that died before it could say so
        trial = next_trial(search).trial_id
        search.receive(trial, {"kind": "started"})
        search.receive(trial, evaluation_message(trial, 0, 5.0))
    scheduler = ScriptedScheduler(**script, pause_at={trial: 1})
    with opened_search(tmp_path, scheduler=scheduler) as resumed:
        assert resumed.history.trials[trial].record.status is status
        assert next_trial(resumed).trial_id != trial
    assert replayed(tmp_path).trials[trial].record.status is status


def test_a_trial_that_ended_without_a_word_has_failed(tmp_path: Path) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, {"kind": "started"})
        search.lost(trial, FaultKind.BAD_CODE, "its worker died")
    record = replayed(tmp_path).trials[trial].record
    assert (record.status, record.stopped_by) == (TrialStatus.FAILED, StoppedBy.ERROR)
    assert record.reason == "its worker died"
    assert sampler.scores == [None]


def test_a_finished_trial_stays_as_it_is_whatever_comes_later(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        run_whole(search, [5.0], trial=trial)
        before = events_of(tmp_path)
        search.lost(trial, FaultKind.BAD_CODE, "its worker died")
        assert search.receive(trial, {"kind": "started"})
        assert search.receive(trial, evaluation_message(trial, 7, 1.0))
        assert search.receive(trial, completed_message())
    assert events_of(tmp_path) == before


def test_no_trial_is_proposed_once_the_hours_are_spent(tmp_path: Path) -> None:
    config = make_config(budget={"max_hours": 2})
    with opened_search(tmp_path, config, clock=hours(0, 0.5, 1.9, 2.1)) as search:
        first, second = next_trial(search).trial_id, next_trial(search).trial_id
        search.receive(first, {"kind": "started"})
        assert search.next_trial() is None
        assert search.next_trial() is None
        assert not search.receive(second, {"kind": "started"})  # until its next evaluation
    assert len(events_of(tmp_path, "proposed")) == 2
    (end,) = events_of(tmp_path, "proposing_ended")
    assert (end["cause"], end["reason"]) == ("max_hours", "budget.max_hours = 2: 2.1 h are spent")


def test_a_trial_that_runs_ends_at_its_next_evaluation_once_the_hours_are_spent(
    tmp_path: Path,
) -> None:
    config = make_config(budget={"max_hours": 2})
    with opened_search(tmp_path, config, clock=hours(0, 0, 0, 1.9, 2.1)) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, {"kind": "started"})
        assert not search.receive(trial, evaluation_message(trial, 0, 9.0))
        assert search.receive(trial, evaluation_message(trial, 1, 5.0))
    record = replayed(tmp_path).trials[trial].record
    assert (record.status, record.stopped_by) == (TrialStatus.STOPPED, StoppedBy.CAP)
    assert record.reason == "budget.max_hours = 2: 2.1 h are spent"
    assert (record.verdict, record.num_evaluations) == (VerdictKind.IMPROVING, 2)
    assert replayed(tmp_path).proposing_end == {"cause": "max_hours", "reason": record.reason}


def test_a_cap_does_not_take_a_trial_that_ends_by_itself(tmp_path: Path) -> None:
    config = make_config(budget={"max_hours": 1})
    with opened_search(tmp_path, config, clock=hours(0, 0, 0, 2)) as search:
        through, broken = next_trial(search).trial_id, next_trial(search).trial_id
        assert not search.receive(through, evaluation_message(through, 3, 5.0))  # of 3 kimg
        dying = evaluation_message(broken, 1, nan, action=Action.STOP_REJECT)
        assert not search.receive(broken, dying)
    assert not events_of(tmp_path, "finished")


def test_what_a_cap_cut_short_goes_on_once_the_cap_is_raised(tmp_path: Path) -> None:
    def capped(max_hours: float) -> SweepConfig:
        return make_config(budget={"max_hours": max_hours})

    with opened_search(tmp_path, capped(1), clock=hours(0, 0, 0.5, 2)) as search:
        spec = next_trial(search)
        search.receive(spec.trial_id, evaluation_message(spec.trial_id, 0, 9.0))
        assert search.receive(spec.trial_id, evaluation_message(spec.trial_id, 1, 5.0))
        search.select({"trial_id": spec.trial_id}, {"fid": 5.0})
    with opened_search(tmp_path, capped(1.5)) as still:
        assert still.next_trial() is None
        assert still.history.selection is not None
    sampler = WatchedSampler()
    with opened_search(tmp_path, capped(4), sampler=sampler) as resumed:
        assert resumed.num_to_propose == 2
        assert resumed.next_trial() == spec
        assert resumed.history.selection is None  # it chose among a shorter trial
        assert sampler.is_running(spec.index)
        run_whole(resumed, [9.0, 5.0, 4.0], trial=spec.trial_id)
    record = replayed(tmp_path).trials[spec.trial_id].record
    assert (record.status, record.stopped_by) == (TrialStatus.COMPLETED, StoppedBy.BUDGET)
    assert record.num_evaluations == 3
    assert len(events_of(tmp_path, "reopened")) == 1
    assert len(events_of(tmp_path, "proposing_ended")) == 1


def test_hours_between_a_crash_and_its_resume_do_not_count(tmp_path: Path) -> None:
    config = make_config(budget={"max_hours": 2})
    with opened_search(tmp_path, config, clock=hours(0, 1.5)) as search:
        next_trial(search)
    with opened_search(tmp_path, config, clock=hours(100)) as resumed:
        resumed.next_trial()  # the unfinished one
        assert resumed.next_trial() is not None


def test_unfinished_trials_do_not_begin_again_when_the_hours_are_spent(tmp_path: Path) -> None:
    config = make_config(budget={"max_hours": 1})
    with opened_search(tmp_path, config, clock=hours(0, 2)) as search:
        proposed = next_trial(search)
    with opened_search(tmp_path, config) as resumed:
        assert resumed.next_trial() is None
    assert replayed(tmp_path).trials[proposed.trial_id].record.stopped_by is StoppedBy.CAP
    with opened_search(tmp_path, make_config(budget={"max_hours": 9})) as raised:
        assert raised.next_trial() == proposed


def test_the_cap_on_trials_counts_before_the_plan(tmp_path: Path) -> None:
    config = make_config(budget={"max_trials": 2})
    with opened_search(tmp_path, config) as search:
        assert search.num_to_propose == 2
        next_trial(search)
        assert search.history.proposing_end is None
        next_trial(search)
        assert (search.num_to_propose, search.next_trial()) == (0, None)
    (end,) = events_of(tmp_path, "proposing_ended")
    assert end["reason"] == "budget.max_trials = 2: no more of the 3 trials of search.trials"
    with opened_search(tmp_path) as raised:
        assert raised.num_to_propose == 1
        raised.next_trial(), raised.next_trial(), raised.next_trial()
        assert raised.history.proposing_end is None


def test_a_cap_on_trials_that_the_plan_does_not_reach_ends_nothing(tmp_path: Path) -> None:
    with opened_search(tmp_path, make_config(budget={"max_trials": 3})) as search:
        for _ in range(3):
            next_trial(search)
        assert search.next_trial() is None
    assert not events_of(tmp_path, "proposing_ended")


@pytest.mark.parametrize(("cap", "is_spent"), [(0.54, True), (0.56, False)])
def test_gpu_hours_count_training_and_evaluation_by_the_share_of_a_gpu(
    tmp_path: Path, cap: float, is_spent: bool
) -> None:
    config = make_config(budget={"max_gpu_hours": cap}, resources={"gpus_per_trial": 0.5})
    with opened_search(tmp_path, config) as search:
        trial = next_trial(search).trial_id
        for step, seconds in enumerate([nan, 3600.0]):  # 1 h trained, 0.1 h evaluated, half a GPU
            row = evaluation_message(trial, step, 5.0, seconds=seconds, eval_seconds=180.0)
            search.receive(trial, row)
        assert (search.next_trial() is None) is is_spent


def test_gpu_hours_are_not_counted_where_no_gpu_is_used(tmp_path: Path) -> None:
    with opened_search(tmp_path, make_config(budget={"max_gpu_hours": 0.001})) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, evaluation_message(trial, 0, 5.0, seconds=1e6))
        assert search.next_trial() is not None


def settling(*, trials: int = 40, on: bool = True) -> SweepConfig:
    return make_config(search={"trials": trials, "stop_when_settled": on})


def run_flat(search: Search, count: int) -> list[str]:
    """Run trials that all score alike, as far as they are proposed."""
    names: list[str] = []
    while len(names) < count and (spec := search.next_trial()) is not None:
        names.append(spec.trial_id)
        run_whole(search, [5.0, 5.0], trial=spec.trial_id)
    return names


def test_a_search_that_has_settled_says_so_once_and_proposes_no_more(tmp_path: Path) -> None:
    with opened_search(tmp_path, settling()) as search:
        assert len(run_flat(search, 40)) == MIN_FINISHED
        assert search.next_trial() is None
    (end,) = events_of(tmp_path, "proposing_ended")
    assert end["cause"] == "settled"
    assert end["reason"] == (
        "expected gain of 28 more trials 0.0% is below the re-evaluation error 1.3%"
    )


def test_a_resumed_search_settles_as_the_undisturbed_one(tmp_path: Path) -> None:
    with opened_search(tmp_path / "whole", settling()) as search:
        whole = run_flat(search, 40)
    parts = []
    for _ in range(8):
        with opened_search(tmp_path / "parts", settling()) as search:
            parts += run_flat(search, 2)
    assert parts == whole
    ends = [events_of(tmp_path / name, "proposing_ended") for name in ("whole", "parts")]
    assert [len(end) for end in ends] == [1, 1]
    assert ends[0][0]["reason"] == ends[1][0]["reason"]


def test_a_search_goes_on_when_the_spec_no_longer_asks_whether_it_settled(tmp_path: Path) -> None:
    with opened_search(tmp_path, settling()) as search:
        run_flat(search, 40)
    with opened_search(tmp_path, settling(trials=80)) as more_planned:
        assert more_planned.next_trial() is None
    with opened_search(tmp_path, settling(on=False)) as search:
        assert len(run_flat(search, 40)) == 40 - MIN_FINISHED
        assert search.history.proposing_end is None


def test_failures_alone_never_settle_a_search(tmp_path: Path) -> None:
    with opened_search(tmp_path, settling()) as search:
        while (spec := search.next_trial()) is not None:
            cause = f"of trial {spec.index}"  # alike, they would stop the sweep
            search.lost(spec.trial_id, FaultKind.BAD_CODE, "it raised", cause=cause)
    assert len(events_of(tmp_path, "proposed")) == 40


def test_both_objectives_reach_the_sampler(tmp_path: Path) -> None:
    config = make_config(search={"objectives": ["fid", "coverage"]})
    sampler = WatchedSampler(directions=("minimize", "maximize"))
    with opened_search(tmp_path, config, sampler=sampler) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, evaluation_message(trial, 2, 5.0, coverage=0.7))
        search.receive(trial, completed_message())
    ((_, outcome),) = sampler.told
    assert outcome.values == pytest.approx((log(5.0), 0.7))
    assert (outcome.nimg, outcome.is_final) == (2000, True)


def test_what_was_selected_is_on_record(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        search.select({"trial_id": "lusab-babad", "fid": 1.5}, {"fid": 1.6})
        assert search.history.selection == {"trial_id": "lusab-babad", "fid": 1.5}
    assert replayed(tmp_path).certificate == {"fid": 1.6}


def test_the_listener_hears_of_every_event_when_the_history_has_it(tmp_path: Path) -> None:
    watcher = Watcher()
    with opened_search(tmp_path, listener=watcher) as search:
        run_whole(search, [5.0], trial=next_trial(search).trial_id)
    assert [name for name, _ in watcher.seen] == [event["event"] for event in events_of(tmp_path)]
    assert watcher.seen[-1] == ("finished", 1)


def paused_search(
    folder: Path, *, trials: int = 3, promoted: bool = False, **sections: Any
) -> AbstractContextManager[Search]:
    """Open a search whose first trial the scheduler pauses, or did pause, after a row."""
    config = make_config(search={"trials": trials}, **sections)
    with opened_search(folder, config) as search:
        if not search.history.trials:
            next_trial(search)
        first = next(iter(search.history.trials))
    scheduler = ScriptedScheduler(pause_at={first: 1}, promoted=[first] if promoted else [])
    return opened_search(folder, config, scheduler=scheduler)


def send(search: Search, trial: str, *steps: int, action: Action = Action.GO_ON) -> bool:
    """Start a trial and send evaluations of these steps; return the answer to the last."""
    search.receive(trial, {"kind": "started"})
    answers = [
        search.receive(trial, evaluation_message(trial, step, 9.0, action=action)) for step in steps
    ]
    return answers[-1]


def test_a_pause_ends_the_attempt_and_is_on_record_with_its_reason(tmp_path: Path) -> None:
    with paused_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        assert send(search, trial, 0)
        assert search.receive(trial, evaluation_message(trial, 1, 1.0))  # too late: it is paused
        assert search.receive(trial, completed_message())
    (event,) = events_of(tmp_path, "paused")
    assert (event["trial_id"], event["by"], event["rung"]) == (trial, "scheduler", 0)
    assert event["reason"] == "outclassed by script"
    record = replayed(tmp_path).trials[trial].record
    assert (record.status, record.num_evaluations) == (TrialStatus.PAUSED, 1)
    described = json.loads(RunPaths(tmp_path).trial(trial).description.read_text())
    assert (described["status"], described["reason"]) == ("paused", "outclassed by script")


def test_the_sampler_learns_the_score_of_a_paused_trial_also_when_it_is_recalled(
    tmp_path: Path,
) -> None:
    with paused_search(tmp_path) as search:
        send(search, next_trial(search).trial_id, 0)
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler):
        assert sampler.scores == [pytest.approx(log(9.0))]


def test_a_promoted_trial_goes_before_new_ones_and_is_decided_on_new_rows_only(
    tmp_path: Path,
) -> None:
    with paused_search(tmp_path, promoted=True) as search:
        first = next_trial(search)
        assert send(search, first.trial_id, 0)
        assert next_trial(search) == first
        assert next_trial(search).index == 1  # it runs: it is not handed out twice
        before = events_of(tmp_path)
        assert not search.receive(first.trial_id, evaluation_message(first.trial_id, 0, 9.0))
        assert events_of(tmp_path) == before
        assert not send(search, first.trial_id, 0, 1)
        assert search.receive(first.trial_id, completed_message())
    (event,) = events_of(tmp_path, "resumed")
    assert (event["trial_id"], event["reason"]) == (first.trial_id, "promoted by the scheduler")
    record = replayed(tmp_path).trials[first.trial_id].record
    assert (record.status, record.num_attempts) == (TrialStatus.COMPLETED, 2)


def test_a_promotion_that_was_not_begun_is_the_first_that_a_resumed_search_hands_out(
    tmp_path: Path,
) -> None:
    with paused_search(tmp_path, promoted=True) as search:
        first = next_trial(search)
        send(search, first.trial_id, 0)
        assert next_trial(search) == first
    with paused_search(tmp_path, promoted=True) as resumed:
        assert next_trial(resumed) == first
    assert len(events_of(tmp_path, "resumed")) == 1


def test_trials_that_nobody_promotes_are_finished_when_nothing_else_is_to_be_done(
    tmp_path: Path,
) -> None:
    with paused_search(tmp_path, trials=2) as search:
        first, second = next_trial(search).trial_id, next_trial(search).trial_id
        send(search, first, 0)
        assert search.next_trial() is None
        assert not search.is_over  # what runs may yet lead to a promotion
        assert search.history.trials[first].record.status is TrialStatus.PAUSED
        run_whole(search, [5.0], trial=second)
        assert search.next_trial() is None
    record = replayed(tmp_path).trials[first].record
    assert (record.status, record.stopped_by) == (TrialStatus.STOPPED, StoppedBy.SCHEDULER)
    assert record.reason == "outclassed by script; never resumed"


def test_as_a_last_resort_the_scheduler_is_asked_once_more(tmp_path: Path) -> None:
    with paused_search(tmp_path, trials=2) as search:
        first, second = next_trial(search).trial_id, next_trial(search).trial_id
        scheduler = search._rulings._scheduler
        assert isinstance(scheduler, ScriptedScheduler)
        scheduler.last_resorts = [first]
        send(search, first, 0)
        assert search.next_trial() is None
        run_whole(search, [5.0], trial=second)
        assert next_trial(search).trial_id == first
        run_whole(search, [9.0, 8.0], trial=first)
        assert search.next_trial() is None
    assert replayed(tmp_path).trials[first].record.status is TrialStatus.COMPLETED


def test_a_suspect_trial_frees_its_slot_and_goes_on_when_nothing_else_is_to_be_done(
    tmp_path: Path,
) -> None:
    with opened_search(tmp_path, make_config(search={"trials": 2})) as search:
        suspect = next_trial(search)
        assert send(search, suspect.trial_id, 0, action=Action.PAUSE)
        other = next_trial(search)
        assert other.index == 1
        assert next_trial(search) == suspect  # though the other runs: a slot was idle
        run_whole(search, [5.0], trial=other.trial_id)
        run_whole(search, [9.0], trial=suspect.trial_id)
        assert search.next_trial() is None
    (paused,) = events_of(tmp_path, "paused")
    assert (paused["by"], paused["rung"], paused["reason"]) == ("verdict", None, "FID 9")
    assert events_of(tmp_path, "resumed")[0]["reason"] == "suspect, but nothing else is to be done"


def test_the_most_promising_suspect_goes_on_first(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        names = [next_trial(search).trial_id for _ in range(3)]
        for trial, fid in zip(names, [9.0, 3.0, 5.0], strict=True):
            search.receive(trial, evaluation_message(trial, 0, fid, action=Action.PAUSE))
        assert [next_trial(search).trial_id for _ in range(3)] == [names[1], names[2], names[0]]


def test_an_alarm_that_goes_on_does_not_pause_a_resumed_trial_again(tmp_path: Path) -> None:
    def row(step: int, action: Action) -> bool:
        return search.receive(trial, evaluation_message(trial, step, 9.0, action=action))

    config = make_config(search={"trials": 1}, budget={"kimg_per_trial": 9})
    with opened_search(tmp_path, config) as search:
        trial = next_trial(search).trial_id
        assert row(0, Action.PAUSE)
        assert next_trial(search).trial_id == trial
        assert not row(0, Action.PAUSE)  # repeated
        assert not row(1, Action.PAUSE)  # the same alarm
        assert not row(2, Action.GO_ON)
        assert row(3, Action.PAUSE)  # a new one


def test_at_the_end_of_its_budget_no_trial_is_paused(tmp_path: Path) -> None:
    with paused_search(tmp_path, budget={"kimg_per_trial": 1}) as search:
        trial = next_trial(search).trial_id
        assert not search.receive(trial, evaluation_message(trial, 1, 9.0, action=Action.PAUSE))
        assert search.receive(trial, completed_message())
    assert replayed(tmp_path).trials[trial].record.stopped_by is StoppedBy.BUDGET


def test_nothing_is_resumed_once_the_hours_are_spent(tmp_path: Path) -> None:
    with paused_search(tmp_path, trials=2, promoted=True, budget={"max_hours": 1}) as search:
        trial = next_trial(search).trial_id
        send(search, trial, 0)
        suspect = next_trial(search).trial_id
        assert suspect == trial  # promoted
        send(search, trial, 0, 1)
        search.receive(trial, evaluation_message(trial, 2, 9.0, action=Action.PAUSE))
        search.history.used_s = 3600.0
        assert search.next_trial() is None
        assert search.is_over
    record = replayed(tmp_path).trials[trial].record
    assert (record.status, record.stopped_by) == (TrialStatus.STOPPED, StoppedBy.CAP)
    assert record.reason == "budget.max_hours = 1: 1 h are spent"


@pytest.mark.parametrize(
    ("last", "ending"),
    [
        ({"step": 3, "fid": 5.0}, completed_message()),  # of 3 kimg
        (
            {"step": 1, "fid": nan, "action": Action.STOP_REJECT},
            finished(TrialStatus.STOPPED, StoppedBy.VERDICT, reason="FID is nan", verdict="dead"),
        ),
    ],
)
def test_a_trial_whose_last_message_a_kill_took_ends_as_it_would_have_beside_a_cap(
    tmp_path: Path, last: dict[str, Any], ending: dict[str, Any]
) -> None:
    config = make_config(budget={"max_hours": 1})
    with opened_search(tmp_path, config, clock=hours(0, 0, 2)) as search:
        spec = next_trial(search)
        assert not search.receive(spec.trial_id, evaluation_message(spec.trial_id, **last))
    with opened_search(tmp_path, config) as resumed:
        assert resumed.next_trial() == spec  # it costs nothing: all of its rows are there
        assert resumed.receive(spec.trial_id, ending)
        assert resumed.next_trial() is None
    record = replayed(tmp_path).trials[spec.trial_id].record
    assert record.stopped_by == ending["stopped_by"]


def test_a_cap_that_is_passed_when_all_is_proposed_ended_no_proposing(tmp_path: Path) -> None:
    config = make_config(search={"trials": 1}, budget={"max_hours": 1})
    with opened_search(tmp_path, config, clock=hours(0, 0, 2)) as search:
        trial = next_trial(search).trial_id
        assert search.receive(trial, evaluation_message(trial, 0, 5.0))
        assert search.next_trial() is None
    assert len(events_of(tmp_path, "finished")) == 1
    assert not events_of(tmp_path, "proposing_ended")


def test_a_capped_search_decides_the_same_whenever_it_is_opened_anew(tmp_path: Path) -> None:
    """Rows carry the GPU hours of trials, so no clock of a driver matters to a cap on those."""
    config = make_config(
        search={"trials": 9},
        scheduler={"kind": "asha", "grace_kimg": 2, "reduction": 2},
        budget={"kimg_per_trial": 9, "max_gpu_hours": 20},
        resources={"gpus_per_trial": 1},
    )

    def play(folder: Path, *, always_anew: bool) -> list[tuple[str, str, str]]:
        is_over = False
        while not is_over:
            with opened_search(folder, config, scheduler=make_scheduler(config)) as search:
                while (spec := search.next_trial()) is not None:
                    play_hours(search, spec)
                    if always_anew:
                        break
                is_over = search.is_over
        ends = events_of(folder, "finished")
        return [(each["trial_id"], each["stopped_by"], each["reason"]) for each in ends]

    whole = play(tmp_path / "whole", always_anew=False)
    assert play(tmp_path / "parts", always_anew=True) == whole
    assert "cap" in [stopped_by for _, stopped_by, _ in whole]


def play_hours(search: Search, spec: TrialSpec) -> None:
    """Send rows of a trial until it is told to leave; each thousand images take an hour."""
    search.receive(spec.trial_id, {"kind": "started"})
    for step in range(10):
        fid = 9.0 + spec.index % 4 - step / 2
        row = evaluation_message(spec.trial_id, step, fid, seconds=3600.0 * step)
        if search.receive(spec.trial_id, row):
            return
    search.receive(spec.trial_id, completed_message())


def test_what_waited_when_the_hours_were_spent_waits_on_once_the_cap_is_raised(
    tmp_path: Path,
) -> None:
    with paused_search(tmp_path, trials=2, budget={"max_hours": 1}) as search:
        trial = next_trial(search).trial_id
        send(search, trial, 0)
        search.history.used_s = 3600.0
        assert search.next_trial() is None
        assert search.history.trials[trial].record.stopped_by is StoppedBy.CAP
    sampler, scheduler = WatchedSampler(), ScriptedScheduler(pause_at={trial: 1})
    config = make_config(search={"trials": 2})
    with opened_search(tmp_path, config, sampler=sampler, scheduler=scheduler) as raised:
        record = raised.history.trials[trial].record
        assert (record.status, record.reason) == (TrialStatus.PAUSED, "outclassed by script")
        assert sampler.scores[-1] == pytest.approx(log(9.0))
        assert scheduler.ends == []
        second = next_trial(raised)
        assert second.index == 1
        scheduler.promoted = [trial]
        assert next_trial(raised).trial_id == trial


def test_whom_nobody_resumed_waits_again_once_more_trials_are_to_come(tmp_path: Path) -> None:
    with paused_search(tmp_path, trials=1) as search:
        trial = next_trial(search).trial_id
        send(search, trial, 0)
        assert search.next_trial() is None
        assert search.history.trials[trial].waited_in_vain
        search.select({"trial_id": trial}, {"fid": 9.0})
    with paused_search(tmp_path, trials=1) as same:
        assert same.is_over
        assert same.history.selection is not None
    sampler, scheduler = WatchedSampler(), ScriptedScheduler(pause_at={trial: 1})
    config = make_config(search={"trials": 2})
    with opened_search(tmp_path, config, sampler=sampler, scheduler=scheduler) as raised:
        record = raised.history.trials[trial].record
        assert (record.status, record.reason) == (TrialStatus.PAUSED, "outclassed by script")
        assert raised.history.selection is None  # it did not choose among what is to come
        assert sampler.scores[-1] == pytest.approx(log(9.0))
        assert scheduler.ends == []
        assert next_trial(raised).index == 1
        scheduler.promoted = [trial]
        assert next_trial(raised).trial_id == trial
    assert len(events_of(tmp_path, "reopened")) == 1


def test_whom_nobody_resumed_does_not_wait_again_once_the_finals_have_begun(
    tmp_path: Path,
) -> None:
    with paused_search(tmp_path, trials=1) as search:
        trial = next_trial(search).trial_id
        send(search, trial, 0)
        assert search.next_trial() is None
        search.replicate([search.history.trials[trial].record], 1)
        next_trial(search)
    with paused_search(tmp_path, trials=2) as raised:
        assert raised.history.trials[trial].waited_in_vain
    assert not events_of(tmp_path, "reopened")


def test_trials_that_come_later_promote_whom_the_end_of_the_sweep_had_cut_short(
    tmp_path: Path,
) -> None:
    """Neither do those that wait count as gone on: promotions come as early as they did before."""
    spec = {"kind": "asha", "grace_kimg": 2, "reduction": 2, "tie_sds": 0}
    few, many = (
        make_config(search={"trials": n}, budget={"kimg_per_trial": 9}, scheduler=spec)
        for n in (5, 9)
    )
    with opened_search(tmp_path / "whole", few, scheduler=make_scheduler(few)) as search:
        while (order := search.next_trial()) is not None:
            play_out(search, order)
        waited = {name for name, each in search.history.trials.items() if each.waited_in_vain}
    assert waited
    shutil.copytree(tmp_path / "whole", tmp_path / "parts")
    with opened_search(tmp_path / "whole", many, scheduler=make_scheduler(many)) as raised:
        while (order := raised.next_trial()) is not None:
            play_out(raised, order)
    resumed = events_of(tmp_path / "whole", "resumed")
    last_end = max(event["seq"] for event in events_of(tmp_path / "whole", "reopened"))
    assert waited & {event["trial_id"] for event in resumed if event["seq"] > last_end}
    is_over = False
    while not is_over:
        with opened_search(tmp_path / "parts", many, scheduler=make_scheduler(many)) as search:
            if (order := search.next_trial()) is not None:
                play_out(search, order, at_most=1)
            is_over = search.is_over
    assert decisions_of(tmp_path / "parts") == decisions_of(tmp_path / "whole")


@pytest.mark.parametrize(
    ("verdict", "is_failure"), [(VerdictKind.COLLAPSED, True), (VerdictKind.CONVERGED, False)]
)
def test_the_scheduler_hears_of_every_end_and_whether_the_trial_broke(
    tmp_path: Path, verdict: VerdictKind, is_failure: bool
) -> None:
    scheduler = ScriptedScheduler()
    with opened_search(tmp_path, scheduler=scheduler) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, evaluation_message(trial, 0, 9.0))
        search.receive(trial, completed_message(verdict))
    assert scheduler.ends == [(trial, is_failure)]
    again = ScriptedScheduler()
    with opened_search(tmp_path, scheduler=again):
        assert again.ends == scheduler.ends


@pytest.mark.parametrize("kind", ["asha", "hyperband", "median", "pbt"])
def test_a_search_that_is_opened_anew_at_every_event_decides_the_same(
    tmp_path: Path, kind: str
) -> None:
    scheduler = {"kind": kind, "grace_kimg": 2, "reduction": 2, "min_trials": 2}
    scheduler |= {"interval_kimg": 2, "quantile": 0.5, "significant_sds": 0.0}
    sections = {"search": {"trials": 9}, "budget": {"kimg_per_trial": 9}, "scheduler": scheduler}
    config = make_config(**sections)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    with opened_search(whole, config, scheduler=make_scheduler(config)) as search:
        while (spec := search.next_trial()) is not None:
            play_out(search, spec)
    is_over = False
    while not is_over:
        with opened_search(parts, config, scheduler=make_scheduler(config)) as search:
            spec = search.next_trial()
            if spec is not None:
                play_out(search, spec, at_most=1)
            is_over = search.is_over
    assert decisions_of(parts) == decisions_of(whole)
    assert any(event["event"] == "resumed" for event in events_of(whole)) or kind == "median"


def play_out(search: Search, spec: TrialSpec, at_most: int = 99) -> None:
    """Send what a trial of this index sends, at most so many new rows before it is killed."""
    num_known = search.history.trials[spec.trial_id].record.num_evaluations
    search.receive(spec.trial_id, {"kind": "started"})
    level = 5.0 + (7 * spec.index) % 9
    for step in range(min(10, num_known + at_most)):
        if search.receive(spec.trial_id, evaluation_message(spec.trial_id, step, level + 9 - step)):
            return
    if num_known + at_most >= 10:
        search.receive(spec.trial_id, completed_message())


def decisions_of(folder: Path) -> list[dict[str, Any]]:
    """Return the journal without what tells sessions and attempts apart."""
    return [
        {key: value for key, value in event.items() if key not in ("seq", "time_s", "epoch")}
        for event in events_of(folder)
        if event["event"] not in ("opened", "started")
    ]


def test_a_journal_of_a_version_that_knew_no_pauses_goes_on_where_it_stood(tmp_path: Path) -> None:
    config = make_config(search={"trials": 2}, budget={"kimg_per_trial": 9})
    with opened_search(tmp_path, config) as search:  # under a scheduler that lets all go on
        beyond, at_rung = next_trial(search).trial_id, next_trial(search).trial_id
        assert not send(search, beyond, 0, 1, 2, 3)
        assert not send(search, at_rung, 0, 1, 2)
    asha = AshaScheduler(grace_nimg=2000, reduction=3, budget_nimg=9000)
    with opened_search(tmp_path, config, scheduler=asha) as resumed:
        assert next_trial(resumed).trial_id == beyond  # it has passed its rung long ago
        assert resumed.history.trials[at_rung].record.status is TrialStatus.PAUSED


def test_replicates_follow_the_search_on_seeds_that_the_finalists_share(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        finalists = [next_trial(search).trial_id for _ in range(3)][:2]
        for name in finalists:
            run_whole(search, [5.0], trial=name)
        records = [search.history.trials[name].record for name in finalists]
        search.replicate(records, 2)
        specs = [next_trial(search) for _ in range(4)]
        assert search.next_trial() is None
    assert [spec.index for spec in specs] == [3, 4, 5, 6]
    assert [spec.params for spec in specs] == 2 * [record.params for record in records]
    assert [spec.seed for spec in specs[::2]] == [spec.seed for spec in specs[1::2]]
    assert len({spec.trial_id for spec in specs} | set(finalists)) == 6
    proposed = events_of(tmp_path, "proposed")[3:]
    assert [event["replicate_of"] for event in proposed] == 2 * finalists


def test_neither_sampler_nor_scheduler_hears_of_replicates(tmp_path: Path) -> None:
    sampler, scheduler = WatchedSampler(), ScriptedScheduler(stop_after={1: 1})
    with opened_search(tmp_path, sampler=sampler, scheduler=scheduler) as search:
        finalist = next_trial(search).trial_id
        run_whole(search, [5.0], trial=finalist)
        search.replicate([search.history.trials[finalist].record], 1)
        replicate = next_trial(search).trial_id
        search.receive(replicate, {"kind": "started"})
        assert not search.receive(replicate, evaluation_message(replicate, 0, 99.0))
        search.receive(replicate, completed_message())
    assert [index for index, _ in sampler.told] == [0]
    assert scheduler.reports == [(finalist, 1)]
    assert scheduler.ends == [(finalist, False)]
    sampler, scheduler = WatchedSampler(), ScriptedScheduler()
    with opened_search(tmp_path, sampler=sampler, scheduler=scheduler):
        assert [index for index, _ in sampler.told] == [0]
        assert scheduler.reports == [(finalist, 1)]


def test_once_the_finals_have_begun_nothing_more_is_proposed(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        finalist = next_trial(search).trial_id
        run_whole(search, [5.0], trial=finalist)
        search.replicate([search.history.trials[finalist].record], 2)
        begun = next_trial(search)
        search.receive(begun.trial_id, {"kind": "started"})
    with opened_search(tmp_path) as search:
        assert search.num_to_propose == 0
        assert next_trial(search).trial_id == begun.trial_id
        assert search.next_trial() is None  # two of three trials were never proposed
        search.replicate([search.history.trials[finalist].record], 2)
        assert next_trial(search).trial_id != begun.trial_id
        assert search.next_trial() is None


def test_replicates_end_at_a_cap_and_go_on_once_it_is_raised(tmp_path: Path) -> None:
    with opened_search(tmp_path, make_config(budget={"max_hours": 1})) as search:
        finalist = next_trial(search).trial_id
        run_whole(search, [5.0], trial=finalist)
        search.replicate([search.history.trials[finalist].record], 2)
        first = next_trial(search)
        search.history.used_s = 3600.0
        evaluation = evaluation_message(first.trial_id, 0, 5.0)
        assert search.receive(first.trial_id, evaluation)
        assert search.next_trial() is None
        assert search.is_over
    with opened_search(tmp_path) as raised:
        assert next_trial(raised) == first


def test_equal_finalists_are_replicated_once(tmp_path: Path) -> None:
    with opened_search(tmp_path, sampler=WatchedSampler(ONE_CHOICE)) as search:
        names = [next_trial(search).trial_id for _ in range(3)]
        search.replicate([search.history.trials[name].record for name in names], 2)
        assert [spec.index for spec in [next_trial(search), next_trial(search)]] == [3, 4]
        assert search.next_trial() is None


def adjusted_message(step: int, num_rollbacks: int = 0, died_nimg: int | None = None) -> Message:
    adjustment = Adjustment(
        step=step,
        nimg=1000 * step,
        d_steps=2,
        g_steps=1,
        lr_factor=0.5**num_rollbacks,
        num_rollbacks=num_rollbacks,
        reason="so decided",
        died_nimg=died_nimg,
    )
    return adjusted(adjustment)


def rolled_back(trial: str) -> list[Message]:
    """Return the messages of a trial that dies after 3 kimg and goes back to 1."""
    rows = [evaluation_message(trial, step, 9.0 - step) for step in range(3)]
    dead = evaluation_message(trial, 3, nan, action=Action.ROLL_BACK)
    again = [{**evaluation_message(trial, step, 8.0), "num_rollbacks": 1} for step in (2, 3)]
    rollback = adjusted_message(1, num_rollbacks=1, died_nimg=3000)
    return [{"kind": "started"}, *rows, dead, rollback, *again]


def test_an_adjustment_is_in_the_journal_and_beside_the_trial(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        search.receive(trial, evaluation_message(trial, 1, 9.0))
        for _ in range(2):  # as a resumed trial repeats it
            assert not search.receive(trial, adjusted_message(1))
        (event,) = events_of(tmp_path, "adjusted")
        described = json.loads(RunPaths(tmp_path).trial(trial).description.read_text())
    assert event["trial_id"] == trial
    assert event["adjustment"]["nimg"] == 1000
    assert event["adjustment"]["reason"] == "so decided"
    assert described["adjustments"] == [event["adjustment"]]


@pytest.mark.parametrize("num_heard", range(1, 9))
def test_a_roll_back_is_heard_once_however_often_the_sweep_is_resumed(
    tmp_path: Path, num_heard: int
) -> None:
    with opened_search(tmp_path) as search:
        trial = next_trial(search).trial_id
        messages = rolled_back(trial)
        for message in messages[:num_heard]:
            assert not search.receive(trial, message)
    with opened_search(tmp_path) as search:
        assert next_trial(search).trial_id == trial
        # it goes on from its checkpoint: what it abandoned it does not tell again
        known = messages if num_heard < 6 else [*messages[:3], *messages[5:]]
        for message in known:
            assert not search.receive(trial, message)
        found = search.history.trials[trial]
    told = [(e["evaluation"]["step"], e["num_rollbacks"]) for e in events_of(tmp_path, "evaluated")]
    assert told == [(0, 0), (1, 0), (2, 0), (3, 0), (2, 1), (3, 1)]
    assert len(events_of(tmp_path, "adjusted")) == 1
    assert [row.step for row in found.evaluations] == [0, 1, 2, 3]
    assert replayed(tmp_path).trials[trial].to_mapping() == found.to_mapping()


def test_the_scheduler_hears_neither_of_a_row_that_is_rolled_back_nor_of_the_way_back_to_it(
    tmp_path: Path,
) -> None:
    live, resumed = ScriptedScheduler(), ScriptedScheduler()
    with opened_search(tmp_path, scheduler=live) as search:
        trial = next_trial(search).trial_id
        for message in rolled_back(trial):
            search.receive(trial, message)
    with opened_search(tmp_path, scheduler=resumed):
        pass
    assert live.reports == resumed.reports == [(trial, count) for count in (1, 2, 3, 4)]


def test_a_promoted_trial_that_goes_back_below_its_rung_is_not_paused_again(tmp_path: Path) -> None:
    asha = AshaScheduler(grace_nimg=2000, reduction=2, budget_nimg=4000)
    config = make_config(search={"trials": 1}, budget={"kimg_per_trial": 4})
    with opened_search(tmp_path, config, scheduler=asha) as search:
        trial = next_trial(search).trial_id
        assert send(search, trial, 0, 1, 2)  # it waits for a second one to be compared with
        assert next_trial(search).trial_id == trial
        dead = evaluation_message(trial, 3, nan, action=Action.ROLL_BACK)
        for message in (dead, adjusted_message(0, num_rollbacks=1, died_nimg=3000)):
            assert not search.receive(trial, message)
        for step in (1, 2, 3, 4):
            again = evaluation_message(trial, step, 8.0) | {"num_rollbacks": 1}
            assert not search.receive(trial, again)
    assert len(events_of(tmp_path, "paused")) == 1


def test_hours_count_what_was_abandoned(tmp_path: Path) -> None:
    config = make_config(
        budget={"kimg_per_trial": 3, "max_gpu_hours": 1.0}, resources={"gpus_per_trial": 1}
    )
    with opened_search(tmp_path, config) as search:
        trial = next_trial(search).trial_id
        for step, seconds in ((1, 100.0), (2, 3500.0)):
            row = evaluation_message(trial, step, 9.0, seconds=seconds, eval_seconds=60.0)
            search.receive(trial, row)
        search.receive(trial, adjusted_message(1, num_rollbacks=1, died_nimg=2000))
        search.receive(trial, completed_message())
        assert search.next_trial() is None  # 3500 s of training, twice 60 s of measuring


def population(folder: Path, **changes: Any) -> AbstractContextManager[Search]:
    """Open a search of trials that are compared at 2 kimg, the worse half with the better one."""
    scheduler = {"kind": "pbt", "interval_kimg": 2, "quantile": 0.5, "significant_sds": 0.0}
    config = make_config(search={"trials": 3}, scheduler=scheduler, **changes.pop("sections", {}))
    return opened_search(folder, config, **{"scheduler": make_scheduler(config)} | changes)


def play_to_an_exploit(search: Search) -> tuple[TrialSpec, TrialSpec]:
    """Run a good trial to its end, and a bad one up to where it is compared; return both."""
    good = next_trial(search)
    run_whole(search, [9.0, 5.0, 2.0, 1.0], trial=good.trial_id)
    bad = next_trial(search)
    assert not send(search, bad.trial_id, 0, 1)
    assert send(search, bad.trial_id, 2)
    return good, bad


def test_an_exploit_is_on_record_and_ends_the_attempt(tmp_path: Path) -> None:
    with population(tmp_path) as search:
        good, bad = play_to_an_exploit(search)
        assert search.receive(bad.trial_id, evaluation_message(bad.trial_id, 3, 1.0))  # too late
    (event,) = events_of(tmp_path, "exploited")
    exploit = event["exploit"]
    assert event["trial_id"] == bad.trial_id
    assert (exploit["donor"], exploit["donor_nimg"]) == (good.trial_id, 2000)
    assert (exploit["nimg"], exploit["step"]) == (2000, 2)
    assert exploit["old_params"] == bad.params
    assert exploit["donor_params"] == good.params
    moved = exploit["params"]["d_lr"] / good.params["d_lr"]
    assert moved in (pytest.approx(0.8), pytest.approx(1.2))
    assert "log FID 2.20 beside 1.61 of" in exploit["reason"]
    described = json.loads(RunPaths(tmp_path).trial(bad.trial_id).description.read_text())
    assert (described["exploits"], described["inherited_from"]) == ([exploit], good.trial_id)


@pytest.mark.parametrize("is_opened_anew", [False, True])
def test_it_goes_on_before_anything_else_with_what_it_took_over(
    tmp_path: Path, is_opened_anew: bool
) -> None:
    with population(tmp_path) as search:
        good, bad = play_to_an_exploit(search)
        again = None if is_opened_anew else next_trial(search)
    if again is None:
        with population(tmp_path) as search:
            again = next_trial(search)
            assert next_trial(search).index == 2  # the bad one runs: it is not handed out twice
    (exploit,) = again.exploits
    assert (again.trial_id, again.seed) == (bad.trial_id, bad.seed)
    assert (exploit.donor, again.params) == (good.trial_id, exploit.params)
    assert len(events_of(tmp_path, "exploited")) == 1
    (event,) = events_of(tmp_path, "resumed")
    assert event["reason"] == f"from the weights of {good.trial_id}"


def test_a_kill_before_the_exploit_is_on_record_does_not_change_it(tmp_path: Path) -> None:
    with population(tmp_path / "whole") as search:
        play_to_an_exploit(search)
    lines = RunPaths(tmp_path / "whole").journal.read_text().splitlines(keepends=True)
    journal = RunPaths(tmp_path / "killed").journal
    journal.parent.mkdir()
    journal.write_text("".join(lines[:-1]))
    with population(tmp_path / "killed"):
        pass
    killed, whole = (
        [event["exploit"] for event in events_of(tmp_path / name, "exploited")]
        for name in ("killed", "whole")
    )
    assert len(whole) == 1
    assert killed == whole


def test_the_sampler_is_not_told_what_inherited_weights_have_reached(tmp_path: Path) -> None:
    sampler, again = WatchedSampler(), WatchedSampler()
    with population(tmp_path, sampler=sampler) as search:
        _, bad = play_to_an_exploit(search)
        assert next_trial(search).trial_id == bad.trial_id
        search.receive(bad.trial_id, {"kind": "started"})
        search.receive(bad.trial_id, evaluation_message(bad.trial_id, 3, 0.5))
        search.receive(bad.trial_id, completed_message())
    assert [index for index, _ in sampler.told] == [0, 1]
    assert sampler.scores[1] == pytest.approx(log(9.0))  # of its own weights
    with population(tmp_path, sampler=again):
        assert again.told == sampler.told


def test_an_exploit_that_a_cap_delays_is_carried_out_once_it_is_raised(tmp_path: Path) -> None:
    with population(tmp_path) as search:
        _, bad = play_to_an_exploit(search)
    spent = {"sections": {"budget": {"max_hours": 1e-9}}}
    with population(tmp_path, clock=iter(range(0, 9999, 60)), **spent) as search:
        assert search.next_trial() is None
    assert events_of(tmp_path, "finished")[-1]["stopped_by"] == "cap"
    with population(tmp_path) as search:
        again = next_trial(search)
        assert (again.trial_id, len(again.exploits)) == (bad.trial_id, 1)
        assert next_trial(search).index == 2


def test_a_disk_that_is_full_under_a_trial_ends_the_driver_and_tells_nobody_of_a_bad_trial(
    tmp_path: Path,
) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        spec = search.next_trial()
        assert spec is not None
        search.receive(spec.trial_id, {"kind": "started"})
        with pytest.raises(SweepHalted, match="no room"):
            search.receive(spec.trial_id, failed(FaultKind.STORAGE, reason="no room"))
    assert sampler.told == []
    with opened_search(tmp_path) as search:
        again = search.next_trial()
        assert again is not None
        assert again.trial_id == spec.trial_id


def test_what_a_trial_mended_is_on_record(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        spec = search.next_trial()
        assert spec is not None
        assert not search.receive(spec.trial_id, mended("put aside"))
    (event,) = events_of(tmp_path, "mended")
    assert (event["trial_id"], event["note"]) == (spec.trial_id, "put aside")
