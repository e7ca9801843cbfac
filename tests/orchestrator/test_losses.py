from pathlib import Path

import pytest

from orchestrator.errors import SweepError, SweepHalted
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.records import FaultKind, Retry, StoppedBy, TrialStatus
from orchestrator.search import Search
from orchestrator.trial.spec import failed, started
from tests.orchestrator.scripted import (
    WatchedSampler,
    completed_message,
    evaluation_message,
    events_of,
    make_config,
    opened_search,
)

KILLED, CODE = FaultKind.PROCESS_KILLED, FaultKind.BAD_CODE
MANY = make_config(search={"trials": 100}, faults={"alike_failures": 3})


def begin(search: Search) -> str:
    spec = search.next_trial()
    assert spec is not None
    search.receive(spec.trial_id, started(node="n1", host="10.0.0.5", pid=7))
    return spec.trial_id


def replayed(folder: Path) -> SweepHistory:
    return SweepHistory.replay(read_journal(RunPaths(folder).journal))


def test_a_lost_attempt_is_on_record_and_the_trial_comes_again_first(tmp_path: Path) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        name = begin(search)
        search.receive(name, evaluation_message(name, 2, 9.0))
        search.lost(name, KILLED, "its worker process died")
        assert search.history.trials[name].record.status is TrialStatus.PENDING
        assert search.running == []
        assert not search.is_over
        assert begin(search) == name
        assert search.running == [name]
    (lost,) = replayed(tmp_path).trials[name].lost_attempts
    assert (lost.attempt, lost.fault, lost.retry) == (1, KILLED, Retry.SAME_PLACE)
    assert (lost.node, lost.host, lost.pid, lost.nimg) == ("n1", "10.0.0.5", 7, 2000)
    assert lost.why == "retry 1 of 3 without a new evaluation"
    assert replayed(tmp_path).trials[name].record.faults == "process_killed 1"
    assert sampler.told == []  # it may yet become something


