from math import log, nan
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from orchestrator.errors import ConfigError
from orchestrator.mirroring import mirrored
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import FaultKind
from orchestrator.search import Search
from orchestrator.sweep import Place, resume_sweep, run_sweep
from tests.orchestrator.conftest import SMALL_SWEEP
from tests.orchestrator.scripted import (
    RATES,
    InterruptsAfter,
    completed_message,
    evaluation_message,
    make_config,
    opened_search,
    run_whole,
)

CONFIG = make_config(search={"mirror": "journal"})


def trials_in(folder: Path) -> list[FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(folder / "study.journal")))
    (summary,) = optuna.get_all_study_summaries(storage)
    return optuna.load_study(storage=storage, study_name=summary.study_name).trials


def drive(folder: Path, script: object) -> list[FrozenTrial]:
    """Let a search run by a script while it is mirrored, and return what is shown then."""
    listener = mirrored(SilentListener(), CONFIG, RATES, RunPaths(folder))
    with listener, opened_search(folder, CONFIG, listener=listener) as search:  # type: ignore[arg-type]
        script(search)  # type: ignore[operator]
    return trials_in(folder)


def propose(search: Search) -> str:
    spec = search.next_trial()
    assert spec is not None
    return spec.trial_id


def test_a_completed_trial_shows_fid_itself_and_where_it_lies(tmp_path: Path) -> None:
    names: list[str] = []

    def script(search: Search) -> None:
        names.append(propose(search))
        run_whole(search, [8.0, 8.0, 8.0], trial=names[0])

    (trial,) = drive(tmp_path, script)
    assert trial.state is TrialState.COMPLETE
    assert trial.values == [pytest.approx(8.0)]
    assert trial.intermediate_values == {0: 8.0, 1000: 8.0, 2000: 8.0}
    assert trial.user_attrs["trial"] == names[0]
    assert trial.user_attrs["folder"] == f"trials/{names[0]}"
    assert trial.user_attrs["verdict"] == "improving"
    assert trial.params.keys() == {"d_lr"}
    assert log(trial.values[0]) == pytest.approx(log(8.0))


def test_a_trial_that_was_lost_or_measured_nothing_is_a_failure(tmp_path: Path) -> None:
    def script(search: Search) -> None:
        lost, blind = propose(search), propose(search)
        search.receive(blind, evaluation_message(blind, 1, nan))
        search.receive(blind, completed_message())
        search.lost(lost, FaultKind.BAD_CODE, "its worker died")

    assert [each.state for each in drive(tmp_path, script)] == [TrialState.FAIL] * 2


def test_what_still_runs_is_shown_so_and_a_resume_shows_its_end(tmp_path: Path) -> None:
    names: list[str] = []
    (trial,) = drive(tmp_path, lambda search: names.append(propose(search)))
    assert trial.state is TrialState.RUNNING

    def finish(search: Search) -> None:
        assert propose(search) == names[0]
        run_whole(search, [8.0], trial=names[0])

    assert [each.state for each in drive(tmp_path, finish)] == [TrialState.COMPLETE]


def test_without_a_target_nothing_is_mirrored(tmp_path: Path) -> None:
    listener = SilentListener()
    assert mirrored(listener, make_config(), RATES, RunPaths(tmp_path)) is listener


@pytest.mark.integration
def test_a_sweep_that_was_interrupted_is_mirrored_whole_and_decided_as_without(
    tmp_path: Path, finished_sweep: RunPaths
) -> None:
    search = {"sampler": "tpe", "trials": 4, "mirror": "journal"}
    config = make_config(**SMALL_SWEEP | {"search": search})
    place = Place(RunPaths(tmp_path / "run"))
    with pytest.raises(KeyboardInterrupt):
        run_sweep(config, place, InterruptsAfter(15))
    history = resume_sweep(place, SilentListener())
    shown = trials_in(place.paths.root)
    assert [each.user_attrs["trial"] for each in shown] == list(history.trials)
    assert all(each.state.is_finished() for each in shown)
    weights = "generator.safetensors"
    ours, theirs = place.paths.best / weights, finished_sweep.best / weights
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_password_in_the_spec_is_refused_without_repeating_it() -> None:
    with pytest.raises(
        ConfigError, match=r"search\.mirror = postgresql://ada@h/db: .*PGPASSWORD"
    ) as told:
        make_config(search={"mirror": "postgresql://ada:hidden@h/db"})
    assert "hidden" not in str(told.value)
