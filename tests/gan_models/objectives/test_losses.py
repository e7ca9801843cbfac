from collections.abc import Callable
from math import isnan, log

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_models.config import LABELLED_LOSS_NAMES, LOSS_NAMES, GanConfig
from gan_models.objectives.losses import OBJECTIVES, discriminator_loss, undecided_logit

Array = NDArray[np.float64]


def sigmoid(logits: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-logits))


# the published definitions, in D(x) = sigmoid(l(x)) where the papers write D
PUBLISHED_D: dict[str, Callable[[Array, Array], Array]] = {
    "minimax": lambda real, fake: -np.log(sigmoid(real)) - np.log(1 - sigmoid(fake)),
    "non-saturating": lambda real, fake: -np.log(sigmoid(real)) - np.log(1 - sigmoid(fake)),
    "hinge": lambda real, fake: -np.minimum(0, real - 1) - np.minimum(0, -fake - 1),
    "least-squares": lambda real, fake: ((real - 1) ** 2 + (fake - 0) ** 2) / 2,
    "wasserstein": lambda real, fake: -(real - fake),
    "relativistic": lambda real, fake: -np.log(sigmoid(real - fake)),
}
PUBLISHED_G: dict[str, Callable[[Array], Array]] = {
    "minimax": lambda fake: np.log(1 - sigmoid(fake)),
    "non-saturating": lambda fake: -np.log(sigmoid(fake)),
    "hinge": lambda fake: -fake,
    "least-squares": lambda fake: (fake - 1) ** 2 / 2,
    "wasserstein": lambda fake: -fake,
    "relativistic": lambda fake_over_real: -np.log(sigmoid(fake_over_real)),
}

some_logits = st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=6)
smoothing = st.floats(0, 0.4)
all_objectives = pytest.mark.parametrize("name", LOSS_NAMES)


def logits(seed: int, count: int = 50) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return 3.0 * torch.randn(count, generator=rng, dtype=torch.float64)


def generator_gradient(name: str, fake_logit: float) -> float:
    fake = torch.tensor([fake_logit], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(OBJECTIVES[name].generator(fake), fake)
    return float(gradient)


@all_objectives
@settings(max_examples=25)
@given(pairs=some_logits)
def test_the_loss_of_d_is_the_published_mean(name: str, pairs: list[tuple[float, float]]) -> None:
    real, fake = torch.tensor(pairs, dtype=torch.float64).T

    loss = OBJECTIVES[name].discriminator(real, fake)

    expected = PUBLISHED_D[name](real.numpy(), fake.numpy()).mean()
    assert (loss.shape, loss.dtype) == ((), torch.float64)
    assert float(loss) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@all_objectives
@settings(max_examples=25)
@given(pairs=some_logits)
def test_the_loss_of_g_is_the_published_mean(name: str, pairs: list[tuple[float, float]]) -> None:
    fake = torch.tensor(pairs, dtype=torch.float64).flatten()

    loss = OBJECTIVES[name].generator(fake)

    expected = PUBLISHED_G[name](fake.numpy()).mean()
    assert (loss.shape, loss.dtype) == ((), torch.float64)
    assert float(loss) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", LABELLED_LOSS_NAMES)
@settings(max_examples=25)
@given(pairs=some_logits, off_real=smoothing, off_fake=smoothing)
def test_smoothed_labels_are_those_of_the_published_loss(
    name: str, pairs: list[tuple[float, float]], off_real: float, off_fake: float
) -> None:
    config = GanConfig(d_loss=name, real_label_smoothing=off_real, fake_label_smoothing=off_fake)
    real, fake = torch.tensor(pairs, dtype=torch.float64).T

    loss = discriminator_loss(config)(real, fake)

    if name == "least-squares":
        expected = ((real - (1 - off_real)) ** 2 + (fake - off_fake) ** 2).mean() / 2
    else:
        expected = binary_cross_entropy_with_logits(
            real, torch.full_like(real, 1 - off_real)
        ) + binary_cross_entropy_with_logits(fake, torch.full_like(fake, off_fake))
    torch.testing.assert_close(loss, expected, rtol=1e-9, atol=1e-12)


@all_objectives
def test_without_smoothing_the_loss_is_the_plain_function(name: str) -> None:
    d_loss, g_loss = name, name
    assert (
        discriminator_loss(GanConfig(d_loss=d_loss, g_loss=g_loss))
        is OBJECTIVES[name].discriminator
    )


@pytest.mark.parametrize("name", LABELLED_LOSS_NAMES)
def test_d_is_undecided_where_equal_real_and_fake_leave_it_no_slope(name: str) -> None:
    for off_real, off_fake in ((0.0, 0.0), (0.1, 0.0), (0.1, 0.2)):
        config = GanConfig(
            d_loss=name, real_label_smoothing=off_real, fake_label_smoothing=off_fake
        )
        logit = torch.tensor([undecided_logit(config)], dtype=torch.float64, requires_grad=True)

        (slope,) = torch.autograd.grad(discriminator_loss(config)(logit, logit), logit)

        assert float(slope) == pytest.approx(0.0, abs=1e-12)


def test_pairs_that_move_together_change_nothing() -> None:
    real, fake = logits(0), logits(1)
    pairs = OBJECTIVES["relativistic"].discriminator

    torch.testing.assert_close(pairs(real + 7, fake + 7), pairs(real, fake), rtol=1e-12, atol=0)
    assert [name for name, entry in OBJECTIVES.items() if entry.is_relative] == ["relativistic"]


def test_the_loss_of_d_is_the_cross_entropy_of_real_1_and_fake_0() -> None:
    real, fake = logits(0), logits(1)
    labelled = binary_cross_entropy_with_logits(
        real, torch.ones_like(real)
    ) + binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))

    torch.testing.assert_close(OBJECTIVES["minimax"].discriminator(real, fake), labelled)


