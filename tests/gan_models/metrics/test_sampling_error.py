"""A split with a fixed number of each class, against simulation."""

import pytest
import torch
from torch import Tensor

from gan_models.metrics.frechet import fit_gaussian
from gan_models.metrics.frechet_error import FrechetScore, score_frechet

CLASSES, DIM, NUM_REAL, NUM_FAKE = 10, 8, 200, 400
CENTRES = 2 * torch.randn(
    CLASSES, DIM, dtype=torch.float64, generator=torch.Generator().manual_seed(7)
)


def draw(labels: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(len(labels), DIM, dtype=torch.float64, generator=generator)
    return CENTRES[labels] + noise


def perfect(repeats: int, *, told: bool) -> list[FrechetScore]:
    """Score perfect fakes against reals of which every class has exactly its share."""
    generator = torch.Generator().manual_seed(0)
    strata = torch.arange(NUM_REAL) % CLASSES
    found = []
    for _ in range(repeats):
        real = draw(strata, generator)
        fakes = draw(torch.randint(CLASSES, (NUM_FAKE,), generator=generator), generator)
        found.append(
            score_frechet(fit_gaussian(real), real, fakes, strata=strata if told else None)
        )
    return found


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_with_the_classes_told_the_debiased_distance_is_right() -> None:
    found = perfect(300, told=True)
    debiased = torch.tensor([score.debiased for score in found], dtype=torch.float64)
    assert abs(float(debiased.mean())) < 3 * float(debiased.std()) / 300**0.5 + 0.05 * mean(
        [score.value for score in found]
    )
    held = [abs(score.debiased) < 1.96 * score.standard_error for score in found]
    assert mean([float(each) for each in held]) >= 0.9


def test_as_if_drawn_at_random_it_would_be_far_below_zero() -> None:
    found = perfect(100, told=False)
    assert mean([score.debiased for score in found]) < -0.2 * mean([each.value for each in found])


def test_one_class_is_a_draw_at_random() -> None:
    generator = torch.Generator().manual_seed(1)
    real, fakes = (draw(torch.arange(300) % CLASSES, generator) for _ in range(2))
    fitted = fit_gaussian(real)
    at_random = score_frechet(fitted, real, fakes)
    assert score_frechet(fitted, real, fakes, strata=torch.zeros(300)) == at_random


def test_the_order_and_the_names_of_classes_do_not_matter() -> None:
    generator = torch.Generator().manual_seed(2)
    strata = torch.arange(300) % CLASSES
    real, fakes = (draw(strata, generator) for _ in range(2))
    fitted = fit_gaussian(real)
    first = score_frechet(fitted, real, fakes, strata=strata)
    renamed = score_frechet(fitted, real, fakes, strata=(strata * 7 + 3) % 100)
    assert renamed.debiased == pytest.approx(first.debiased, rel=1e-9)
    assert renamed.standard_error == pytest.approx(first.standard_error, rel=1e-9)
