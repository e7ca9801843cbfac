import pytest
import torch
from torch import Tensor, nn
from torch.func import jacrev, vmap

from gan_models.config import GanConfig
from gan_models.networks.packing import Packed
from gan_models.networks.registry import build_discriminator
from gan_models.objectives.penalties import dragan, gradient_penalty, r1, r2
from gan_models.samples import SampleKind, SampleSpec

SHAPES = [(5, 6), (5, 2, 3, 1)]


class TinyCritic(nn.Module):
    """tanh(x W) v with free weights, so that a gradient with respect to them can be asked for."""

    def __init__(self, inner: Tensor, outer: Tensor) -> None:
        super().__init__()
        self.inner, self.outer = inner, outer

    def forward(self, samples: Tensor) -> Tensor:
        return torch.tanh(samples.flatten(1) @ self.inner) @ self.outer


class Bowl(nn.Module):
    """½ a |x|², whose gradient is a x."""

    def __init__(self, steepness: float) -> None:
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(steepness, dtype=torch.float64))

    def forward(self, samples: Tensor) -> Tensor:
        return 0.5 * self.steepness * samples.flatten(1).square().sum(1)


class Witness(nn.Module):
    """Passes samples on to a critic and keeps what it was shown."""

    def __init__(self, critic: nn.Module) -> None:
        super().__init__()
        self.critic = critic
        self.shown: list[Tensor] = []

    def forward(self, samples: Tensor) -> Tensor:
        self.shown.append(samples.detach())
        logits: Tensor = self.critic(samples)
        return logits


def randn(*shape: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


@pytest.fixture
def critic() -> TinyCritic:
    return TinyCritic(randn(6, 4, seed=1).requires_grad_(), randn(4, seed=2).requires_grad_())


def slopes(critic: nn.Module, samples: Tensor) -> Tensor:
    """Return |∇D| at each sample, one sample at a time."""
    gradients: Tensor = vmap(jacrev(lambda one: critic(one[None])[0]))(samples)
    return gradients.flatten(1).square().sum(1).sqrt()


@pytest.mark.parametrize("shape", SHAPES)
def test_r1_is_half_the_mean_squared_slope_at_real(
    critic: TinyCritic, shape: tuple[int, ...]
) -> None:
    real = randn(*shape)

    penalty, _ = r1(critic, real)

    torch.testing.assert_close(penalty, 0.5 * slopes(critic, real).square().mean())


def test_r1_of_a_bowl_is_what_the_hand_computes() -> None:
    bowl = Bowl(3.0)
    real = torch.tensor([[1.0, 2.0], [0.0, 1.0]], dtype=torch.float64)

    penalty, _ = r1(bowl, real)
    (gradient,) = torch.autograd.grad(penalty, bowl.steepness)

    assert penalty.item() == 0.5 * 9.0 * (5.0 + 1.0) / 2  # ½ a² E|x|²
    assert gradient.item() == 3.0 * (5.0 + 1.0) / 2  # a E|x|²


def test_the_gradient_of_r1_with_respect_to_the_weights_is_right(critic: TinyCritic) -> None:
    real = randn(5, 6)

    assert torch.autograd.gradcheck(
        lambda inner, outer: r1(TinyCritic(inner, outer), real)[0], (critic.inner, critic.outer)
    )


def test_the_one_pass_of_r1_gives_the_logits_for_the_loss(critic: TinyCritic) -> None:
    real, witness = randn(5, 6), Witness(critic)

    _, logits = r1(witness, real)

    assert len(witness.shown) == 1
    torch.testing.assert_close(logits, critic(real))
    assert torch.autograd.grad(logits.sum(), critic.inner)[0].any()


def test_r1_leaves_the_real_batch_as_it_was(critic: TinyCritic) -> None:
    real = randn(5, 6)

    r1(critic, real)[0].backward()

    assert not real.requires_grad
    assert real.grad is None


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_penalty_is_the_mean_squared_distance_of_the_slope_from_1(
    critic: TinyCritic, shape: tuple[int, ...]
) -> None:
    real, fake = randn(*shape), randn(*shape, seed=3)
    mix = torch.tensor([0.0, 0.2, 0.5, 0.9, 1.0], dtype=torch.float64)

    penalty = gradient_penalty(critic, real, fake, mix)

    between = [m * x + (1 - m) * g for m, x, g in zip(mix, real, fake, strict=True)]
    expected = (slopes(critic, torch.stack(between)) - 1).square().mean()
    torch.testing.assert_close(penalty, expected, rtol=1e-9, atol=1e-12)


def test_mix_1_is_real_and_mix_0_is_fake(critic: TinyCritic) -> None:
    real, fake, witness = randn(2, 6), randn(2, 6, seed=3), Witness(critic)

    gradient_penalty(witness, real, fake, torch.tensor([1.0, 0.0], dtype=torch.float64))

    assert torch.equal(witness.shown[0], torch.stack([real[0], fake[1]]))


def test_a_critic_of_slope_1_pays_nothing() -> None:
    inner = torch.tensor([[0.6], [0.8]], dtype=torch.float64)
    plane = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0)).double()
    plane.load_state_dict({"0.weight": inner.T})

    penalty = gradient_penalty(plane, randn(4, 2), randn(4, 2, seed=3), randn(4).sigmoid())

    assert penalty.item() == pytest.approx(0.0, abs=1e-12)


