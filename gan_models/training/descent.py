"""One step of an optimiser down a loss: the end of every update, of D as of G."""

from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from gan_models.config import GanConfig
from gan_models.training.rates import is_scheduled, rate_factor


def descend(
    optimizer: Optimizer, loss: Tensor, config: GanConfig, *, base_lr: float, nimg: int
) -> None:
    """Move the optimiser's weights against the gradient of ``loss``.

    Args:
        optimizer: its earlier gradients are dropped.
        loss: a scalar with a graph.
        config: says how learning rates move and gradients are clipped.
        base_lr: the learning rate that the schedule multiplies.
        nimg: images that D has seen, those of this update included.
    """
    optimizer.zero_grad()
    loss.backward()
    if config.grad_clip_norm:
        clip_grad_norm_(_weights(optimizer), config.grad_clip_norm)
    if is_scheduled(config):
        for group in optimizer.param_groups:
            group["lr"] = base_lr * rate_factor(config, nimg)
    optimizer.step()


def clip_weights(optimizer: Optimizer, bound: float) -> None:
    """Move each of the optimiser's weights into [−bound, bound] (1701.07875, algorithm 1)."""
    for weight in _weights(optimizer):
        weight.detach().clamp_(-bound, bound)


def _weights(optimizer: Optimizer) -> list[Tensor]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]
