import pytest
import torch
from click.testing import CliRunner

from benchmarks import limited_data
from benchmarks.limited_data import PLAIN, RECIPES, row
from gan_models.config import GanConfig
from gan_models.metrics.scores import Scores


def test_every_recipe_is_a_configuration_of_its_own() -> None:
    configs = [GanConfig.from_params(PLAIN.to_params() | {**each}) for each in RECIPES.values()]

    assert configs[0] == PLAIN
    assert len(set(configs)) == len(RECIPES)


def test_a_row_is_the_lowest_and_the_last_over_seeds() -> None:
    curves = [
        [Scores(fid=3.0, coverage=0.5), Scores(fid=5.0, coverage=0.6)],
        [Scores(fid=2.0, coverage=0.5), Scores(fid=1.0, coverage=0.8)],
    ]

    assert row("this", curves) == "| this | 2.00 ± 1.41 | 3.00 ± 2.83 | 0.700 ± 0.141 |"
    assert row("one", curves[1:]) == "| one | 1.00 | 1.00 | 0.800 |"


def test_the_table_has_a_row_for_each_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(limited_data, "NUM_FAKES", 60)
    arguments = ["--kimg", "1", "--every-kimg", "1", "--seeds", "1", "--digits", "64"]
    arguments += ["--recipe", "plain", "--recipe", "ada", "--features", "random-conv"]

    result = CliRunner().invoke(limited_data.main, arguments, catch_exceptions=False)

    assert result.exit_code == 0
    assert [line.split(" | ")[0] for line in result.output.splitlines()[3:]] == ["| plain", "| ada"]
