from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from benchmarks import adaptive_balance
from orchestrator.records import Adjustment


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(adaptive_balance, "BUDGET_NIMG", {"ring8": 8_000})
    monkeypatch.setattr(adaptive_balance, "NUM_SAMPLES", 64)


def output_of(*arguments: str) -> str:
    words = ["--seed", "1", "--evaluations", "4", *arguments]
    result = CliRunner().invoke(adaptive_balance.main, words, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_where_nothing_is_adjusted_both_trials_are_the_same() -> None:
    _, line, summary, *_ = output_of("--match", "ring8, balanced").splitlines()
    name, plain, adjusted = line.split("|")
    assert name.split() == ["ring8,", "balanced", "1"]
    assert adjusted.endswith("nothing adjusted")
    assert adjusted.split()[:3] == plain.split()
    assert "FID x 1.000" in summary


def test_a_trial_that_dies_is_rolled_back_only_where_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    balanced = adaptive_balance.CASES[0]
    monkeypatch.setattr(adaptive_balance, "CASES", [replace(balanced, dies_at_frac=0.4)])
    _, line, *_ = output_of().splitlines()
    _, plain, adjusted = line.split("|")
    plain_kimg, adjusted_kimg = (float(each.split()[2]) for each in (plain, adjusted))
    assert (plain_kimg, adjusted_kimg) == (4, 8)
    assert adjusted.endswith("back to 2, x 0.5")


def test_adjustments_are_told_in_short() -> None:
    ratio = Adjustment(
        step=1, nimg=12_400, d_steps=2, g_steps=1, lr_factor=1.0, num_rollbacks=0, reason="weak D"
    )
    rollback = replace(
        ratio, nimg=46_000, d_steps=1, lr_factor=0.5, num_rollbacks=1, died_nimg=50_000
    )
    assert adaptive_balance.describe([ratio, rollback]) == "2:1 at 12; back to 46, x 0.5"
