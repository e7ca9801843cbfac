from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest

from gan_models.config import GanConfig
from gan_models.metrics.protocol import Protocol
from orchestrator.decision.rules import rules_for
from orchestrator.decision.verdict import judge
from orchestrator.records import Action, Evaluation, VerdictKind
from orchestrator.trial.judge import TrialJudge
from tests.orchestrator.trial.orders import POINTS, order

PROTOCOL = Protocol(data="", split="select", features="", n_fake=64, n_real=3333, k=5, seed=0)


def judge_of(folder: Path, *, protocol: Protocol = PROTOCOL, **changes: Any) -> TrialJudge:
    spec = replace(order(folder, kimg=6.0, every_kimg=0.25), **changes)
    return TrialJudge.of(spec, GanConfig.from_params(POINTS), protocol)


def rows(*fids: float) -> list[Evaluation]:
    return [
        Evaluation(run="a", step=step, nimg=250 * step, fid=fid) for step, fid in enumerate(fids)
    ]


def test_rules_fit_the_number_of_evaluations(tmp_path: Path) -> None:
    judged = judge_of(tmp_path)
    assert judged.rules == rules_for(24)
    assert (judged.budget_nimg, judged.max_rollbacks) == (6000, 0)


def test_coverage_is_held_against_what_a_perfect_generator_reaches(tmp_path: Path) -> None:
    few, even = judge_of(tmp_path), judge_of(tmp_path, protocol=replace(PROTOCOL, n_fake=3333))
    assert few.reference_coverage == pytest.approx(1 - (3333 / 3397) ** 5, abs=1e-3)
    assert even.reference_coverage == pytest.approx(1 - 2**-5, abs=1e-3)


@pytest.mark.parametrize(
    ("n_fake", "n_real", "expected"), [(64, 3333, 64), (5000, 3333, 500), (5000, 40, 40)]
)
def test_the_accuracies_of_d_stand_on_as_many_samples_as_there_are(
    tmp_path: Path, n_fake: int, n_real: int, expected: int
) -> None:
    protocol = replace(PROTOCOL, n_fake=n_fake, n_real=n_real)
    balance_rules = judge_of(tmp_path, protocol=protocol, adapt_ratio=True).regimes.rules
    assert balance_rules is not None
    assert balance_rules.num_judged == expected


def test_a_ratio_that_may_not_adapt_has_no_rules(tmp_path: Path) -> None:
    assert judge_of(tmp_path).regimes.rules is None


def test_a_verdict_is_that_of_the_rows(tmp_path: Path) -> None:
    curve = rows(9.0, 8.0, 7.0, 7.5)
    expected = judge(curve, rules_for(24), budget_nimg=6000, reference_coverage=None)
    assert judge_of(tmp_path).verdict(curve, num_rollbacks=0) == expected


@pytest.mark.parametrize(
    ("num_rollbacks", "action"), [(0, Action.ROLL_BACK), (1, Action.STOP_REJECT)]
)
def test_a_dead_trial_goes_back_as_often_as_its_order_allows(
    tmp_path: Path, num_rollbacks: int, action: Action
) -> None:
    judged = judge_of(tmp_path, max_rollbacks=1)
    verdict = judged.verdict(rows(9.0, 8.0, nan), num_rollbacks=num_rollbacks)
    assert (verdict.kind, verdict.action) == (VerdictKind.DEAD, action)


def test_it_goes_back_to_the_last_good_row(tmp_path: Path) -> None:
    curve = rows(9.0, 8.0, 30.0, nan)
    adjustment = judge_of(tmp_path, max_rollbacks=1).rollback(curve, [], "dead")
    assert (adjustment.nimg, adjustment.died_nimg, adjustment.lr_factor) == (250, 750, 0.5)


def test_the_end_says_whether_a_verdict_or_the_budget_brought_it(tmp_path: Path) -> None:
    judged = judge_of(tmp_path)
    alive = judged.verdict(rows(9.0), num_rollbacks=0)
    ended = judged.ending(alive)
    assert (ended["status"], ended["stopped_by"]) == ("completed", "budget")
    assert ended["reason"] == f"budget of 6 kimg used; {alive.reason}"
    dead = judged.verdict(rows(9.0, nan), num_rollbacks=0)
    ended = judged.ending(dead)
    assert (ended["status"], ended["stopped_by"]) == ("stopped", "verdict")
    assert (ended["reason"], ended["verdict"]) == (dead.reason, "dead")
