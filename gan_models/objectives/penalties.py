"""Gradient penalties on D. Each returns the term without its weight, as a mean over the batch.

A slope is taken at one argument of D: at a sample, or with packing (``pack``) at the m samples of
one logit together, of which there are N / m. D must judge its arguments one by one (no batch
statistics): the gradient of the summed logits is then the stack of their own gradients. Batch
statistics in G do not matter, since fakes are given.

Minibatch layers break that on purpose. With them, the gradient at a sample is that of the summed
logits of its whole group: its own logit and what it moves in its neighbours'. This is what
StyleGAN2 (1912.04958) computes where it joins R1 and the minibatch standard deviation: a bound on
how steep D is in a whole batch, still zero where D is flat.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Discriminate = Callable[[Tensor], Tensor]  # N samples to logits: D, or D with something bound


def zero_centred(discriminator: Discriminate, samples: Tensor) -> tuple[Tensor, Tensor]:
    """Return (½ E |∇D|², D's logits) at ``samples``: R1 at real ones, R2 at fakes.

    1801.04406, eq. 9 and 10. The logits come from the pass that the penalty needs anyway, so that
    the loss can share it.
    """
    samples = samples.detach().requires_grad_()
    logits = discriminator(samples)
    return 0.5 * _squared_gradient_norms(logits, samples).mean(), logits


r1 = r2 = zero_centred


def gradient_penalty(
    discriminator: Discriminate, real: Tensor, fake: Tensor, mix: Tensor
) -> Tensor:
    """Return E (|∇D(x̂)| − 1)² with x̂ = mix · x + (1 − mix) · G(z) (1704.00028, eq. 3).

    Args:
        discriminator: maps samples to N logits.
        real: N x ``sample.shape``.
        fake: the same shape.
        mix: N numbers in [0, 1], one a sample; equal within a pack, so that x̂ lies on the line
            between a real and a fake pack.
    """
    mix = mix.view(-1, *[1] * (real.dim() - 1))
    return one_centred(discriminator, torch.lerp(fake.detach(), real.detach(), mix))


def dragan(discriminator: Discriminate, real: Tensor, noise: Tensor) -> Tensor:
    """Return E (|∇D(x + δ)| − 1)², around real samples alone (1705.07215).

    Args:
        discriminator: maps samples to N logits.
        real: N x ``sample.shape``.
        noise: δ, the same shape.
    """
    return one_centred(discriminator, real.detach() + noise)


def one_centred(discriminator: Discriminate, samples: Tensor) -> Tensor:
    """Return E (|∇D| − 1)² at ``samples``."""
    samples = samples.detach().requires_grad_()
    squared = _squared_gradient_norms(discriminator(samples), samples)
    # the square root has no derivative at zero: a critic that is flat at a point would give NaN
    return ((squared + 1e-12).sqrt() - 1.0).square().mean()


def _squared_gradient_norms(logits: Tensor, samples: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return gradient.reshape(len(logits), -1).square().sum(1)  # one row an argument of D