def test_the_gradient_of_the_penalty_with_respect_to_the_weights_is_right(
    critic: TinyCritic,
) -> None:
    real, fake, mix = randn(5, 6), randn(5, 6, seed=3), randn(5, seed=4).sigmoid()

    assert torch.autograd.gradcheck(
        lambda inner, outer: gradient_penalty(TinyCritic(inner, outer), real, fake, mix),
        (critic.inner, critic.outer),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_flat_critic_pays_1_and_gets_finite_gradients(dtype: torch.dtype) -> None:
    inner = torch.zeros(6, 4, dtype=dtype, requires_grad=True)
    outer = torch.zeros(4, dtype=dtype, requires_grad=True)
    real, fake, mix = (given.to(dtype) for given in (randn(5, 6), -randn(5, 6), randn(5).sigmoid()))

    penalty = gradient_penalty(TinyCritic(inner, outer), real, fake, mix)
    gradients = torch.autograd.grad(penalty, (inner, outer))

    assert penalty.item() == pytest.approx(1.0, abs=1e-5)
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_no_gradient_of_the_penalty_flows_into_the_batches(critic: TinyCritic) -> None:
    real, fake = randn(5, 6).requires_grad_(), randn(5, 6, seed=3).requires_grad_()

    gradient_penalty(critic, real, fake, randn(5).sigmoid()).backward()

    assert real.grad is None
    assert fake.grad is None


@pytest.fixture
def packed(critic: TinyCritic) -> Packed:
    return Packed(critic, 3)


def pack_slopes(critic: TinyCritic, samples: Tensor) -> Tensor:
    """Return |∇D| at each pack, one pack at a time, where D sees its values in a row."""
    return slopes(critic, samples.reshape(-1, 6))


@pytest.mark.parametrize("shape", [(6, 2), (6, 2, 1, 1)])
def test_r1_of_packs_is_half_the_mean_squared_slope_at_packs(
    packed: Packed, critic: TinyCritic, shape: tuple[int, ...]
) -> None:
    real = randn(*shape)

    penalty, logits = r1(packed, real)

    assert logits.shape == (2,)
    torch.testing.assert_close(penalty, 0.5 * pack_slopes(critic, real).square().mean())


def test_the_gradient_penalty_of_packs_is_taken_between_packs(
    packed: Packed, critic: TinyCritic
) -> None:
    real, fake = randn(6, 2), randn(6, 2, seed=3)
    weights = torch.tensor([0.2, 0.9], dtype=torch.float64)

    penalty = gradient_penalty(packed, real, fake, weights.repeat_interleave(3))

    between = torch.lerp(fake.reshape(2, 6), real.reshape(2, 6), weights[:, None])
    expected = (pack_slopes(critic, between) - 1).square().mean()
    torch.testing.assert_close(penalty, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("minibatch", ["stddev", "discrimination"])
def test_with_minibatch_layers_r1_counts_what_a_sample_moves_in_its_whole_group(
    minibatch: str,
) -> None:
    config = GanConfig(network="mlp", width=8, depth=1, minibatch=minibatch, minibatch_group=2)
    points = SampleSpec(SampleKind.POINT, (3,))
    discriminator, real = build_discriminator(config, points).double(), randn(4, 3)

    penalty, _ = r1(discriminator, real)

    jacobian = jacrev(discriminator)(real)  # logit x sample x dimension
    torch.testing.assert_close(penalty, 0.5 * jacobian.sum(0).square().sum(1).mean())
    assert jacobian[0, 1].any()


@pytest.mark.parametrize("shape", SHAPES)
def test_r2_is_half_the_mean_squared_slope_at_fakes(
    critic: TinyCritic, shape: tuple[int, ...]
) -> None:
    fake = randn(*shape, seed=3)

    penalty, logits = r2(critic, fake)

    torch.testing.assert_close(penalty, 0.5 * slopes(critic, fake).square().mean())
    torch.testing.assert_close(logits, critic(fake))


@pytest.mark.parametrize("shape", SHAPES)
def test_dragan_is_the_mean_squared_distance_of_the_slope_from_1_around_real(
    critic: TinyCritic, shape: tuple[int, ...]
) -> None:
    real, noise = randn(*shape), randn(*shape, seed=5)

    penalty = dragan(critic, real, noise)

    expected = (slopes(critic, real + noise) - 1).square().mean()
    torch.testing.assert_close(penalty, expected, rtol=1e-9, atol=1e-12)


def test_the_gradient_of_dragan_with_respect_to_the_weights_is_right(critic: TinyCritic) -> None:
    real, noise = randn(5, 6), randn(5, 6, seed=5)

    assert torch.autograd.gradcheck(
        lambda inner, outer: dragan(TinyCritic(inner, outer), real, noise),
        (critic.inner, critic.outer),
    )
