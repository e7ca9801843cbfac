"""A GAN of one's own for small images: networks, a loss and a data set."""

from math import prod

import numpy as np
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_models.config import GanConfig
from gan_models.networks.base import Architecture
from gan_models.objectives.losses import Objective
from gan_models.samples import SampleSpec


class Generator(nn.Module):
    """z through a residual block to an image."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        self.enter = nn.Linear(config.latent_dim, config.width)
        self.block = nn.Sequential(
            nn.LayerNorm(config.width), nn.Linear(config.width, config.width), nn.GELU()
        )
        self.leave = nn.Linear(config.width, prod(sample.shape))
        self.shape = sample.shape

    def forward(self, z: Tensor) -> Tensor:
        """Map N x latent_dim to N x the sample's shape, within [-1, 1]."""
        hidden = self.enter(z)
        hidden = hidden + self.block(hidden)
        return self.leave(hidden).tanh().view(-1, *self.shape)


class Discriminator(nn.Module):
    """An image to one logit."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(prod(sample.shape), config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.GELU(),
            nn.Linear(config.width, 1),
        )

    def forward(self, samples: Tensor) -> Tensor:
        """Map N samples to N logits."""
        return self.layers(samples).squeeze(1)


networks = Architecture(
    name="my_gan",
    doc="a residual G and a plain D",
    build_generator=Generator,
    build_discriminator=Discriminator,
)


def focal(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Weigh samples that D is sure of less, after focal loss (1708.02002)."""
    wrong_on_real, wrong_on_fake = (-real_logits).sigmoid(), fake_logits.sigmoid()
    on_real = (wrong_on_real * softplus(-real_logits)).mean()
    return on_real + (wrong_on_fake * softplus(fake_logits)).mean()


loss = Objective(
    name="focal",
    formula="D: −(1 − D(x)) log D(x) − D(G(z)) log(1 − D(G(z)));  G: −log D(G(z))",
    source="after 1708.02002",
    discriminator=focal,
    generator=lambda fake_logits: softplus(-fake_logits).mean(),
)


def load() -> tuple[np.ndarray, np.ndarray]:
    """Return 600 images of two kinds of bars, 8 x 8 in grey, and the kind of each."""
    rng = np.random.default_rng(0)
    images = np.zeros((600, 8, 8), np.float32)
    labels = np.arange(600) % 2
    for image, label in zip(images, labels, strict=True):
        place, ink = rng.integers(8), rng.uniform(0.6, 1.0)
        (image if label else image.T)[place] = ink
    return images, labels
