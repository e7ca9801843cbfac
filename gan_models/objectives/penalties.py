"""Gradient penalties on D. Each returns the term without its weight, as a mean over the batch.

D must treat samples one by one (no batch statistics): the gradient of the summed logits is then
the stack of the samples' own gradients.
"""

import torch
from torch import Tensor, nn


def r1(discriminator: nn.Module, real: Tensor) -> tuple[Tensor, Tensor]:
    """Return (½ E |∇D(x)|², D's logits on ``real``) (1801.04406, eq. 9).

    The logits come from the pass that the penalty needs anyway, so that the loss can share it.
    """
    real = real.detach().requires_grad_()
    logits = discriminator(real)
    return 0.5 * _squared_gradient_norms(logits, real).mean(), logits


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Return E (|∇D(x̂)| − 1)² with x̂ = mix · x + (1 − mix) · G(z) (1704.00028, eq. 3).

    Args:
        discriminator: maps samples to N logits.
        real: N x ``sample.shape``.
        fake: the same shape.
        mix: N numbers in [0, 1], one a sample.
    """
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    between = torch.lerp(fake.detach(), real.detach(), mix).requires_grad_()
    squared = _squared_gradient_norms(discriminator(between), between)
    # the square root has no derivative at zero: a critic that is flat at a point would give NaN
    return ((squared + 1e-12).sqrt() - 1.0).square().mean()


def _squared_gradient_norms(logits: Tensor, samples: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.flatten(1).square().sum(1)
