"""What makes G and D of any architecture class-conditional.

G always sees an embedding e(y) of the class y beside z (1411.1784, figure 1). D has one of

    concat      head(φ([h, e(y)])) for the features h of x and a layer φ (1411.1784, section 4.1),
    projection  head(h) + ⟨v(y), h⟩ (1802.05637, eq. 3); G's batch norms, where it has any, then
                scale and shift by the class,
    auxiliary   head(h), and beside it one logit of each class (1610.09585).
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gan_models.config import GanConfig
from gan_models.errors import ParameterError
from gan_models.networks.base import Builder
from gan_models.networks.blocks import LEAK, maybe_spectral
from gan_models.networks.conditional_norm import ConditionalBatchNorm2d, labels_for
from gan_models.networks.discriminator import Discriminator
from gan_models.samples import SampleSpec

EMBEDDING_DIM = 16


class ConditionalGenerator(nn.Module):
    """A G of z and a class; the G inside takes latents that are ``EMBEDDING_DIM`` longer."""

    def __init__(self, generator: nn.Module, num_classes: int) -> None:
        super().__init__()
        self.generator = generator
        self.embedding = nn.Embedding(num_classes, EMBEDDING_DIM)
        self._norms = [
            layer for layer in generator.modules() if isinstance(layer, ConditionalBatchNorm2d)
        ]

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """Map N x ``latent_dim`` and N classes to N x ``sample.shape``."""
        with labels_for(self._norms, labels):
            samples: Tensor = self.generator(torch.cat([z, self.embedding(labels)], dim=1))
        return samples


class ConcatHead(nn.Module):
    """Judges features beside an embedding of the class, after one layer that sees both."""

    def __init__(self, head: nn.Linear, num_classes: int, *, spectral_norm: bool) -> None:
        super().__init__()
        width = head.in_features
        self.embedding = nn.Embedding(num_classes, EMBEDDING_DIM)
        self.joint = maybe_spectral(nn.Linear(width + EMBEDDING_DIM, width), spectral_norm)
        self.head = head

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Map N x features and N classes to N x 1 logits."""
        both = torch.cat([features, self.embedding(labels)], dim=1)
        logits: Tensor = self.head(leaky_relu(self.joint(both), LEAK))
        return logits


class ProjectionHead(nn.Module):
    """Adds to the logit of features how far they point in the direction of the class."""

    def __init__(self, head: nn.Linear, num_classes: int, *, spectral_norm: bool) -> None:
        super().__init__()
        self.head = head
        directions = nn.Embedding(num_classes, head.in_features)
        nn.init.normal_(directions.weight, std=head.in_features**-0.5)
        self.directions = maybe_spectral(directions, spectral_norm)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Map N x features and N classes to N x 1 logits."""
        along: Tensor = (self.directions(labels) * features).sum(dim=1, keepdim=True)
        logits: Tensor = self.head(features)
        return logits + along


class AuxiliaryHead(nn.Module):
    """Beside the logit one of each class, which D must learn to tell and G to make."""

    def __init__(self, head: nn.Linear, num_classes: int, *, spectral_norm: bool) -> None:
        super().__init__()
        self.head = head
        self.classifier = maybe_spectral(nn.Linear(head.in_features, num_classes), spectral_norm)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Map N x features to N x (1 + classes); what is to be told is not looked at."""
        return torch.cat([self.head(features), self.classifier(features)], dim=1)


_HEADS = {"concat": ConcatHead, "projection": ProjectionHead, "auxiliary": AuxiliaryHead}


def conditional_generator(build: Builder) -> Builder:
    """Turn a builder of G into one of a G that takes labels as well."""

    def build_conditional(config: GanConfig, sample: SampleSpec) -> nn.Module:
        num_classes = _num_classes(config, sample)
        longer = replace(config, latent_dim=config.latent_dim + EMBEDDING_DIM)
        return ConditionalGenerator(build(longer, sample), num_classes)

    return build_conditional


def conditional_discriminator(build: Builder) -> Builder:
    """Turn a builder of D into one of a D that takes labels as well."""

    def build_conditional(config: GanConfig, sample: SampleSpec) -> nn.Module:
        num_classes = _num_classes(config, sample)
        discriminator = build(config, sample)
        head = discriminator.head if isinstance(discriminator, Discriminator) else None
        if not isinstance(head, nn.Linear):
            raise ParameterError(
                f"conditioning = '{config.conditioning}' needs a D of a trunk and a linear head, "
                f"and that of network = '{config.network}' has none: take conditioning = 'none'"
            )
        discriminator.head = _HEADS[config.conditioning](
            head, num_classes, spectral_norm=config.spectral_norm
        )
        return discriminator

    return build_conditional


def _num_classes(config: GanConfig, sample: SampleSpec) -> int:
    if sample.classes is None or len(sample.classes) < 2:
        raise ParameterError(
            f"conditioning = '{config.conditioning}' needs data with labels of at least 2 classes, "
            "and this has none: take conditioning = 'none' or labelled data"
        )
    return len(sample.classes)
