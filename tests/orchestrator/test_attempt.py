from pathlib import Path

from orchestrator.attempt import placement_after
from orchestrator.records import FaultKind, Retry
from orchestrator.search import Search
from orchestrator.trial.spec import Placement, TrialSpec, started
from tests.orchestrator.scripted import make_config, opened_search

SHARES = make_config(resources={"gpus_per_trial": 0.5})


def ordered(search: Search) -> TrialSpec:
    spec = search.next_trial()
    assert spec is not None
    return spec


def test_a_first_attempt_runs_anywhere_and_shows_signs_of_life(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        spec = ordered(search)
    assert spec.placement == Placement()
    assert spec.sign_of_life_s == 5.0


def test_the_next_attempt_avoids_the_nodes_that_were_lost_also_after_a_resume(
    tmp_path: Path,
) -> None:
    with opened_search(tmp_path) as search:
        spec = ordered(search)
        for node in ("a", "b", "b"):
            search.receive(spec.trial_id, started(node=node, host="10.0.0.5", pid=7))
            search.lost(spec.trial_id, FaultKind.NODE_LOST, "its node was lost")
            again = ordered(search)
        assert again.placement == Placement(avoided_nodes=("a", "b"))
    with opened_search(tmp_path) as resumed:
        trial = resumed.history.trials[spec.trial_id]
        assert [each.retry for each in trial.lost_attempts] == 3 * [Retry.ELSEWHERE]
        assert placement_after(trial) == again.placement


def test_a_trial_that_goes_on_would_rather_do_so_where_it_was(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        spec = ordered(search)
        search.receive(spec.trial_id, started(node="a", pid=7))
        search.lost(spec.trial_id, FaultKind.PROCESS_KILLED, "its worker process died")
        again = ordered(search)
        assert again.placement == Placement(preferred_node="a")
        assert TrialSpec.from_mapping(again.to_mapping()) == again
    with opened_search(tmp_path) as resumed:
        assert ordered(resumed).placement == Placement(preferred_node="a")


def test_a_whole_gpu_stays_whole(tmp_path: Path) -> None:
    with opened_search(tmp_path, SHARES) as search:
        for fault in (FaultKind.OUT_OF_MEMORY_GPU, FaultKind.PROCESS_KILLED):
            spec = ordered(search)
            search.receive(spec.trial_id, started(node="a", pid=7))
            search.lost(spec.trial_id, fault, "r")
        spec = ordered(search)
    assert spec.placement == Placement(needs_whole_gpu=True, preferred_node="a")
    assert spec.gpu_share == 1.0  # or its worker would be kept to what was not enough
    assert TrialSpec.from_mapping(spec.to_mapping()) == spec
