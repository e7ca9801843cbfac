"""What every architecture promises; its test inherits this class and names the architecture."""

from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from gan_models.config import GanConfig
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.freeze import Freeze
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state
from tests.gan_models.training.small_runs import differences, everything, make_images

IMAGE_SHAPES = [
    (1, 8, 8),
    (3, 8, 9),
    (1, 15, 31),
    (3, 28, 28),
    (1, 24, 40),
    (3, 63, 17),
    (1, 64, 8),
    (3, 64, 64),
]
DIGITS = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


def latents(count: int, config: GanConfig) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(count, config.latent_dim, generator=rng)


def equal_weights(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


def stir(network: nn.Module) -> nn.Module:
    """Move every weight a little: behind a layer that begins as zero no gradient passes."""
    rng = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.02 * torch.randn(weight.shape, generator=rng))
    return network


class ArchitectureContract:
    """Fixture to bring: ``config``, small. All tests run on images of several sizes."""

    @pytest.fixture(params=IMAGE_SHAPES, ids=lambda shape: "x".join(map(str, shape)))
    def sample(self, request: pytest.FixtureRequest) -> SampleSpec:
        return SampleSpec(SampleKind.IMAGE, request.param)

    def test_latents_become_images_between_minus_1_and_1(
        self, config: GanConfig, sample: SampleSpec
    ) -> None:
        images = build_generator(config, sample)(latents(5, config))

        assert (images.shape, images.dtype) == ((5, *sample.shape), torch.float32)
        assert float(images.detach().abs().max()) <= 1.0
        assert float(images.detach().std()) > 0.0

    def test_each_sample_gets_one_logit(self, config: GanConfig, sample: SampleSpec) -> None:
        discriminator = build_discriminator(config, sample)

        for count in (1, 5):
            logits = discriminator(torch.zeros(count, *sample.shape))
            assert (logits.shape, logits.dtype) == ((count,), torch.float32)

    @pytest.mark.parametrize("spectral_norm", [False, True])
    def test_the_gradient_of_d_reaches_every_parameter_of_g(
        self, config: GanConfig, sample: SampleSpec, spectral_norm: bool
    ) -> None:
        # a batch norm takes its own shift out, and so the bias before it: that one has none
        config = replace(config, spectral_norm=spectral_norm, generator_norm="none")
        generator = stir(build_generator(config, sample))

        stir(build_discriminator(config, sample))(generator(latents(16, config))).sum().backward()

        gradients = {name: weight.grad for name, weight in generator.named_parameters()}
        unreached = [name for name, grad in gradients.items() if grad is None or not grad.any()]
        assert not unreached

    @pytest.mark.parametrize("spectral_norm", [False, True])
    def test_a_loss_of_d_reaches_every_parameter_of_d(
        self, config: GanConfig, sample: SampleSpec, spectral_norm: bool
    ) -> None:
        config = replace(config, spectral_norm=spectral_norm)
        discriminator = stir(build_discriminator(config, sample))

        discriminator(
            build_generator(config, sample)(latents(16, config)).detach()
        ).sum().backward()

        assert all(
            weight.grad is not None and weight.grad.any() for weight in discriminator.parameters()
        )

    @pytest.mark.parametrize("spectral_norm", [False, True])
    def test_a_logit_depends_on_its_own_sample_alone(
        self, config: GanConfig, sample: SampleSpec, spectral_norm: bool
    ) -> None:
        discriminator = build_discriminator(replace(config, spectral_norm=spectral_norm), sample)
        rng = torch.Generator().manual_seed(1)
        images = torch.randn(4, *sample.shape, generator=rng).requires_grad_()

        (gradient,) = torch.autograd.grad(discriminator(images)[1], images)

        assert [bool(own.any()) for own in gradient] == [False, True, False, False]

    def test_a_sample_depends_on_its_own_latent_alone_and_on_no_draw(
        self, config: GanConfig, sample: SampleSpec
    ) -> None:
        generator = build_generator(config, sample).eval()
        z, before = latents(4, config), torch.get_rng_state()

        together = generator(z).detach()

        assert torch.equal(torch.get_rng_state(), before)
        torch.testing.assert_close(generator(z[2:3]).detach(), together[2:3], rtol=0, atol=1e-5)

    def test_a_frozen_network_does_not_move_and_lets_gradients_through(
        self, config: GanConfig
    ) -> None:
        for build, shape in (
            (build_generator, (config.latent_dim,)),
            (build_discriminator, (1, 8, 8)),
        ):
            network = build(replace(config, spectral_norm=True), DIGITS)
            before = {name: value.clone() for name, value in network.state_dict().items()}
            given = torch.ones(3, *shape, requires_grad=True)

            with Freeze(network):
                network(given).square().sum().backward()

            assert given.grad is not None
            assert all(weight.grad is None for weight in network.parameters())
            after = network.state_dict()
            assert all(torch.equal(before[name], after[name]) for name in before)

    def test_training_that_goes_on_from_a_checkpoint_ends_bit_for_bit_as_the_whole(
        self, config: GanConfig, tmp_path: Path
    ) -> None:
        config = replace(config, batch_size=4, spectral_norm=True)
        real = make_images(22)
        whole, killed, resumed = (new_state(config, DIGITS, seed=seed) for seed in (5, 5, 99))

        def train_to(state: TrainState, nimg: int) -> None:
            deque(train(config, state, real, seed=5, until_nimg=nimg), maxlen=0)

        train_to(whole, 12)
        train_to(killed, 8)
        save_checkpoint(tmp_path, killed, config)
        assert restore_latest(tmp_path, resumed, config)
        train_to(resumed, 12)

        assert not differences(everything(resumed), everything(whole))
        assert differences(everything(killed), everything(whole))

    def test_equal_seeds_give_equal_weights(self, config: GanConfig) -> None:
        for build in (build_generator, build_discriminator):
            once = build(config, DIGITS, seed=3)
            assert equal_weights(once, build(config, DIGITS, seed=3))
            assert not equal_weights(once, build(config, DIGITS, seed=4))

    def test_spectral_norm_bounds_every_layer_of_d_by_1(self, config: GanConfig) -> None:
        discriminator = build_discriminator(replace(config, spectral_norm=True), DIGITS)
        for _ in range(100):  # the power iteration goes on with each pass
            discriminator(torch.zeros(1, *DIGITS.shape))

        largest = [
            float(torch.linalg.svdvals(layer.weight.detach().flatten(1))[0])
            for layer in discriminator.modules()
            if isinstance(layer, nn.Linear | nn.Conv2d)
        ]

        assert len(largest) >= 2
        assert largest == pytest.approx([1.0] * len(largest), abs=1e-3)

    def test_spectral_norm_is_an_option_of_d_alone(self, config: GanConfig) -> None:
        wanted = replace(config, spectral_norm=True)

        plain, generator = build_discriminator(config, DIGITS), build_generator(wanted, DIGITS)

        assert not any(is_parametrized(layer) for layer in plain.modules())
        assert not any(is_parametrized(layer) for layer in generator.modules())
