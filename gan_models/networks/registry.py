"""Architectures by name, and how to build a pair from a configuration and a seed."""

from dataclasses import replace

import torch
from torch import nn

from gan_models.augmentation.pipeline import check_augmentation
from gan_models.config import GanConfig
from gan_models.networks.base import Architecture, Builder
from gan_models.networks.conditional import conditional_discriminator, conditional_generator
from gan_models.networks.dcgan import DCGAN
from gan_models.networks.mlp import MLP
from gan_models.networks.packing import Packed, packed
from gan_models.networks.r3gan import R3GAN
from gan_models.networks.resnet import RESNET
from gan_models.networks.style import STYLE
from gan_models.plugins import NETWORKS, load_brought
from gan_models.samples import SampleSpec
from gan_models.seeds import derive_seed

ARCHITECTURES: dict[str, Architecture] = {
    entry.name: entry for entry in (MLP, DCGAN, RESNET, R3GAN, STYLE)
}


def find_architecture(name: str) -> Architecture:
    """Return an architecture of ours, of a user's module, or of an installed package.

    Raises:
        FactoryError: if the last two cannot be imported, or are something else.
    """
    known = ARCHITECTURES.get(name)
    return known or load_brought(NETWORKS, name, Architecture, "network")


def build_generator(config: GanConfig, sample: SampleSpec, *, seed: int = 0) -> nn.Module:
    """Build G with weights drawn from ``seed``, on the CPU.

    Raises:
        FactoryError: if the architecture is a user's, and cannot be had.
        ParameterError: if the architecture cannot make such samples, or there are no classes.
    """
    build = find_architecture(config.network).build_generator
    if config.conditioning != "none":
        build = conditional_generator(build)
    return _build(build, config, sample, derive_seed(seed, "generator"))


def build_discriminator(config: GanConfig, sample: SampleSpec, *, seed: int = 0) -> nn.Module:
    """Build D with weights drawn from ``seed``, on the CPU; one that judges packs if asked for.

    Raises:
        FactoryError: if the architecture is a user's, and cannot be had.
        ParameterError: if the architecture cannot judge such samples, if they are to be augmented
            and cannot be, or if there are no classes.
    """
    check_augmentation(config, sample)
    build = find_architecture(config.network).build_discriminator
    if config.conditioning != "none":
        build = conditional_discriminator(build)
    own = replace(config, width=config.d_width or config.width)
    seed = derive_seed(seed, "discriminator")
    if config.pack == 1:
        return _build(build, own, sample, seed)
    return Packed(_build(build, own, packed(sample, config.pack), seed), config.pack)


def _build(builder: Builder, config: GanConfig, sample: SampleSpec, seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):  # torch's layers draw from the CPU's global generator
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would move the GPUs' as well
        return builder(config, sample)
