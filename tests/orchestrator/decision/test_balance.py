from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from math import isnan, nan, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.decision.balance import (
    Balance,
    BalanceRules,
    Ratio,
    balance_after,
    balanced_accuracy,
)
from orchestrator.records import Evaluation

RULES = BalanceRules()  # 4 evaluations together, the first 2 after a change left out
EVEN = Ratio(1, 1)
BLIND: dict[str, Any] = {"d_heldout_acc": 0.6, "d_fake_acc": 0.4}
HEALTHY: dict[str, Any] = {"d_heldout_acc": 0.8, "d_fake_acc": 0.8}
OVERPOWERING: dict[str, Any] = {"d_heldout_acc": 1.0, "d_fake_acc": 0.99}
UNMEASURED: dict[str, Any] = {"d_heldout_acc": nan, "d_fake_acc": nan}


def rows_of(*stretches: tuple[int, dict[str, Any]], **common: Any) -> list[Evaluation]:
    """Return rows of a stuck trial that lacks diversity, a stretch of equal rows after another."""
    columns = [health for count, health in stretches for _ in range(count)]
    stuck: dict[str, Any] = {"fid": 50.0, "coverage": 0.2, "g_grad_norm": 1.0}
    return [
        Evaluation(run="trial", step=10 * index, nimg=640 * index, **(stuck | common | health))
        for index, health in enumerate(columns)
    ]


def ratios(
    rows: Sequence[Evaluation], rules: BalanceRules = RULES, start: Ratio = EVEN
) -> list[str]:
    """Return the ratio after each row."""
    return [str(balance_after(rows[:end], start, rules).ratio) for end in range(1, len(rows) + 1)]


def test_a_trial_begins_with_the_ratio_of_its_parameters() -> None:
    assert balance_after([], Ratio(5, 1), RULES) == Balance(Ratio(5, 1))
    assert ratios(rows_of((20, HEALTHY)), start=Ratio(4, 2)) == 20 * ["4:2"]


def test_a_blind_discriminator_gets_more_updates_step_by_step() -> None:
    assert ratios(rows_of((20, BLIND))) == [
        *5 * ["1:1"],
        *6 * ["2:1"],  # at least settling + persistence between two changes
        *9 * ["4:1"],  # the most that is allowed
    ]


def test_a_discriminator_that_leaves_g_nothing_gives_way_to_more_updates_of_g() -> None:
    lively, dead = {"g_grad_norm": 3.0}, {"g_grad_norm": 0.3}
    rows = rows_of((9, OVERPOWERING | lively), (9, OVERPOWERING | dead))
    assert ratios(rows) == [*11 * ["1:1"], *6 * ["1:2"], "1:4"]
    reason = balance_after(rows[:17], EVEN, RULES).reason
    assert reason == (
        "D leaves G nothing to learn (balanced accuracy 0.99 over 4 evaluations, G's "
        "gradient 0.1 of what it was): D:G updates 1:1 -> 1:2"
    )


def test_the_reason_is_in_words_and_numbers() -> None:
    balance = balance_after(rows_of((6, BLIND)), EVEN, RULES)
    assert balance.changed_step == 50
    assert balance.reason == (
        "D hardly tells fakes from reals (balanced accuracy 0.50 over 4 evaluations): "
        "D:G updates 1:1 -> 2:1"
    )


@pytest.mark.parametrize(
    "rows",
    [
        rows_of((20, HEALTHY)),
        rows_of((20, UNMEASURED)),
        rows_of((20, BLIND), coverage=0.9),  # so ends a perfect pair, too
        rows_of((20, BLIND), finite=False),
        rows_of((20, BLIND), fid=nan),
        rows_of((20, OVERPOWERING)),  # G learns on
        rows_of((20, OVERPOWERING), g_grad_norm=nan),
        rows_of((20, OVERPOWERING), g_grad_norm=0.0),
        rows_of((9, HEALTHY), (11, HEALTHY | {"g_grad_norm": 0.001})),
        rows_of((20, {"d_heldout_acc": 1.0, "d_fake_acc": 0.21})),  # one-sided, but not blind
        rows_of((20, {"d_heldout_acc": 0.5, "d_fake_acc": nan})),
        rows_of(*10 * [(2, BLIND), (2, HEALTHY)]),  # never long enough
        rows_of(*10 * [(3, BLIND), (1, UNMEASURED)]),
    ],
)
def test_what_is_no_clear_case_is_left_alone(rows: list[Evaluation]) -> None:
    assert set(ratios(rows)) == {"1:1"}


def test_a_trial_whose_fid_falls_is_left_alone() -> None:
    rows = [replace(row, fid=100 * 0.95**row.step) for row in rows_of((20, BLIND))]
    assert set(ratios(rows)) == {"1:1"}
    plateau = [replace(row, fid=max(row.fid, rows[10].fid)) for row in rows]
    assert "2:1" in ratios(plateau)


def test_a_blind_discriminator_counts_as_a_fault_where_diversity_was_not_measured() -> None:
    assert ratios(rows_of((8, BLIND), coverage=nan))[-1] == "2:1"


