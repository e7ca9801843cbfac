from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules
from orchestrator.decision.variety import (
    is_scattered,
    makes_few_things,
    makes_one_thing,
    variety_in_words,
)
from orchestrator.decision.verdict import judge
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind

MakeRows = Callable[..., list[Evaluation]]


def case_of(rows: list[Evaluation]) -> Case:
    curve = Curve.of(rows)
    return Case(curve, curve.index_of_best, VerdictRules(), self_coverage=1.0)


def ending(make_rows: MakeRows, *, coverage: float, vendi: float, precision: float = nan) -> Case:
    """Return a case that was at its fullest with 10 different samples, and ends like this."""
    before, fullest, last = make_rows([50, 10, 30], [0.1, 0.6, coverage])
    fullest = replace(fullest, vendi=10.0)
    return case_of([before, fullest, replace(last, vendi=vendi, precision=precision)])


@pytest.mark.parametrize(
    ("coverage", "vendi", "expected"),
    [(0.05, 1.1, True), (0.05, 1.3, False), (0.2, 1.1, False), (0.05, nan, False)],
)
def test_one_thing_is_little_coverage_and_the_variety_of_one_sample(
    make_rows: MakeRows, coverage: float, vendi: float, *, expected: bool
) -> None:
    case = ending(make_rows, coverage=coverage, vendi=vendi)
    assert makes_one_thing(case, case.last) is expected


@pytest.mark.parametrize(
    ("coverage", "vendi", "precision", "expected"),
    [
        (0.05, 3.9, 0.0, True),
        (0.05, 4.1, 0.0, False),
        (0.20, 3.0, 0.9, True),
        (0.20, 3.0, 0.4, False),
        (0.30, 3.0, 0.9, False),
        (0.05, nan, 0.9, False),
    ],
)
def test_few_things_reach_no_reals_or_few_that_they_look_like(
    make_rows: MakeRows, coverage: float, vendi: float, precision: float, *, expected: bool
) -> None:
    case = ending(make_rows, coverage=coverage, vendi=vendi, precision=precision)
    assert makes_few_things(case, case.last) is expected


@pytest.mark.parametrize(
    ("coverage", "vendi", "expected"),
    [(0.05, 21.0, True), (0.05, 19.0, False), (0.2, 21.0, False), (0.05, nan, False)],
)
def test_scattered_is_little_coverage_and_twice_the_variety_of_the_fullest(
    make_rows: MakeRows, coverage: float, vendi: float, *, expected: bool
) -> None:
    case = ending(make_rows, coverage=coverage, vendi=vendi)
    assert is_scattered(case, case.last) is expected


def test_nothing_is_scattered_where_coverage_was_not_measured(make_rows: MakeRows) -> None:
    rows = [replace(row, vendi=9.0) for row in make_rows([50, 10, 30])]
    assert not is_scattered(case_of(rows), 2)


def test_variety_is_said_where_it_was_measured(make_rows: MakeRows) -> None:
    said = variety_in_words(ending(make_rows, coverage=0.0, vendi=1.02), 2)
    assert said == "; fakes as varied as 1.02 different samples"
    assert variety_in_words(ending(make_rows, coverage=0.0, vendi=nan), 2) == ""


def verdict_on(rows: list[Evaluation]) -> Verdict:
    return judge(rows, VerdictRules(), budget_nimg=None, reference_coverage=1.0)


def test_what_makes_one_thing_for_long_has_collapsed_however_its_fid_moves(
    make_rows: MakeRows,
) -> None:
    fids = [120.0 - index for index in range(20)]
    rows = [replace(row, vendi=1.02) for row in make_rows(fids, [0.0] * 20)]
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (VerdictKind.COLLAPSED, Action.STOP_REJECT)
    assert "fakes as varied as 1.02 different samples" in verdict.reason
    varied = [replace(row, vendi=5.0) for row in rows]
    assert verdict_on(varied).kind is VerdictKind.IMPROVING


@pytest.mark.parametrize(
    ("vendi", "kind"), [(2.0, VerdictKind.COLLAPSED), (30.0, VerdictKind.DIVERGED)]
)
@pytest.mark.parametrize("late_fid", [26.0, 80.0])
def test_lost_reals_are_told_apart_by_variety(
    make_rows: MakeRows, vendi: float, late_fid: float, kind: VerdictKind
) -> None:
    rows = make_rows([200.0] + [20.0] * 19 + [late_fid] * 6, [0.6] * 20 + [0.01] * 6)
    before = [replace(row, vendi=10.0) for row in rows[:20]]
    after = [replace(row, vendi=vendi) for row in rows[20:]]
    verdict = verdict_on([*before, *after])
    assert verdict.kind is kind
    assert "coverage 0.01, was 0.60 at 0 kimg" in verdict.reason


def test_what_comes_to_rest_scattered_is_rejected(make_rows: MakeRows) -> None:
    rows = make_rows([70.0] * 40, [0.3] * 20 + [0.0] * 20)
    rows = [replace(row, vendi=8.0 if index < 20 else 60.0) for index, row in enumerate(rows)]
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (VerdictKind.DIVERGED, Action.STOP_REJECT)
    assert "fakes as varied as 60 different samples" in verdict.reason


def test_nothing_is_narrow_where_coverage_was_not_measured(make_rows: MakeRows) -> None:
    rows = [replace(row, vendi=2.0) for row in make_rows([20.0] * 40)]
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (VerdictKind.PLATEAUED, Action.STOP_KEEP_BEST)


def test_what_narrows_late_keeps_a_best_that_was_diverse(make_rows: MakeRows) -> None:
    rows = make_rows([19.0] + [20.0] * 39, [0.9] * 20 + [0.02] * 20)
    rows = [replace(row, vendi=8.0 if index < 20 else 2.0) for index, row in enumerate(rows)]
    verdict = verdict_on(rows)
    assert (verdict.kind, verdict.action) == (VerdictKind.COLLAPSED, Action.STOP_KEEP_BEST)
