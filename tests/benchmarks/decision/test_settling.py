import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.decision.settling import FAMILIES, main, run_search


def test_a_flat_search_ends_early_and_loses_nothing() -> None:
    ending = run_search(40 * [1.0], 0.001, np.random.default_rng(0))
    assert ending.saved_frac > 0.5
    assert ending.loss == 0.0


def test_a_loss_is_what_the_rest_of_the_plan_would_have_found() -> None:
    ending = run_search([*(30 * [1.0]), 0.4], 0.001, np.random.default_rng(0))
    assert ending.saved_frac > 0
    assert ending.loss == pytest.approx(0.6)


def test_a_search_that_keeps_gaining_goes_through() -> None:
    ending = run_search([3.0 - 0.1 * n for n in range(30)], 0.02, np.random.default_rng(0))
    assert ending.saved_frac < 0.1


@pytest.mark.parametrize("name", [name for name in FAMILIES if not name.startswith("tpe")])
def test_a_family_is_drawn_anew_from_its_seed(name: str) -> None:
    draws = [FAMILIES[name](np.random.default_rng(seed), 20, 0.02) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert len(draws[0]) == 20


def test_it_tells_every_family() -> None:
    result = CliRunner().invoke(main, ["--trials", "13", "--searches", "1"], catch_exceptions=False)
    lines = result.output.splitlines()
    assert [line[:20].strip() for line in lines[2:]] == list(FAMILIES)
