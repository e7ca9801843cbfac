"""Distributions have the moments that they claim, and the benchmark says what it found."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from click.testing import CliRunner
from PIL import Image

from benchmarks import metric_accuracy, metric_picture
from benchmarks.line_chart import Line, Panel, draw_chart
from benchmarks.metric_accuracy import Estimates, estimate
from benchmarks.metric_distributions import FAMILIES, real_and_fake, true_distance


@pytest.mark.parametrize("family", FAMILIES)
def test_values_of_a_family_are_standardised(family: str) -> None:
    values = FAMILIES[family](np.random.default_rng(0), (100_000, 2))
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(np.cov(values.T), np.eye(2), atol=0.04)


def test_draws_have_the_mean_and_covariance_that_the_truth_is_computed_from() -> None:
    _, fake = real_and_fake("gaussian", 4)
    drawn = fake.draw(200_000, np.random.default_rng(0))
    assert drawn.dtype is torch.float32
    np.testing.assert_allclose(drawn.mean(dim=0), fake.mean, atol=0.01)
    np.testing.assert_allclose(drawn.T.cov(), fake.factor @ fake.factor.T, atol=0.01)


def test_the_truth_is_that_of_a_matrix_square_root() -> None:
    real, fake = real_and_fake("gaussian", 16)
    ours, theirs = (side.factor @ side.factor.T for side in (real, fake))
    assert np.abs(ours @ theirs - theirs @ ours).max() > 1e-3  # they do not commute

    root = scipy.linalg.sqrtm(ours @ theirs).real
    expected = np.square(fake.mean).sum() + np.trace(ours + theirs - 2 * root)

    assert true_distance(real, fake) == pytest.approx(expected, rel=1e-9)


def test_estimates_are_summed_up() -> None:
    found = Estimates(
        raw=np.array([2.0, 4.0]),
        debiased=np.array([1.0, 2.0]),
        standard_error=np.array([0.1, 0.6]),
        floor=np.array([0.5, 0.5]),
    )
    assert found.covered_frac(1.1) == 1.0
    assert found.covered_frac(1.2) == 0.5  # 2 ± 1.96 · 0.6 holds it, 1 ± 1.96 · 0.1 does not
    assert found.spread_ratio == pytest.approx(0.5)
    assert found.error_of_mean == pytest.approx(0.5)


def test_every_repetition_draws_afresh_and_is_repeatable() -> None:
    real, fake = real_and_fake("uniform", 4)

    def raw() -> list[float]:
        return list(estimate(real, fake, num_reals=40, num_fakes=30, repetitions=3).raw)

    assert raw() == raw()
    assert len(set(raw())) == 3


def test_the_table_has_every_case_and_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    sizes = ["--repetitions", "2", "--fakes", "40", "--reals", "90", "--few-reals", "30"]
    dims = ["--dim", "4", "--dim", "6"]

    result = CliRunner().invoke(metric_accuracy.main, [*sizes, *dims], catch_exceptions=False)

    assert result.exit_code == 0
    lines = result.output.splitlines()
    headings = [line for line in lines if not line.startswith(" ")]
    assert [heading.rpartition(", 2 times")[0] for heading in headings] == [
        "a generator at a known distance: d = 4, 40 fakes, 90 reals",
        "a generator at a known distance: d = 6, 40 fakes, 90 reals",
        "a generator at a known distance: d = 4, 40 fakes, 30 reals",
        "a perfect generator: d = 4, 40 fakes, 90 reals",
        "a perfect generator: d = 4, 40 fakes, 30 reals",
    ]
    assert [line.split()[0] for line in lines if line.startswith(" ")] == 5 * list(FAMILIES)
    assert "nan" not in result.output


def test_the_picture_shows_every_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)  # it is for the process
    monkeypatch.setattr(metric_picture, "NUM_FAKES", (32, 64, 128))
    monkeypatch.setattr(metric_picture, "DIM", 4)
    file = tmp_path / "bias.png"

    arguments = ["--repetitions", "2", "--reals", "50", "--out", str(file)]
    result = CliRunner().invoke(metric_picture.main, arguments, catch_exceptions=False)

    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 6  # three numbers of fakes, two generators
    with Image.open(file) as image:
        assert image.size == (1600, 800)
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    for name in ("ORANGE", "BLUE", "GREEN", "BLACK"):
        colour = getattr(metric_picture, name)
        distance = np.abs(pixels - np.array(list(bytes.fromhex(colour[1:])))).sum(axis=1)
        assert (distance < 30).sum() > 200, name


def test_a_point_lies_where_its_values_say() -> None:
    panel = Panel("a panel", (1, 4), [Line("a line", "#ff0000", (0.0, 1.0))])

    image = draw_chart(
        [panel], size=(400, 300), y_range=(0, 1), y_ticks=(0, 1), title="", x_label=""
    )

    red = np.argwhere(np.abs(np.asarray(image).astype(int) - [255, 0, 0]).sum(axis=2) < 40)
    in_panel = red[red[:, 0] >= 140]  # below the legend
    left, right = in_panel[in_panel[:, 1].argmin()], in_panel[in_panel[:, 1].argmax()]
    assert left[0] > right[0]  # up means more
    assert abs(in_panel[:, 0].min() - 2 * 78) < 10
