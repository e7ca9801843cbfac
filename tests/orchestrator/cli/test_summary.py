import json

import pytest

from orchestrator.cli.summary import summary_facts
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from tests.orchestrator.exploits import make_exploit


@pytest.fixture
def history(run: RunPaths) -> SweepHistory:
    return SweepHistory.replay(read_journal(run.journal))


def test_the_certificate_is_told_with_interval_and_counts(
    run: RunPaths, history: SweepHistory
) -> None:
    history.certificate = {
        **(history.certificate or {}),
        "fid": 3.41,
        "fid_low": 3.08,
        "fid_high": 3.83,
        "n_fake": 2000,
        "n_real": 450,
        "features": "digits-classifier",
        "fid_at_real_n": 3.66,
        "real_fid": 3.0,
        "n_chunk": 449,
        "coverage": 0.9512,
        "coverage_at_real_n": 0.9011,
        "perfect_coverage_at_real_n": 0.9692,
        "modes": 10.0,
    }
    facts = summary_facts(run.root, history)
    assert facts["certificate"] == (
        "FID 3.41 [3.08, 3.83], 2,000 fakes against 450 untouched reals, features digits-classifier"
    )
    expected = "1.22 times the FID of other reals at n = 449 (3.66 against 3.00)"
    assert facts["against real"] == expected
    expected = "0.901 with as many fakes as reals; about 0.969 is perfect"
    assert facts["diversity"] == f"modes 10, coverage 0.951 ({expected})"


def test_every_place_that_is_named_exists(run: RunPaths, history: SweepHistory) -> None:
    facts = summary_facts(run.root, history)
    assert facts["generator"] == str(run.best)
    assert facts["samples"] == str(run.best / "samples.png")
    assert (run.best / "samples.png").is_file()
    assert facts["report"] == str(run.report)
    assert facts["curves"].endswith(str(run.root))


def test_a_generator_below_the_gate_is_not_praised(run: RunPaths, history: SweepHistory) -> None:
    history.selection = {**(history.selection or {}), "passed_gate": False}
    assert "below the gate" in summary_facts(run.root, history)["diversity"]


def test_what_was_not_measured_is_a_dash(run: RunPaths, history: SweepHistory) -> None:
    certificate = dict(history.certificate or {})
    history.certificate = certificate | {"modes": None, "real_fid": 0.0}
    facts = summary_facts(run.root, history)
    assert "modes —" in facts["diversity"]
    assert facts["against real"].startswith("— times")


def test_winner_and_verdict_are_those_of_the_record(run: RunPaths, history: SweepHistory) -> None:
    metrics = json.loads((run.best / "metrics.json").read_text())
    facts = summary_facts(run.root, history)
    assert facts["winner"].startswith(metrics["trial_id"])
    assert facts["verdict"].endswith(metrics["reason"])


def test_an_end_of_proposing_is_told(run: RunPaths, history: SweepHistory) -> None:
    assert "proposing" not in summary_facts(run.root, history)
    history.proposing_end = {"cause": "max_hours", "reason": "2.1 h are spent"}
    assert summary_facts(run.root, history)["proposing"] == "ended: 2.1 h are spent"


def test_a_winner_that_took_over_weights_says_whose(run: RunPaths, history: SweepHistory) -> None:
    assert "inherited" not in summary_facts(run.root, history)
    winner = history.trials[(history.selection or {})["trial_id"]]
    winner.exploits.append(make_exploit(1))
    assert summary_facts(run.root, history)["inherited"].startswith(
        "weights of ash at 0 kimg, d_lr"
    )
    winner.exploits[:] = [make_exploit(10**9)]  # after the snapshot that was selected
    assert "inherited" not in summary_facts(run.root, history)
