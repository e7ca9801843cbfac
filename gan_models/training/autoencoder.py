"""A dense autoencoder as a baseline: what a GAN must beat to be worth its trouble.

Encoder and decoder learn to reproduce the training samples; a Gaussian fitted to the codes
afterwards makes the decoder a generator (ex-post density estimation, 1903.12436, section 4). It
trains without an opponent and cannot collapse, and its samples are blurred: a squared error is
least at the mean of all that a code may have come from.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim import Adam

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.networks.mlp import mlp_discriminator
from gan_models.networks.registry import build_generator
from gan_models.samples import SampleSpec
from gan_models.seeds import derive_seed
from gan_models.training.draws import Draws


@dataclass(frozen=True)
class Autoencoder:
    """``encoder`` maps N x ``sample.shape`` to N x ``latent_dim`` codes, ``decoder`` back."""

    encoder: nn.Module
    decoder: nn.Module

    def reconstruct(self, samples: Tensor) -> Tensor:
        """Map encoded samples (N x ``sample.shape``) to what is left of them."""
        rebuilt: Tensor = self.decoder(self.encoder(samples))
        return rebuilt


class GaussianOfCodes(nn.Module):
    """A generator: z ~ N(0, I) to codes of the training samples' mean and covariance, decoded.

    Args:
        decoder: maps N x d codes to samples.
        codes: M x d codes of the training samples.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, decoder: nn.Module, codes: Tensor) -> None:
        super().__init__()
        self.decoder = decoder
        variances, axes = torch.linalg.eigh(torch.cov(codes.T.double()))
        spread = axes * variances.clamp(min=0.0).sqrt()  # codes may fill fewer dimensions than d
        self.register_buffer("mean", codes.mean(0))
        self.register_buffer("factor", spread.to(codes.dtype))

    def forward(self, z: Tensor) -> Tensor:
        """Map N x d latents to N x ``sample.shape``."""
        samples: Tensor = self.decoder(self.mean + z @ self.factor.T)
        return samples


def train_autoencoder(
    config: GanConfig, real: Dataset, *, seed: int, until_nimg: int
) -> Autoencoder:
    """Minimise the mean squared error until the encoder has seen ``until_nimg`` samples.

    The decoder is the G of network = 'mlp' and the encoder its D up to the head, of ``width``,
    ``depth`` and ``latent_dim``; ``batch_size``, ``g_lr`` and Adam's betas count as well. Batches
    are those that a GAN of the same seed is shown, on the device where the samples are.
    """
    autoencoder = _untrained(config, real.sample, seed=seed)
    device = real.stored.device
    layers = nn.ModuleList([autoencoder.encoder, autoencoder.decoder]).to(device)
    draws = Draws(config, real, seed=seed, device=device)
    betas = (config.beta1, config.beta2)
    adam = Adam(layers.parameters(), lr=config.g_lr, betas=betas, fused=True)
    for nimg in range(0, until_nimg, config.batch_size):
        samples = draws.real(nimg)
        loss = mse_loss(autoencoder.reconstruct(samples), samples)
        adam.zero_grad()
        loss.backward()
        adam.step()
    return autoencoder


@torch.no_grad()
def gaussian_of_codes(autoencoder: Autoencoder, real: Dataset) -> GaussianOfCodes:
    """Fit a Gaussian over the codes of real samples, and decode it."""
    codes = autoencoder.encoder(real.sample.encode(real.stored))
    return GaussianOfCodes(autoencoder.decoder, codes).eval().requires_grad_(False)


def _untrained(config: GanConfig, sample: SampleSpec, *, seed: int) -> Autoencoder:
    decoder = build_generator(replace(config, network="mlp"), sample, seed=seed)
    with torch.random.fork_rng(devices=[]):  # as in networks/registry.py
        torch.default_generator.manual_seed(derive_seed(seed, "encoder"))
        trunk = mlp_discriminator(config, sample).trunk
        encoder = nn.Sequential(trunk, nn.Linear(config.width, config.latent_dim))
    return Autoencoder(encoder, decoder)