@all_objectives
def test_gradients_are_those_of_the_loss(name: str) -> None:
    real, fake = logits(3, 6).requires_grad_(), logits(4, 6).requires_grad_()

    assert torch.autograd.gradcheck(OBJECTIVES[name].discriminator, (real, fake))
    assert torch.autograd.gradcheck(OBJECTIVES[name].generator, (fake,))


@all_objectives
def test_d_raises_real_and_lowers_fake_while_g_raises_fake(name: str) -> None:
    objective = OBJECTIVES[name]
    undecided = 0.0 if isnan(objective.threshold) else objective.threshold
    real, fake = (torch.full((3,), undecided, requires_grad=True) for _ in range(2))

    for_real, for_fake = torch.autograd.grad(objective.discriminator(real, fake), (real, fake))
    (for_g,) = torch.autograd.grad(objective.generator(fake), fake)

    assert (for_real < 0).all()
    assert (for_fake > 0).all()
    assert (for_g < 0).all()


@all_objectives
def test_losses_of_batches_of_other_sizes_are_comparable(name: str) -> None:
    objective, real, fake = OBJECTIVES[name], logits(0), logits(1)

    torch.testing.assert_close(
        objective.discriminator(real.repeat(4), fake.repeat(4 if objective.is_relative else 2)),
        objective.discriminator(real, fake),
    )
    torch.testing.assert_close(objective.generator(fake.repeat(3)), objective.generator(fake))


def test_the_saturating_loss_teaches_nothing_where_d_is_sure_and_the_other_one_does() -> None:
    assert generator_gradient("minimax", -20.0) == pytest.approx(0.0, abs=1e-8)
    assert generator_gradient("non-saturating", -20.0) == pytest.approx(-1.0, abs=1e-8)


def test_both_teach_alike_where_d_is_undecided() -> None:
    assert generator_gradient("minimax", 0.0) == generator_gradient("non-saturating", 0.0) == -0.5


def test_the_saturating_loss_is_the_game_value_that_d_maximises() -> None:
    fake = logits(5)
    sure_of_real = torch.full((1,), 1e3, dtype=torch.float64)  # −log D(x) = 0

    minimax = OBJECTIVES["minimax"]

    torch.testing.assert_close(
        minimax.generator(fake), -minimax.discriminator(sure_of_real, fake), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_logits_of_any_size_give_finite_losses_and_gradients(name: str) -> None:
    for value in (1e4, -1e4):
        real, fake = (torch.tensor([value], requires_grad=True) for _ in range(2))
        for loss in (
            OBJECTIVES[name].discriminator(real, fake),
            OBJECTIVES[name].generator(fake),
        ):
            gradients = torch.autograd.grad(loss, (real, fake), allow_unused=True)
            assert loss.isfinite()
            assert all(gradient is None or gradient.isfinite() for gradient in gradients)


def test_an_undecided_d_loses_log_4() -> None:
    undecided = torch.zeros(4, dtype=torch.float64)

    assert float(OBJECTIVES["minimax"].discriminator(undecided, undecided)) == pytest.approx(log(4))


def test_the_hinge_leaves_alone_what_is_beyond_its_margin() -> None:
    real = torch.tensor([1.5, 0.5], requires_grad=True)
    fake = torch.tensor([-1.5, -0.5], requires_grad=True)

    OBJECTIVES["hinge"].discriminator(real, fake).backward()

    assert real.grad is not None
    assert fake.grad is not None
    assert real.grad.tolist() == [0.0, -0.5]
    assert fake.grad.tolist() == [0.0, 0.5]


def test_thresholds_are_where_d_is_undecided() -> None:
    thresholds = {name: entry.threshold for name, entry in OBJECTIVES.items()}

    assert isnan(thresholds.pop("wasserstein"))
    assert isnan(thresholds.pop("relativistic"))
    assert thresholds == {"minimax": 0, "non-saturating": 0, "hinge": 0, "least-squares": 0.5}


def test_every_objective_stands_under_its_own_name_with_formula_and_source() -> None:
    for name, entry in OBJECTIVES.items():
        assert entry.name == name
        assert entry.formula.startswith("D: ")
        assert ";  G: " in entry.formula
        assert entry.source[:4].isdigit()  # arXiv
