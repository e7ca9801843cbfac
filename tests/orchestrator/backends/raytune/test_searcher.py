from pathlib import Path

from ray.tune.search import Searcher

from orchestrator.backends.raytune.searcher import SearchAdapter
from orchestrator.backends.raytune.trainable import trial_id_in
from orchestrator.records import TrialStatus
from orchestrator.search import Search
from tests.orchestrator.scripted import events_of, make_config, opened_search, run_whole


def suggest(adapter: SearchAdapter, tune_id: str) -> str:
    config = adapter.suggest(tune_id)
    assert isinstance(config, dict)
    return trial_id_in(config)


def status(search: Search, name: str) -> TrialStatus:
    return search.history.trials[name].record.status


def test_it_suggests_what_the_search_proposes_until_that_is_all(tmp_path: Path) -> None:
    with opened_search(tmp_path, make_config(search={"trials": 2})) as search:
        adapter = SearchAdapter(search)
        names = [suggest(adapter, "a"), suggest(adapter, "b")]
        assert names == list(search.history.trials)
        assert adapter.suggest("c") == Searcher.FINISHED


def test_a_trial_that_died_is_lost_under_our_name(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(search)
        first, second = suggest(adapter, "a"), suggest(adapter, "b")
        adapter.on_trial_complete("a", error=True)
        assert status(search, first) is TrialStatus.FAILED
        assert status(search, second) is TrialStatus.PENDING


def test_a_trial_that_ended_well_is_no_news(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(search)
        suggest(adapter, "a")
        before = events_of(tmp_path)
        adapter.on_trial_complete("a", result={"done": True})
        adapter.on_trial_complete("of another search", error=True)
        assert events_of(tmp_path) == before


def test_in_the_end_trials_that_tune_forgot_are_lost(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        adapter = SearchAdapter(search)
        done, forgotten = suggest(adapter, "a"), suggest(adapter, "b")
        run_whole(search, [9.0], trial=done)
        adapter.close()
        assert status(search, done) is TrialStatus.COMPLETED
        assert status(search, forgotten) is TrialStatus.FAILED
        assert "gave it up" in search.history.trials[forgotten].record.reason


def test_tune_finds_no_state_to_save(tmp_path: Path) -> None:
    with opened_search(tmp_path / "run") as search:
        adapter = SearchAdapter(search)
        adapter.save(str(tmp_path / "saved"))
        adapter.restore(str(tmp_path / "saved"))
        assert adapter.__getstate__() == {}
    assert not (tmp_path / "saved").exists()