def test_a_new_evaluation_lets_the_count_begin_anew(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        name = begin(search)
        for step in range(3):
            search.receive(name, evaluation_message(name, step, 9.0))
            for _ in range(3):
                search.lost(name, KILLED, "r")
                assert begin(search) == name
        search.receive(name, completed_message())
    record = replayed(tmp_path).trials[name].record
    assert (record.status, record.faults) == (TrialStatus.COMPLETED, "process_killed 9")


def test_the_sampler_hears_of_the_end_and_the_reason_tells_the_whole_story(tmp_path: Path) -> None:
    sampler = WatchedSampler()
    with opened_search(tmp_path, sampler=sampler) as search:
        for _ in range(4):
            name = begin(search)
            search.lost(name, KILLED, "its worker process died")
        assert begin(search) != name
    record = replayed(tmp_path).trials[name].record
    assert (record.status, record.stopped_by) == (TrialStatus.FAILED, StoppedBy.ERROR)
    before = 3 * ["process_killed after 0 kimg on 10.0.0.5, begun again"]
    assert record.reason == (
        "its worker process died; not retried: killed 4 times without a new evaluation; "
        f"before: {'; '.join(before)}"
    )
    assert sampler.scores == [None]


def test_a_driver_that_dies_before_it_told_the_end_tells_it_when_it_resumes(
    tmp_path: Path,
) -> None:
    with opened_search(tmp_path) as search:
        name = begin(search)
        search.receive(name, failed(CODE, reason="TypeError: x", cause="TypeError"))
    journal = RunPaths(tmp_path).journal
    lines = journal.read_text().splitlines(keepends=True)
    assert '"event":"finished"' in lines.pop()
    journal.write_text("".join(lines))
    with opened_search(tmp_path) as resumed:
        record = resumed.history.trials[name].record
        assert (record.status, record.reason) == (TrialStatus.FAILED, "TypeError: x")
        assert begin(resumed) != name


def test_a_worker_that_dies_before_the_trial_began_in_it_is_not_the_trials_fault(
    tmp_path: Path,
) -> None:
    memory = FaultKind.OUT_OF_MEMORY_HOST
    with opened_search(tmp_path) as search:
        name = begin(search)
        search.lost(name, memory, "killed for its memory")
        again = search.next_trial()
        assert again is not None
        search.lost(again.trial_id, memory, "killed for its memory")  # with a reused worker
        assert begin(search) == name
        search.lost(name, memory, "killed for its memory")
    lost = replayed(tmp_path).trials[name].lost_attempts
    assert [each.fault for each in lost] == [memory, FaultKind.TUNER_FAILED, memory]
    assert [each.retry for each in lost] == [Retry.ELSEWHERE, Retry.SAME_PLACE, Retry.NEVER]
    assert (lost[1].reason, lost[1].pid) == ("killed for its memory before it began", None)


def test_a_trial_that_was_resumed_has_not_begun_either(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        name = begin(search)
        search.receive(name, evaluation_message(name, 2, 9.0))
    with opened_search(tmp_path) as resumed:
        again = resumed.next_trial()
        assert again is not None
        assert again.trial_id == name
        resumed.lost(name, KILLED, "its worker process died")
    (lost,) = replayed(tmp_path).trials[name].lost_attempts
    assert (lost.fault, lost.retry) == (FaultKind.TUNER_FAILED, Retry.SAME_PLACE)
    assert (lost.reason, lost.host) == ("its worker process died before it began", "")


def test_what_a_trial_sends_that_was_lost_is_passed_over(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        name = begin(search)
        search.lost(name, KILLED, "r")
        before = events_of(tmp_path)
        search.lost(name, KILLED, "again, of the same attempt")
        assert events_of(tmp_path) == before


def test_a_failed_storage_halts_the_sweep_with_the_trial_as_it_was(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        name = begin(search)
        with pytest.raises(SweepHalted, match="OSError: disk full: no trial is blamed"):
            search.receive(name, failed(FaultKind.STORAGE, reason="OSError: disk full"))
    with opened_search(tmp_path) as resumed:
        assert begin(resumed) == name


def test_trials_that_all_fail_alike_stop_the_sweep_at_the_last_that_is_needed(
    tmp_path: Path,
) -> None:
    with opened_search(tmp_path, MANY) as search:
        for _ in range(2):
            search.receive(begin(search), failed(CODE, reason="TypeError: a", cause="here"))
        third = begin(search)
        with pytest.raises(SweepError, match=r"^all 3 trials so far have failed alike \(bad_code"):
            search.receive(third, failed(CODE, reason="TypeError: b", cause="here"))
    assert len(events_of(tmp_path, "finished")) == 3


def test_failures_of_different_causes_do_not(tmp_path: Path) -> None:
    with opened_search(tmp_path, MANY) as search:
        for number in range(10):
            cause = "here" if number % 2 else "there"
            search.receive(begin(search), failed(CODE, reason="TypeError: x", cause=cause))
    assert len(events_of(tmp_path, "finished")) == 10


def test_failures_after_a_trial_that_has_trained_do_not(tmp_path: Path) -> None:
    with opened_search(tmp_path, MANY) as search:
        trained = begin(search)
        search.receive(trained, evaluation_message(trained, 1, 9.0))
        for _ in range(10):
            search.receive(begin(search), failed(CODE, reason="TypeError: x", cause="here"))
        search.receive(trained, completed_message())
    assert len(events_of(tmp_path, "finished")) == 11


def test_a_measurement_before_any_training_shows_nothing(tmp_path: Path) -> None:
    mistake = failed(CODE, reason="TypeError: x", cause="here")
    with opened_search(tmp_path, MANY) as search:
        for _ in range(2):
            search.receive(begin(search), mistake)
        name = begin(search)
        search.receive(name, evaluation_message(name, 0, 9.0))
        with pytest.raises(SweepError, match="alike"):
            search.receive(name, mistake)
