from collections.abc import Callable
from math import log, nan

import numpy as np
import pytest

from benchmarks.decision import verdicts
from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.cohorts import COHORT_SIZE, NoisyCohort, draw_cohort
from orchestrator.decision import verdict
from orchestrator.decision.full import FullScheduler

MakeRun = Callable[..., LabelledRun]


def test_noise_is_that_of_fid_and_the_halves_are_noisier(make_run: MakeRun) -> None:
    clean = make_run("a", 4000 * [9.0])
    noisy = NoisyCohort.of([clean], log_noise=0.1, seed=0).runs["a"]
    pairs = list(zip(noisy.evaluations, clean.evaluations, strict=True))
    spread = {
        name: np.std([log(getattr(one, name) / getattr(other, name)) for one, other in pairs])
        for name in ("fid", "fid_a", "fid_b")
    }
    assert spread["fid"] == pytest.approx(0.1, rel=0.05)
    assert spread["fid_a"] == pytest.approx(0.1 * 2**0.5, rel=0.05)
    one = noisy.evaluations[7]
    assert log(one.fid) == pytest.approx(
        log(9) + (log(one.fid_a) + log(one.fid_b) - 2 * log(9)) / 2
    )


def test_noise_is_drawn_from_the_seed_and_none_changes_nothing(make_run: MakeRun) -> None:
    run = make_run("a", [9.0, 8.0, nan])
    draws = [
        NoisyCohort.of([run], log_noise=0.1, seed=seed).runs["a"].evaluations[0].fid
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]
    assert NoisyCohort.of([run], log_noise=0.0, seed=1).runs["a"] is run


def test_what_is_delivered_is_looked_up_in_the_truth(make_run: MakeRun) -> None:
    runs = [make_run("a", [9.0, 5.0, 6.0], truth=[9.0, 4.0, 2.0]), make_run("b", [9.0, 7.0, 8.0])]
    outcome = NoisyCohort.of(runs, log_noise=0.0, seed=0).play(FullScheduler())
    assert (outcome.used_frac, outcome.distance) == (1.0, 4.0)


def test_no_run_is_judged_twice_at_the_same_row(
    runs: list[LabelledRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []

    def judge(*args: object, **options: object) -> object:
        judged.append(1)
        return verdict.judge(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(verdicts, "judge", judge)
    cohort = NoisyCohort.of(runs, log_noise=0.05, seed=0)
    first, num_judged = cohort.play(cohort.verdicts()), len(judged)
    assert cohort.play(cohort.verdicts()) == first
    assert len(judged) == num_judged > 0
    cohort.play(cohort.verdicts(0.3))  # other rules are another question
    assert len(judged) > num_judged


def test_the_first_rung_is_told_in_images_and_in_evaluations(make_run: MakeRun) -> None:
    cohort = NoisyCohort.of([make_run("a", 61 * [9.0])], log_noise=0.0, seed=0)
    assert cohort.grace == pytest.approx(1e9 / 9, abs=1)
    assert [cohort.grace_rows(factor) for factor in (0.01, 1.0, 2.0)] == [1, 7, 13]


def test_a_cohort_is_of_one_family_in_an_order_of_its_own(runs: list[LabelledRun]) -> None:
    names = [[run.run for run in draw_cohort(runs, number)] for number in range(2)]
    assert names[0] != names[1]
    assert sorted(names[0]) == sorted(run.run for run in runs)
    assert len(draw_cohort(4 * runs, 0)) == COHORT_SIZE
