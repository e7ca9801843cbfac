from math import log, nan
from types import ModuleType

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from benchmarks.mode_collapse import points, stacked_digits
from benchmarks.mode_collapse.comparison import Outcome, chosen, compare, row, train_and_score
from benchmarks.mode_collapse.recipes import (
    POINTS,
    POINTS_RECIPES,
    STACKED_DIGITS,
    STACKED_DIGITS_RECIPES,
    Params,
    Recipe,
)
from gan_models.config import GanConfig
from gan_models.data.digits import read_digits
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.data.stacked_digits import stack_digits
from gan_models.features.modes import NearestCentreModes
from gan_models.metrics.modes import ModeScores
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleKind, SampleSpec


@pytest.fixture(autouse=True)
def _threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process


@pytest.mark.parametrize(
    ("plain", "recipes"), [(STACKED_DIGITS, STACKED_DIGITS_RECIPES), (POINTS, POINTS_RECIPES)]
)
def test_every_recipe_is_a_configuration(plain: Params, recipes: dict[str, Recipe]) -> None:
    configs = [GanConfig.from_params(plain | recipe.params) for recipe in recipes.values()]
    assert configs[0] == GanConfig.from_params(plain)
    assert all(config != configs[0] for config in configs[1:])


def test_the_networks_of_stacked_digits_have_the_noted_sizes() -> None:
    config = GanConfig.from_params(STACKED_DIGITS)
    sample = SampleSpec(SampleKind.IMAGE, (3, 8, 8))
    g, d = build_generator(config, sample), build_discriminator(config, sample)

    assert [tuple(each.shape) for each in g.parameters() if each.dim() > 1] == [
        (256, 64),
        (64, 32, 4, 4),
        (32, 3, 4, 4),
    ]
    assert [tuple(each.shape) for each in d.parameters() if each.dim() > 1] == [
        (16, 3, 4, 4),
        (32, 16, 4, 4),
        (1, 128),
    ]


def test_real_triples_are_named_rightly() -> None:
    digits = read_digits()
    real = stack_digits(digits.subset(np.arange(len(digits))), 500, 0)
    assert real.labels is not None

    named = stacked_digits.judge()(real.stored)

    assert float((named == real.labels).double().mean()) > 0.95


def test_the_scores_are_those_of_the_trained_generator() -> None:
    real = load_splits(DataSource(name="ring8")).train
    assert real.modes is not None
    params = POINTS | {"width": 8, "batch_size": 16, "d_steps": 2}

    outcome = train_and_score(
        params, real, NearestCentreModes(real.modes), seed=0, num_steps=2, num_samples=50
    )

    assert outcome.cpu_s > 0.0
    assert 0.0 <= outcome.scores.high_quality_frac <= 1.0


def fake_training(params: Params, seed: int) -> Outcome:
    return Outcome(ModeScores(params["modes"] + seed, nan, nan, log(10)), 3.0)


def test_a_row_has_mean_and_spread_over_the_seeds_of_its_recipe() -> None:
    recipes = {"plain": Recipe(noted="2"), "better": Recipe({"modes": 7}, "8-9")}

    lines = list(compare(fake_training, recipes, {"modes": 1}, seeds=range(3), num_jobs=1))

    assert lines[2:] == [
        "| plain | 2.0 ± 1.0 | 2.30 ± 0.00 | - | 3 ± 0 | 2 |",
        "| better | 8.0 ± 1.0 | 2.30 ± 0.00 | - | 3 ± 0 | 8-9 |",
    ]
    assert row("one", [fake_training({"modes": 4}, 0)], "") == "| one | 4.0 | 2.30 | - | 3 |  |"


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    known = {"plain": Recipe(), "pack2": Recipe()}
    assert list(chosen("pack2,plain", known)) == ["pack2", "plain"]
    assert chosen("", known) == known
    with pytest.raises(click.BadParameter, match="pack9: allowed: plain, pack2"):
        chosen("plain,pack9", known)


@pytest.mark.parametrize(("script", "num_rows"), [(points, 8), (stacked_digits, 4)])
def test_the_commands_print_a_table(
    script: ModuleType, num_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome_of(params: Params, seed: int, **_: object) -> Outcome:
        return Outcome(ModeScores(float(seed), 1.0, 1.0, 1.0), 1.0)

    monkeypatch.setattr(script, "outcome_of", outcome_of)

    arguments = ["--seeds", "2", "--first-seed", "3", "--recipes", "plain,pack2"]
    result = CliRunner().invoke(script.main, arguments, catch_exceptions=False)

    rows = [line for line in result.output.splitlines() if line.startswith("|")]
    assert len(rows) == num_rows
    assert rows[2].startswith("| plain | 3.5 ± 0.7 |")
