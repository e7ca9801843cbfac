"""What a loss promises, tried on a user's own before anything is trained by it."""

from collections.abc import Callable

import torch
from torch import Tensor

from gan_models.config import LOSS_NAMES, GanConfig
from gan_models.errors import FactoryError
from gan_models.factories import blamed_on
from gan_models.objectives.losses import find_objective

_NUM_LOGITS = 16


def check_losses(config: GanConfig) -> None:
    """Check each loss of a configuration that is not ours.

    Given logits, it returns their loss: one finite float32 number, with a gradient for them. The
    same logits give the same loss.

    Raises:
        FactoryError: naming the loss and what it breaks.
    """
    if config.d_loss not in LOSS_NAMES:
        place = f"d_loss = '{config.d_loss}'"
        of_d = find_objective(config.d_loss, "d_loss").discriminator
        _check(of_d, f"{place}: discriminator(real_logits, fake_logits)", num_arguments=2)
    if config.g_loss not in LOSS_NAMES:
        place = f"g_loss = '{config.g_loss}'"
        of_g = find_objective(config.g_loss, "g_loss").generator
        _check(of_g, f"{place}: generator(fake_logits)", num_arguments=1)


def _check(loss: Callable[..., Tensor], place: str, *, num_arguments: int) -> None:
    rng = torch.Generator().manual_seed(0)
    logits = [
        torch.randn(_NUM_LOGITS, generator=rng).requires_grad_() for _ in range(num_arguments)
    ]
    with blamed_on(place, "fails"):
        value, again = loss(*logits), loss(*logits)
    if not isinstance(value, Tensor) or value.shape != ():
        found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise FactoryError(f"{place}: gives {found}, must give one number: take the mean")
    if value.dtype != torch.float32 or not value.isfinite():
        raise FactoryError(
            f"{place}: gives {value.item():g} as {value.dtype}, must be a finite torch.float32"
        )
    if not torch.equal(value, again):
        raise FactoryError(f"{place}: gives {again:g} where it gave {value:g}: draw nothing in it")
    _check_gradient(value, logits, place)


def _check_gradient(value: Tensor, logits: list[Tensor], place: str) -> None:
    gradients = torch.autograd.grad(value, logits, allow_unused=True) if value.requires_grad else ()
    found = [each for each in gradients if each is not None]
    if not any(each.any() for each in found):
        raise FactoryError(f"{place}: has no gradient for its logits, so nothing learns from it")
    if not all(each.isfinite().all() for each in found):
        raise FactoryError(f"{place}: has a gradient that is not finite")
