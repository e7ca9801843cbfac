import pytest
import torch
from torch import Tensor
from torch.optim import SGD, Adam

from gan_models.config import GanConfig
from gan_models.training.descent import clip_weights, descend

PLAIN = GanConfig()


def weights() -> list[Tensor]:
    return [torch.tensor([3.0, -4.0], requires_grad=True), torch.tensor([0.0], requires_grad=True)]


def loss_of(variables: list[Tensor], factor: float = 1.0) -> Tensor:
    return 0.5 * factor * torch.cat(variables).square().sum()


def step_of(config: GanConfig, *, factor: float = 1.0, nimg: int = 64) -> Tensor:
    """Return how far plain gradient descent of rate 0.5 goes from (3, −4)."""
    variables = weights()
    optimizer = SGD(variables, lr=0.5)
    descend(optimizer, loss_of(variables, factor), config, base_lr=0.5, nimg=nimg)
    return variables[0].detach() - torch.tensor([3.0, -4.0])


def test_it_goes_against_the_gradient_by_the_learning_rate() -> None:
    assert step_of(PLAIN).tolist() == [-1.5, 2.0]


@pytest.mark.parametrize(("norm", "share"), [(1.0, 0.2), (2.5, 0.5), (5.5, 1.0), (0.0, 1.0)])
def test_a_gradient_longer_than_the_bound_is_scaled_down_to_it(norm: float, share: float) -> None:
    step = step_of(GanConfig(grad_clip_norm=norm))  # the gradient is 5 long

    torch.testing.assert_close(step, share * torch.tensor([-1.5, 2.0]), rtol=1e-5, atol=0)


def test_the_rate_is_that_of_the_images_seen_and_not_of_the_step_before() -> None:
    config = GanConfig(lr_warmup_kimg=1.0)

    for nimg, share in ((500, 0.5), (250, 0.25), (5000, 1.0)):
        torch.testing.assert_close(step_of(config, nimg=nimg), share * torch.tensor([-1.5, 2.0]))


def test_gradients_of_an_earlier_step_are_dropped() -> None:
    variables = weights()
    for each in variables:
        each.grad = torch.full_like(each, 99.0)

    descend(SGD(variables, lr=0.5), loss_of(variables), PLAIN, base_lr=0.5, nimg=64)

    assert variables[0].tolist() == [1.5, -2.0]


def test_weights_are_moved_into_the_bound_and_others_stay() -> None:
    variables = [torch.tensor([3.0, -4.0, 0.25], requires_grad=True)]

    clip_weights(Adam(variables), 0.5)

    assert variables[0].tolist() == [0.5, -0.5, 0.25]
    assert variables[0].requires_grad
