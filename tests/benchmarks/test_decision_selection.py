"""The made-up sweeps have the truth that they claim, and the benchmarks say what they found."""

from collections.abc import Callable
from math import exp
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from benchmarks.decision import certificate, selection
from benchmarks.decision.selection import argmin, cost, make_sweep, retested


def test_scores_scatter_about_the_truth() -> None:
    sweep = make_sweep(0, noise=0.1)
    scores = sweep.score([(3, 20)], 20_000)[0]
    assert scores.mean() == pytest.approx(sweep.truth[3, 20], abs=0.003)
    assert scores.std() == pytest.approx(0.1, rel=0.02)


def test_without_noise_every_choice_is_the_best() -> None:
    sweep = make_sweep(1, noise=1e-9)
    best = argmin(sweep)
    assert sweep.regret(best.place) == 0
    assert sweep.regret(retested(sweep, num_kept=12, num_draws=7).place) == 0
    worst = np.unravel_index(sweep.truth.argmax(), sweep.truth.shape)
    regret = sweep.regret((int(worst[0]), int(worst[1])))
    assert regret == pytest.approx(exp(sweep.truth.max() - sweep.truth.min()) - 1)


def test_the_cost_is_that_of_all_rounds() -> None:
    assert cost(12, 7) == 3 * (12 + 12 + 12)
    assert cost(3, 3, is_halved=False) == 3 * 9


def test_halving_has_half_the_regret_of_the_lowest_score() -> None:
    sweeps = [make_sweep(seed, noise=0.05) for seed in range(60)]
    by_argmin = [sweep.regret(argmin(sweep, cost(12, 7)).place) for sweep in sweeps]
    halved = [sweep.regret(retested(sweep, num_kept=12, num_draws=7).place) for sweep in sweeps]
    assert sum(halved) <= 0.5 * sum(by_argmin)


def test_the_table_has_every_policy_and_noise() -> None:
    result = CliRunner().invoke(selection.main, ["--sweeps", "2"], catch_exceptions=False)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert sum(line.startswith("noise ") for line in lines) == len(selection.NOISES)
    assert sum("12 halved, 7 draws, +108" in line for line in lines) == len(selection.NOISES)
    assert "claims" in lines[-1]


@pytest.mark.parametrize("make", [certificate.of_family("gaussian"), certificate.of_points])
def test_a_stand_in_generator_draws_what_its_seed_says(
    make: Callable[[int], certificate.Generator],
) -> None:
    generator = make(3)
    assert torch.equal(generator.draw(5, 0), generator.draw(5, 0))
    assert not torch.equal(generator.draw(5, 0), generator.draw(5, 1))
    assert len(generator.reals) == certificate.NUM_REALS
    assert generator.more_reals is not None
    assert len(generator.more_reals) == certificate.TIMES * certificate.NUM_REALS


def test_digits_have_no_more_reals_and_a_split_by_class(tmp_path: Path) -> None:
    generator = certificate.of_digits(tmp_path)(0)
    assert generator.more_reals is None
    assert generator.strata is not None
    assert len(generator.strata) == len(generator.reals)
    assert generator.draw(4, 0).shape == (4, generator.reals.shape[1])


def test_certificates_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(certificate, "NUM_FAKES", 300)
    arguments = ["--certificates", "2", "--match", "perfect"]
    result = CliRunner().invoke(certificate.main, arguments, catch_exceptions=False)
    (line,) = result.output.splitlines()
    assert line.startswith("gaussian, perfect")
    assert line.count("%") == 5
