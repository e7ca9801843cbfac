from pathlib import Path
from types import SimpleNamespace

from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from orchestrator.backends.raytune.search_door import SearchDoor
from orchestrator.backends.raytune.searcher import SearchAdapter, UntoldTrials
from orchestrator.backends.raytune.trainable import trial_id_in
from orchestrator.decision.asha import AshaScheduler
from orchestrator.records import FaultKind, Retry, TrialStatus
from orchestrator.search import Search
from tests.orchestrator.scripted import (
    completed_message,
    evaluation_message,
    events_of,
    make_config,
    opened_search,
    run_whole,
)


def suggest(adapter: SearchAdapter, tune_id: str) -> str:
    config = adapter.suggest(tune_id)
    assert isinstance(config, dict)
    return trial_id_in(config)


def status(search: Search, name: str) -> TrialStatus:
    return search.history.trials[name].record.status


def test_it_suggests_what_the_search_proposes_until_that_is_all(tmp_path: Path) -> None:
    with opened_search(tmp_path, make_config(search={"trials": 2})) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=3)
        names = [suggest(adapter, "a"), suggest(adapter, "b")]
        assert names == list(search.history.trials)
        assert adapter.suggest("c") is None  # what runs may yet be paused and come again
        for name in names:
            run_whole(search, [9.0], trial=name)
        assert adapter.suggest("c") == Searcher.FINISHED


def test_the_end_of_a_trial_frees_its_slot_and_is_no_news(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=2)
        first, second = suggest(adapter, "a"), suggest(adapter, "b")
        before = events_of(tmp_path)
        adapter.on_trial_complete("a", error=True)  # the scheduler has told of it
        adapter.on_trial_complete("of another search", error=True)
        assert events_of(tmp_path) == before
        assert suggest(adapter, "c") not in (first, second)
        assert adapter.suggest("d") is None


def test_a_trial_that_lost_its_worker_is_suggested_again_under_another_name(
    tmp_path: Path,
) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=2)
        first = suggest(adapter, "a")
        search.lost(first, FaultKind.PROCESS_KILLED, "its worker process died")
        adapter.on_trial_complete("a", error=True)
        assert suggest(adapter, "b") == first


def test_a_trial_that_tune_ends_without_its_last_message_is_lost(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=2)
        name = suggest(adapter, "a")
        adapter.on_trial_complete("a", result={"done": True})
        assert status(search, name) is TrialStatus.FAILED
        assert search.history.trials[name].record.reason == "it ended without a last message"


def test_no_more_are_suggested_than_run_at_once(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=1)
        first = suggest(adapter, "a")
        assert adapter.suggest("b") is None
        run_whole(search, [9.0], trial=first)
        adapter.on_trial_complete("a")
        assert suggest(adapter, "b") != first


def test_one_that_goes_on_and_finds_no_place_gets_the_next_that_is_left(tmp_path: Path) -> None:
    now_s = [0.0]
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=3, clock=lambda: now_s[0])
        first, second = suggest(adapter, "a"), suggest(adapter, "b")
        search.receive(first, {"kind": "started"})
        search.lost(first, FaultKind.NODE_LOST, "its node was lost")
        adapter.on_trial_complete("a", error=True)
        assert suggest(adapter, "c") == first

        now_s[0] = 11.0
        assert adapter.suggest("d") is None
        adapter.on_trial_started("c")
        assert suggest(adapter, "d") not in (first, second)


def test_where_nothing_runs_that_could_leave_its_place_nobody_waits_for_one(
    tmp_path: Path,
) -> None:
    now_s = [0.0]
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=2, clock=lambda: now_s[0])
        first = suggest(adapter, "a")
        search.receive(first, {"kind": "started"})
        search.lost(first, FaultKind.NODE_LOST, "its node was lost")
        adapter.on_trial_complete("a", error=True)
        assert suggest(adapter, "b") == first

        now_s[0] = 11.0
        assert suggest(adapter, "c") != first


def test_while_a_trial_runs_that_may_lead_to_more_it_is_not_over(tmp_path: Path) -> None:
    config = make_config(search={"trials": 2}, budget={"kimg_per_trial": 9})
    scheduler = AshaScheduler(grace_nimg=1000, reduction=2, budget_nimg=9000)
    with opened_search(tmp_path, config, scheduler=scheduler) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=3)
        first, second = suggest(adapter, "a"), suggest(adapter, "b")
        assert search.receive(first, evaluation_message(first, 1, 5.0))
        adapter.on_trial_complete("a")
        assert adapter.suggest("c") is None
        assert search.receive(second, evaluation_message(second, 1, 9.0))
        adapter.on_trial_complete("b")
        assert suggest(adapter, "d") == first  # under another of Tune's ids
        search.receive(first, evaluation_message(first, 9, 4.0))
        search.receive(first, completed_message())
        adapter.on_trial_complete("d")
        assert adapter.suggest("e") == Searcher.FINISHED
        assert status(search, second) is TrialStatus.STOPPED


def test_trials_that_tune_gives_up_without_a_word_are_lost_and_free_their_slots(
    tmp_path: Path,
) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=2)
        done, forgotten = suggest(adapter, "a"), suggest(adapter, "b")
        run_whole(search, [9.0], trial=done)
        adapter.on_trial_complete("a")
        trials = [
            SimpleNamespace(trial_id=name, status=state)
            for name, state in [("a", Trial.TERMINATED), ("b", Trial.ERROR), ("c", Trial.RUNNING)]
        ]
        look = UntoldTrials(adapter).on_step_begin
        look(1, trials)  # type: ignore[arg-type]
        look(2, trials)  # type: ignore[arg-type]
        assert status(search, done) is TrialStatus.COMPLETED
        (lost,) = search.history.trials[forgotten].lost_attempts
        assert (lost.fault, lost.retry) == (FaultKind.TUNER_FAILED, Retry.SAME_PLACE)
        assert "gave it up" in lost.reason
        assert suggest(adapter, "d") == forgotten


def test_tune_finds_no_state_to_save(tmp_path: Path) -> None:
    with opened_search(tmp_path / "run") as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=3)
        adapter.save(str(tmp_path / "saved"))
        adapter.restore(str(tmp_path / "saved"))
        assert adapter.__getstate__() == {}
    assert not (tmp_path / "saved").exists()


def test_the_start_of_a_trial_is_passed_on(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(SearchDoor(search), concurrent=2, clock=lambda: 0.0)
        suggest(adapter, "a")
        adapter._waiting["a"] = -60.0
        started = SimpleNamespace(trial_id="a", status=Trial.RUNNING)
        UntoldTrials(adapter).on_trial_start(1, [], started)  # type: ignore[arg-type]
        assert not adapter._waiting
