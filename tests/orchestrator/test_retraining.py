"""A sweep whose finalists are trained anew: run, killed, resumed, selected again."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.cli.summary import summary_facts
from orchestrator.config.load import build_config
from orchestrator.config.model import SweepConfig
from orchestrator.history import SweepHistory
from orchestrator.leaderboard import leaderboard, results_mapping
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.report.page import write_report
from orchestrator.reselection import reselect
from orchestrator.run_folder import open_history
from orchestrator.spending import EndCause, EndOfProposing
from orchestrator.sweep import Place, resume_sweep, run_sweep
from tests.orchestrator.scripted import events_of

SPEC: dict[str, Any] = {
    "name": "tiny",
    "space": {
        "network": "mlp",
        "width": 16,
        "depth": 1,
        "latent_dim": 4,
        "batch_size": 16,
        "d_lr": {"float": [1e-3, 1e-2], "log": True},
    },
    "search": {"sampler": "random", "trials": 3},
    "budget": {"kimg_per_trial": 0.2},
    "evaluation": {"every_kimg": 0.1, "samples": 64},
    "scheduler": {"kind": "asha", "grace_kimg": 0.1, "reduction": 2},
    "selection": {"finalists": 2, "seeds": 2, "retrain_seeds": 2, "diversity": {"coverage": 0}},
    "backend": "in-process",
}


def carry_out(folder: Path, **sections: Any) -> RunPaths:
    points = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    np.save(folder / "points.npy", points)
    spec: dict[str, Any] = SPEC | {"data": {"path": str(folder / "points.npy")}}
    for name, values in sections.items():
        spec[name] = spec[name] | values
    paths = RunPaths(folder / "run")
    run_sweep(build_config(spec), Place(paths), SilentListener())
    return paths


@pytest.fixture(scope="module")
def retrained(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    """Return the folder of a finished sweep; whoever changes it works on a copy."""
    return carry_out(tmp_path_factory.mktemp("retrained"))


@pytest.fixture
def history(retrained: RunPaths) -> SweepHistory:
    return open_history(retrained)


def copy_of(paths: RunPaths, folder: Path) -> RunPaths:
    return RunPaths(Path(shutil.copytree(paths.root, folder / "copy")))


def cut(paths: RunPaths, num_events: int) -> None:
    """Leave so many events, as a kill would."""
    lines = paths.journal.read_text().splitlines(keepends=True)
    paths.journal.write_text("".join(lines[:num_events]))


def starts_of(paths: RunPaths, names: set[str]) -> Counter[str]:
    """Count how often each of these trials was begun or gone on with."""
    begun = (event["trial_id"] for event in events_of(paths.root, "started"))
    return Counter(name for name in begun if name in names)


def test_the_finalists_are_trained_anew_on_the_same_fresh_seeds(history: SweepHistory) -> None:
    finalists = [trial.record for trial in history.ranked if not trial.record.is_replicate][:2]
    replicates = [trial.record for trial in history.replicates]
    assert [record.replicate_of for record in replicates] == 2 * [
        record.trial_id for record in finalists
    ]
    first, second = finalists
    of_first = [record for record in replicates if record.replicate_of == first.trial_id]
    of_second = [record for record in replicates if record.replicate_of == second.trial_id]
    assert [record.params for record in of_first] == [first.params, first.params]
    assert [record.seed for record in of_first] == [record.seed for record in of_second]
    assert len({record.seed for record in history.records}) == 3  # the search's, and two


def test_no_rung_stops_a_replicate(history: SweepHistory) -> None:
    assert {trial.record.nimg for trial in history.replicates} == {208}


def test_the_fresh_trainings_decide_and_their_spread_is_told(history: SweepHistory) -> None:
    selection = history.selection
    assert selection is not None
    assert selection["training_seeds"] == 2
    assert selection["training_seed_sd"] > 0
    (comparison,) = selection["comparisons"]
    assert comparison["num_pairs"] == 2
    assert "over 2 fresh trainings" in selection["reason"]
    best = history.trials[selection["trial_id"]].record
    favourite = history.trials[selection["reason"].partition(":")[0]].record
    assert best.params == favourite.params
    assert comparison["other"] != favourite.trial_id
    assert selection["trials"] == 3 + 4


def test_replicates_are_shown_apart_and_do_not_stand_among_the_proposals(
    history: SweepHistory,
) -> None:
    rows = leaderboard(history)
    kinds = [row.replicate_of is not None for row in rows if not row.is_selected]
    assert kinds == sorted(kinds)
    shown = results_mapping(history)["trials"]
    assert sum(row["replicate_of"] is not None for row in shown) == 4


@pytest.mark.parametrize("place", ["proposed", "started", "evaluated", "finished", "before", "all"])
def test_killed_in_the_finals_it_resumes_to_the_same_selection(
    retrained: RunPaths, history: SweepHistory, tmp_path: Path, place: str
) -> None:
    paths = copy_of(retrained, tmp_path)
    events = events_of(retrained.root)
    replicates = {trial.record.trial_id for trial in history.replicates}
    theirs = [event["seq"] for event in events if event.get("trial_id") in replicates]
    named = [seq for seq in theirs if events[seq]["event"] == place]
    cut(paths, {"before": theirs[0], "all": theirs[-1] + 1}.get(place) or named[1] + 1)
    finished = {event["trial_id"] for event in events_of(paths.root, "finished")}
    starts = starts_of(paths, finished)
    after = resume_sweep(Place(paths), SilentListener())
    assert after.selection == history.selection
    assert after.certificate == history.certificate
    assert [each.record.trial_id for each in after.replicates] == [
        each.record.trial_id for each in history.replicates
    ]
    assert starts_of(paths, finished) == starts


def test_selecting_again_uses_the_trainings_that_there_are(
    retrained: RunPaths, history: SweepHistory, tmp_path: Path
) -> None:
    assert reselect(copy_of(retrained, tmp_path)).selection == history.selection


def test_hours_that_are_spent_leave_the_finalists_as_they_are_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.search.passed_cap", _once_all_have_ended)
    paths = carry_out(tmp_path)
    history = open_history(paths)
    assert history.replicates == []
    assert history.selection is not None
    assert history.selection["training_seed_sd"] is None
    lack = "no seed on which every finalist was trained anew to the end; FID "
    assert history.selection["reason"].startswith(lack)


def _once_all_have_ended(_: SweepConfig, history: SweepHistory) -> EndOfProposing | None:
    num_ended = sum(record.status.is_finished for record in history.records)
    return EndOfProposing(EndCause.MAX_HOURS, "all is spent") if num_ended >= 3 else None


def test_a_single_finalist_is_trained_anew_for_its_spread(tmp_path: Path) -> None:
    selection = open_history(carry_out(tmp_path, selection={"finalists": 1})).selection
    assert selection is not None
    assert selection["comparisons"] == []
    assert selection["training_seed_sd"] > 0


def test_finalists_of_equal_parameters_are_one_configuration(tmp_path: Path) -> None:
    paths = carry_out(tmp_path, space={"d_lr": 2e-3}, search={"trials": 2})
    history = open_history(paths)
    assert len(history.proposals) == 2
    assert len(history.replicates) == 2  # not four
    assert history.selection is not None
    assert history.selection["comparisons"] == []


def test_a_journal_from_before_these_numbers_is_still_told(
    retrained: RunPaths, tmp_path: Path
) -> None:
    known = {"trial_id", "snapshot_nimg", "fid", "fid_standard_error", "coverage"}
    known |= {"candidates", "evaluations", "reason", "passed_gate"}
    paths = copy_of(retrained, tmp_path)
    events = events_of(paths.root)
    for event in events:
        del event["epoch"]
        event.pop("replicate_of", None)
        if event["event"] == "selected":
            event["selection"] = {name: event["selection"][name] for name in known}
            event["certificate"].pop("fid_debiased_low")
            event["certificate"].pop("fid_debiased_high")
    paths.journal.write_text("".join(json.dumps(event) + "\n" for event in events))
    write_report(paths)
    facts = summary_facts(paths.root, open_history(paths))
    assert facts.keys().isdisjoint({"optimism", "seed spread", "looked at", "without bias"})
    assert resume_sweep(Place(paths), SilentListener()).selection is not None


def test_the_plan_counts_the_replicates(retrained: RunPaths) -> None:
    def planned(**selection: int) -> int:
        data = {"path": str(retrained.root.parent / "points.npy")}
        rule = SPEC["selection"] | selection
        config: SweepConfig = build_config(SPEC | {"data": data, "selection": rule})
        return config.num_trainings

    assert planned() == 3 + 2 * 2
    assert planned(retrain_seeds=0) == 3
    assert planned(finalists=10) == 3 + 3 * 2  # no more finalists than trials
