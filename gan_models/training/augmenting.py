"""Where augmentation meets the step: what D sees instead of a batch of fakes and one of reals.

Everything that D is asked about, its penalties included, is asked at images as it sees them. So R1
is the gradient with respect to the augmented reals: it bounds D's own slope, on the data of the
game that D plays, whatever T does. (StyleGAN2-ADA's code differentiates on through T, to the
images before it: where T only moves pixels that is the same number, but brightness, contrast and
cutout would scale it.)
"""

from typing import NamedTuple, overload

import torch
from torch import Tensor

from gan_models.augmentation.pipeline import augmentation
from gan_models.config import GanConfig
from gan_models.training.state import TrainState


class Twins(NamedTuple):
    """Second versions of what D is shown; None of what it need not be consistent on."""

    real: Tensor | None = None
    fake: Tensor | None = None


@overload
def augmented(
    state: TrainState, config: GanConfig, drawn: Tensor | None, *, fake: Tensor, real: Tensor
) -> tuple[Tensor, Tensor]: ...


@overload
def augmented(
    state: TrainState, config: GanConfig, drawn: Tensor | None, *, fake: Tensor, real: Tensor | None
) -> tuple[Tensor, Tensor | None]: ...


def augmented(
    state: TrainState, config: GanConfig, drawn: Tensor | None, *, fake: Tensor, real: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Return fakes and reals as D sees them: with ADA by its present p, else all changed.

    Args:
        state: knows p.
        config: says what may be done to an image.
        drawn: of ``Draws.augmentation``; None leaves both as they are.
        fake: N x C x H x W; gradients pass through to it.
        real: the same shape, or None.
    """
    if drawn is None:
        return fake, real
    probability = None if state.ada is None else state.ada.p
    images = fake if real is None else torch.cat([fake, real])
    changed = augmentation(config)(images, drawn[: len(images)], probability)
    return changed[: len(fake)], None if real is None else changed[len(fake) :]


def twins(config: GanConfig, drawn: Tensor | None, *, fake: Tensor, real: Tensor) -> Twins:
    """Return what D should say the same of as of these images, as it sees them.

    Args:
        config: says what may be done to an image, and to which.
        drawn: of ``Draws.twins``; None where D need not be consistent.
        fake: N x C x H x W.
        real: the same shape.
    """
    if drawn is None:
        return Twins()
    change, of_fakes, of_reals = augmentation(config), drawn[: len(fake)], drawn[len(fake) :]
    fake_twins = change(fake, of_fakes) if config.balanced_consistency else None
    return Twins(change(real, of_reals), fake_twins)
