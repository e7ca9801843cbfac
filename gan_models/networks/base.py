"""What every generator and discriminator promises.

A generator is an ``nn.Module`` that maps latents z (N x ``latent_dim``) to samples as networks see
them (N x ``sample.shape``; images in [−1, 1]). A discriminator maps such samples to N logits, or
to N critic values under the Wasserstein objective. Nothing else is asked of either: with packing
(``pack``) the discriminator is built for wider samples and gives a logit for each of those.

Where a run is conditioned on classes, both are given N labels as a second argument, and a D that
classifies gives N x (1 + classes): the logit, and beside it one of each class.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.samples import SampleSpec

Builder = Callable[[GanConfig, SampleSpec], nn.Module]


@dataclass(frozen=True)
class Architecture:
    """A pair of builders under one name. Builders may draw weights from torch's global RNG."""

    name: str
    doc: str
    build_generator: Builder
    build_discriminator: Builder


def generate(generator: Callable[..., Tensor], z: Tensor, labels: Tensor | None) -> Tensor:
    """Map latents to samples, of the classes in ``labels`` if G is conditioned on them."""
    return generator(z) if labels is None else generator(z, labels)
