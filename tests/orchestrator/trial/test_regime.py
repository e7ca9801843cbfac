from dataclasses import replace

import pytest

from gan_models.config import GanConfig
from orchestrator.decision.balance import BalanceRules, Ratio
from orchestrator.records import Adjustment, Evaluation
from orchestrator.trial.regime import Regime, Regimes

BASE = GanConfig(d_steps=2, g_steps=1, d_lr=4e-3, g_lr=2e-3)
START = Ratio(2, 1)
QUICK = BalanceRules(persistence=2, settling=0, max_d_per_g=8.0)


def rows(count: int) -> list[Evaluation]:
    """Return rows of a trial whose D is blind: the ratio doubles after rows 1 and 3."""
    return [
        Evaluation(
            run="t",
            step=index,
            nimg=100 * index,
            fid=9.0,
            d_heldout_acc=0.5,
            d_fake_acc=0.5,
            seconds=float(index),
        )
        for index in range(count)
    ]


def rollback(number: int, nimg: int) -> Adjustment:
    return Adjustment(
        step=nimg // 100,
        nimg=nimg,
        d_steps=2,
        g_steps=1,
        lr_factor=0.5**number,
        num_rollbacks=number,
        reason="it died",
        died_nimg=nimg + 100,
    )


def test_a_regime_sets_ratio_and_rates_and_nothing_else() -> None:
    config = Regime(Ratio(4, 3), num_rollbacks=2).config(BASE)
    assert config == replace(BASE, d_steps=4, g_steps=3, d_lr=1e-3, g_lr=5e-4)
    assert Regime(START, num_rollbacks=0).config(BASE) == BASE


def test_the_seed_is_another_after_each_roll_back() -> None:
    seeds = [Regime(START, num_rollbacks=number).seed(7) for number in (0, 1, 2)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 3


def test_without_leave_to_adapt_the_ratio_stays() -> None:
    regimes = Regimes(START, rules=None)
    assert regimes.after(rows(9), []) == Regime(START, 0)
    assert regimes.changes_at(rows(9), []) == []


def test_the_ratio_follows_the_rows_alone() -> None:
    regimes = Regimes(START, QUICK)
    ratios = [regimes.after(rows(count), []).ratio for count in range(5)]
    assert ratios == [(2, 1), (2, 1), (4, 1), (4, 1), (8, 1)]


def test_a_change_is_told_at_its_row_and_only_there() -> None:
    regimes = Regimes(START, QUICK)
    assert regimes.changes_at(rows(1), []) == regimes.changes_at(rows(3), []) == []
    (change,) = regimes.changes_at(rows(2), [])
    assert (change.step, change.nimg, change.seconds) == (1, 100, 1.0)
    assert (change.d_steps, change.g_steps, change.lr_factor) == (4, 1, 1.0)
    assert (change.num_rollbacks, change.died_nimg) == (0, None)
    assert "D hardly tells fakes from reals" in change.reason


@pytest.mark.parametrize(("num_rows", "num_rollbacks"), [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)])
def test_a_roll_back_holds_from_its_place_on(num_rows: int, num_rollbacks: int) -> None:
    """Also for a resume from before it, where the stretch before its place is trained again."""
    regime = Regimes(START, None).after(rows(num_rows), [rollback(1, 100), rollback(2, 300)])
    assert regime.num_rollbacks == num_rollbacks


def test_a_roll_back_to_the_start_does_not_precede_it() -> None:
    regimes = Regimes(START, None)
    assert regimes.after([], [rollback(1, 0)]).num_rollbacks == 0
    assert regimes.after(rows(1), [rollback(1, 0)]).num_rollbacks == 1


def test_at_its_place_a_roll_back_is_told_after_the_change_of_the_ratio() -> None:
    regimes, first = Regimes(START, QUICK), rollback(1, 100)
    change, again = regimes.changes_at(rows(2), [first])
    assert (change.num_rollbacks, again) == (0, first)
    assert change.place < again.place
    (later,) = regimes.changes_at(rows(4), [first])
    assert (later.num_rollbacks, later.lr_factor) == (1, 0.5)


def test_a_roll_back_forgets_what_was_changed_in_the_stretch_that_it_abandons() -> None:
    regimes, curve = Regimes(START, QUICK), rows(5)
    made = regimes.rollback(curve, curve[2], [rollback(1, 100)], "it died again")
    assert (made.d_steps, made.g_steps) == (4, 1)  # not 8:1, which came after row 3
    assert (made.step, made.nimg, made.died_nimg) == (2, 200, 400)
    assert (made.num_rollbacks, made.lr_factor) == (2, 0.25)
    assert (made.seconds, made.reason) == (4.0, "it died again")
