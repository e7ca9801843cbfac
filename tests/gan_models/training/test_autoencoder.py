from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.networks.registry import build_generator
from gan_models.training.autoencoder import (
    Autoencoder,
    GaussianOfCodes,
    gaussian_of_codes,
    train_autoencoder,
)

CONFIG = GanConfig(network="mlp", width=16, depth=2, latent_dim=3, batch_size=4, g_lr=3e-3)


def randn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def weights(autoencoder: Autoencoder) -> list[Tensor]:
    return [*autoencoder.encoder.state_dict().values(), *autoencoder.decoder.state_dict().values()]


def test_training_brings_reconstructions_nearer_than_the_mean_is(images: Dataset) -> None:
    samples = images.sample.encode(images.stored)
    autoencoder = train_autoencoder(
        replace(CONFIG, latent_dim=16, width=64), images, seed=0, until_nimg=1200
    )

    with torch.no_grad():
        error = (autoencoder.reconstruct(samples) - samples).square().mean()

    assert float(error) < 0.9 * float((samples - samples.mean(0)).square().mean())


def test_codes_that_are_drawn_have_the_mean_and_covariance_of_the_real_ones() -> None:
    codes = randn(50, 4) @ randn(4, 4) + 2.0
    z = randn(50, 4)
    whitened = (z - z.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(z.T))).T

    drawn = GaussianOfCodes(nn.Identity(), codes)(whitened)

    torch.testing.assert_close(drawn.mean(0), codes.mean(0))
    expected = np.cov(codes.numpy(), rowvar=False)
    np.testing.assert_allclose(np.cov(drawn.numpy(), rowvar=False), expected, rtol=1e-3, atol=1e-3)


def test_codes_in_fewer_dimensions_than_they_have_stay_there() -> None:
    codes = torch.cat([randn(20, 2), torch.ones(20, 1)], 1)

    drawn = GaussianOfCodes(nn.Identity(), codes)(randn(9, 3))

    assert drawn.isfinite().all()
    torch.testing.assert_close(drawn[:, 2], torch.ones(9), rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", ["images", "points"])
def test_it_generates_what_a_gan_would_and_is_frozen(
    kind: str, request: pytest.FixtureRequest
) -> None:
    real: Dataset = request.getfixturevalue(kind)
    generator = gaussian_of_codes(train_autoencoder(CONFIG, real, seed=0, until_nimg=8), real)

    samples = generator(randn(5, 3))

    assert samples.shape == (5, *real.sample.shape)
    assert not samples.requires_grad
    assert kind == "points" or float(samples.abs().max()) <= 1.0


def test_a_seed_determines_it_whatever_the_global_generator_does(images: Dataset) -> None:
    before = torch.get_rng_state()
    once = weights(train_autoencoder(CONFIG, images, seed=3, until_nimg=12))
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        again = weights(train_autoencoder(CONFIG, images, seed=3, until_nimg=12))
    other = weights(train_autoencoder(CONFIG, images, seed=4, until_nimg=12))

    assert all(map(torch.equal, once, again))
    assert not all(map(torch.equal, once, other))


def test_the_decoder_is_the_generator_of_a_dense_gan(images: Dataset) -> None:
    untrained = train_autoencoder(replace(CONFIG, network="dcgan"), images, seed=7, until_nimg=0)
    expected = build_generator(CONFIG, images.sample, seed=7).state_dict()
    assert all(
        torch.equal(weight, expected[name])
        for name, weight in untrained.decoder.state_dict().items()
    )
