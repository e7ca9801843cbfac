import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.decision.replay import judge_curves, replay
from orchestrator.decision.rules import VerdictRules, rules_for
from orchestrator.records import Evaluation, VerdictKind

MakeRows = Callable[..., list[Evaluation]]
KEYS = ["run", "verdict", "action", "stop_step", "stop_kimg", "best_step", "best_kimg"]
KEYS += ["reason", "pauses", "verdicts"]


@pytest.fixture
def collapsing(make_rows: MakeRows) -> list[Evaluation]:
    time = np.arange(40)
    fids = np.where(time < 20, 200 / (1 + time) ** 0.8, 100.0)
    return make_rows(fids, np.where(time < 20, 0.9, 0.2))


@given(
    fids=st.lists(st.floats(1, 300) | st.just(float("nan")), max_size=40), cut=st.integers(0, 40)
)
def test_a_verdict_sees_nothing_after_its_row(fids: list[float], cut: int) -> None:
    rows = [
        Evaluation(run="r", step=index, nimg=index * 1000, fid=fid, coverage=fid / 300)
        for index, fid in enumerate(fids)
    ]
    assert replay(rows[:cut], rules_for(20)) == replay(rows, rules_for(20))[:cut]


def test_a_run_is_described_at_the_step_where_it_would_have_been_stopped(
    collapsing: list[Evaluation],
) -> None:
    recovered = [
        replace(row, fid=1.0, coverage=0.9) if index > 30 else row
        for index, row in enumerate(collapsing)
    ]
    (judged,) = judge_curves({"a": recovered})
    assert list(judged) == KEYS
    assert judged["stop_step"] == 2500  # rows 20 to 25 are the six bad ones
    assert (judged["run"], judged["verdict"]) == ("a", "collapsed")
    assert (judged["action"], judged["best_step"]) == ("stop_keep_best", 1900)
    assert "coverage 0.20, was 0.90" in judged["reason"]


def test_places_are_told_in_kimg_where_images_were_counted(collapsing: list[Evaluation]) -> None:
    (counted,) = judge_curves({"a": collapsing})
    assert (counted["stop_kimg"], counted["best_kimg"]) == (250.0, 190.0)
    (uncounted,) = judge_curves({"a": [replace(row, nimg=0) for row in collapsing]})
    assert (uncounted["stop_step"], uncounted["best_step"]) == (2500, 1900)
    assert (uncounted["stop_kimg"], uncounted["best_kimg"]) == (None, None)


def test_coverage_is_judged_by_that_of_real_samples(make_rows: MakeRows) -> None:
    flat = {"a": make_rows([20.0] * 30, [0.78] * 30)}
    (by_default,) = judge_curves(flat)  # the gate is 0.8 of 0.97
    (by_perfect,) = judge_curves(flat, reference_coverage=1.0)
    assert (by_default["verdict"], by_perfect["verdict"]) == ("converged", "plateaued")


def test_the_verdicts_of_every_row_are_told_even_after_the_stop(
    collapsing: list[Evaluation],
) -> None:
    verdicts = judge_curves({"a": collapsing})[0]["verdicts"]
    assert [entry["step"] for entry in verdicts] == [row.step for row in collapsing]
    assert [entry["verdict"] for entry in (verdicts[0], verdicts[27], verdicts[-1])] == [
        "warming_up",
        "collapsed",
        "collapsed",
    ]


def test_pauses_are_told_with_their_reasons_until_the_stop(collapsing: list[Evaluation]) -> None:
    (judged,) = judge_curves({"a": collapsing})
    (pause,) = judged["pauses"]
    assert pause["step"] == 2300  # the fourth bad row
    assert pause["reason"].startswith("suspect: coverage 0.20")
    (stopped_earlier,) = judge_curves({"a": collapsing}, rules_for(25))
    assert [each["step"] for each in stopped_earlier["pauses"]] == [2100]


def test_a_run_at_the_end_of_its_budget_is_not_paused(collapsing: list[Evaluation]) -> None:
    rules, until = VerdictRules(), collapsing[:24]
    (within,) = judge_curves({"a": until}, rules, budget_nimg=240_000)
    (through,) = judge_curves({"a": until}, rules, budget_nimg=230_000)
    assert [len(each["pauses"]) for each in (within, through)] == [1, 0]


def test_a_run_that_is_never_stopped_has_no_stop_step(collapsing: list[Evaluation]) -> None:
    (judged,) = judge_curves({"a": collapsing[:20]})
    assert judged["stop_step"] is None
    assert (judged["verdict"], judged["action"]) == ("improving", "go_on")
    assert judged["best_step"] == 1900


def test_late_and_doubled_rows_are_judged_by_step(collapsing: list[Evaluation]) -> None:
    reversed_twice = [*reversed(collapsing), *collapsing]
    assert judge_curves({"a": reversed_twice}) == judge_curves({"a": collapsing})


def test_curves_of_fid_alone_are_judged(make_rows: MakeRows) -> None:
    (judged,) = judge_curves({"a": make_rows([20.0] * 30)})
    assert (judged["verdict"], judged["stop_step"]) == ("plateaued", 2700)


def test_shorter_rules_stop_sooner(collapsing: list[Evaluation]) -> None:
    (judged,) = judge_curves({"a": collapsing}, rules_for(25))
    assert judged["stop_step"] == 2300


def test_a_budget_scales_the_rules_as_a_sweep_does(collapsing: list[Evaluation]) -> None:
    (judged,) = judge_curves({"a": collapsing}, budget_nimg=250_000)  # 25 steps of 10,000
    (expected,) = judge_curves({"a": collapsing}, rules_for(25))
    assert judged["stop_step"] == expected["stop_step"] == 2300


def test_a_budget_lengthens_the_warm_up(collapsing: list[Evaluation]) -> None:
    (judged,) = judge_curves({"a": collapsing}, budget_nimg=4_000_000)  # 5 % are 20 evaluations
    kinds = [entry["verdict"] for entry in judged["verdicts"]]
    assert kinds[:20] == ["warming_up"] * 20
    assert kinds[20] != "warming_up"


def test_a_budget_of_images_scales_nothing_where_images_were_not_counted() -> None:
    rows = [Evaluation(run="a", step=step, fid=20.0) for step in range(30)]
    assert judge_curves({"a": rows}, budget_nimg=1000) == judge_curves({"a": rows})


def test_the_result_is_plain_data(make_rows: MakeRows, collapsing: list[Evaluation]) -> None:
    judged = judge_curves({"a": collapsing, "b": make_rows([float("nan")])})
    assert json.loads(json.dumps(judged, allow_nan=False)) == judged
    assert (judged[1]["verdict"], judged[1]["best_step"]) == ("dead", None)


def test_replaying_gives_the_verdicts_in_the_order_of_arrival(
    collapsing: list[Evaluation],
) -> None:
    late_first = [*collapsing[1:], collapsing[0]]
    verdicts = replay(late_first, VerdictRules())
    assert len(verdicts) == len(collapsing)
    assert verdicts[-1] == replay(collapsing, VerdictRules())[-1]
    assert verdicts[0].kind is VerdictKind.WARMING_UP
