"""Unrolled GAN (Metz et al., 1611.02163): G answers the D that D is about to become.

θ⁰ are D's weights as they are; θ^{k+1} = θ^k − η · update(∇_θ of D's objective at θ^k) (eq. 7, with
signs of descent). G's loss is taken at θ^K, and its gradient flows through the K updates into the
fakes on which they were made (eq. 10): G learns that to crowd into one mode is answered by D.

As in the paper, the update is that of Adam, which goes on from D's own moments; all K updates see
one real batch and the fakes of G's loss. D and its optimiser are only read. A frozen D stays so:
the power iteration of spectral norms does not go on in updates that never happen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim import Optimizer

from gan_models.objectives.judgement import Network


def unrolled(
    discriminator: nn.Module,
    optimizer: Optimizer,
    objective: Callable[[Network], Tensor],
    num_steps: int,
) -> Network:
    """Return D as it will be after ``num_steps`` updates, differentiable in what it learnt from.

    Args:
        discriminator: whose weights are where the updates begin.
        optimizer: D's Adam, with one group; says the rate, betas and moments to begin with.
        objective: the scalar that D minimises, of a function from samples to logits.
        num_steps: 0 gives D as it is.
    """
    weights = {
        name: each.detach().requires_grad_() for name, each in discriminator.named_parameters()
    }
    adam = [_Moments.of(optimizer, each) for each in discriminator.parameters()]
    for _ in range(num_steps):
        loss = objective(_with(discriminator, weights))
        gradients = torch.autograd.grad(
            loss, list(weights.values()), create_graph=True, materialize_grads=True
        )
        adam = [each.after(gradient) for each, gradient in zip(adam, gradients, strict=True)]
        weights = {
            name: each - moments.update()
            for (name, each), moments in zip(weights.items(), adam, strict=True)
        }
    return _with(discriminator, weights)


def _with(discriminator: nn.Module, weights: dict[str, Tensor]) -> Network:
    def discriminate(*inputs: Tensor) -> Tensor:
        logits: Tensor = functional_call(discriminator, weights, inputs)
        return logits

    return discriminate


@dataclass(frozen=True)
class _Moments:
    """Adam's memory of one weight (1412.6980, algorithm 1), without a change in place."""

    mean: Tensor
    square: Tensor
    num_steps: Tensor
    group: dict[str, Any]

    @classmethod
    def of(cls, optimizer: Optimizer, weight: Tensor) -> Self:
        """Read them from the optimiser, which has none before its first step."""
        (group,) = optimizer.param_groups
        known = optimizer.state.get(weight, {})
        nothing = torch.zeros_like(weight, requires_grad=False)
        num_steps = torch.as_tensor(known.get("step", 0.0)).double()  # β₂ᵗ lies close to 1
        return cls(
            known.get("exp_avg", nothing), known.get("exp_avg_sq", nothing), num_steps, group
        )

    def after(self, gradient: Tensor) -> "_Moments":
        """Take in one more gradient."""
        beta1, beta2 = self.group["betas"]
        return _Moments(
            beta1 * self.mean + (1 - beta1) * gradient,
            beta2 * self.square + (1 - beta2) * gradient.square(),
            self.num_steps + 1,
            self.group,
        )

    def update(self) -> Tensor:
        """Return what to subtract from the weight."""
        beta1, beta2 = self.group["betas"]
        mean = self.mean / (1 - beta1**self.num_steps)
        square = self.square / (1 - beta2**self.num_steps)
        # ε under the root: it has no derivative at zero, where weights without gradient are
        update: Tensor = self.group["lr"] * mean / (square + self.group["eps"] ** 2).sqrt()
        return update