@pytest.mark.parametrize(("num_judged", "changed"), [(60, False), (2000, True)])
def test_an_accuracy_is_trusted_as_far_as_its_samples_reach(num_judged: int, changed: bool) -> None:
    rules = replace(RULES, num_judged=num_judged)
    near_chance = {"d_heldout_acc": 0.55, "d_fake_acc": 0.55}
    assert (ratios(rows_of((8, near_chance)), rules)[-1] == "2:1") is changed


@pytest.mark.parametrize(("gain_frac", "changed"), [(0.0, True), (0.03, True), (0.07, False)])
def test_a_fall_of_fid_that_is_none_does_not_keep_the_ratio(
    gain_frac: float, changed: bool
) -> None:
    rows = rows_of((4, BLIND), (4, BLIND | {"fid": 50.0 * (1 - gain_frac)}))
    slow = replace(RULES, settling=4)
    assert (ratios(rows, slow)[-1] == "2:1") is changed


def test_few_samples_never_make_a_discriminator_overpowering() -> None:
    rows = rows_of((9, OVERPOWERING), (7, OVERPOWERING | {"g_grad_norm": 0.01}))
    assert ratios(rows)[-1] == "1:2"
    assert ratios(rows, replace(RULES, num_judged=16))[-1] == "1:1"


def test_a_share_of_one_has_an_error_too() -> None:
    perfect = OVERPOWERING | {"d_fake_acc": 1.0}
    accuracy, error = balanced_accuracy(rows_of((3, perfect)), 96)
    assert accuracy == pytest.approx(0.98)  # 98 of 100 on both sides
    assert error == pytest.approx(sqrt(0.98 * 0.02 / 100 / 2))  # of one row: they are no draws
    assert all(map(isnan, balanced_accuracy(rows_of((2, perfect), (1, UNMEASURED)), 96)))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (Ratio(1, 1), ["1:1", "2:1", "4:1"]),
        (Ratio(1, 4), ["1:4", "1:2", "1:1", "2:1", "4:1"]),
        (Ratio(3, 2), ["3:2", "3:1"]),
        (Ratio(5, 1), ["5:1"]),  # already beyond what is allowed: it stays
        (Ratio(2, 2), ["2:2", "2:1", "4:1"]),
    ],
)
def test_the_ratio_doubles_within_its_bounds(start: Ratio, expected: list[str]) -> None:
    assert list(dict.fromkeys(ratios(rows_of((60, BLIND)), start=start))) == expected


def test_it_goes_back_by_the_way_it_came() -> None:
    lively, dead = {"g_grad_norm": 3.0}, {"g_grad_norm": 0.1}
    rows = rows_of((9, BLIND | lively), (12, OVERPOWERING | dead))
    found = [ratio for ratio, _ in groupby(ratios(rows, start=Ratio(2, 2)))]
    assert found == ["2:2", "2:1", "2:2", "1:2"]


ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True)
SHARES = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1), ANY_NUMBER)
RECORDS = st.lists(
    st.builds(
        Evaluation,
        run=st.just("trial"),
        step=st.integers(0, 60),
        nimg=st.integers(0, 10**6),
        fid=ANY_NUMBER,
        coverage=ANY_NUMBER,
        d_heldout_acc=SHARES,
        d_fake_acc=SHARES,
        g_grad_norm=ANY_NUMBER,
        finite=st.booleans(),
    ),
    max_size=60,
)
RATIOS = st.builds(Ratio, st.integers(1, 8), st.integers(1, 8))
QUICK = replace(RULES, persistence=2, settling=1, num_judged=50)


@settings(max_examples=60, deadline=None)
@given(RECORDS, RATIOS)
def test_every_record_has_a_ratio_within_bounds(rows: list[Evaluation], start: Ratio) -> None:
    balance = balance_after(rows, start, QUICK)
    d_per_g, began = (each.d_steps / each.g_steps for each in (balance.ratio, start))
    assert min(began, QUICK.min_d_per_g) <= d_per_g <= max(began, QUICK.max_d_per_g)
    assert balance.ratio.d_steps >= 1
    assert balance.ratio.g_steps >= 1
    assert (balance.changed_step is None) == (balance.reason == "")
    assert balance == balance_after(rows, start, QUICK)


@settings(max_examples=40, deadline=None)
@given(RECORDS, st.lists(st.sampled_from([BLIND, OVERPOWERING, HEALTHY]), max_size=60))
def test_changes_keep_their_distance_and_what_comes_later_changes_none(
    tail: list[Evaluation], healths: list[dict[str, Any]]
) -> None:
    rows = rows_of(*((2, health) for health in healths))
    shifted = [replace(row, step=row.step + 10_000) for row in tail]
    found = [balance_after(rows[:end], EVEN, QUICK) for end in range(1, len(rows) + 1)]
    changes = [i for i in range(1, len(found)) if found[i].ratio != found[i - 1].ratio]
    assert all(b - a >= QUICK.persistence + QUICK.settling for a, b in pairwise(changes))
    assert [index for index, row in enumerate(rows) if found[index].changed_step == row.step] == (
        changes
    )
    again = [balance_after([*rows, *shifted][:end], EVEN, QUICK) for end in range(1, len(rows) + 1)]
    assert again == found
