from typing import Any

import pytest
import torch

from gan_models.config import NETWORK_NAMES, SHAPING_PARAMS, GanConfig
from gan_models.networks.registry import ARCHITECTURES, build_discriminator, build_generator
from gan_models.samples import Classes, SampleKind, SampleSpec

DIGITS = SampleSpec(SampleKind.IMAGE, (1, 8, 8), Classes(("0", "1"), (0.5, 0.5)))
SMALL = GanConfig(network="mlp", width=8, depth=1, latent_dim=4)


def test_every_architecture_stands_under_its_own_name() -> None:
    assert set(ARCHITECTURES) == set(NETWORK_NAMES)
    assert all(entry.name == name and entry.doc for name, entry in ARCHITECTURES.items())


@pytest.mark.parametrize("network", NETWORK_NAMES)
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_the_global_generator_moves_no_weight_and_is_not_moved(build: type, network: str) -> None:
    config = GanConfig(network=network, width=8, spectral_norm=True)
    before = torch.get_rng_state()

    once = build(config, DIGITS, seed=5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        again = build(config, DIGITS, seed=5).state_dict()

    assert all(torch.equal(once[name], again[name]) for name in once)


def test_the_weights_of_a_seed_are_pinned_across_machines() -> None:
    weight = next(build_generator(SMALL, DIGITS, seed=0).parameters())

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6_352_540_785_313_976_650)  # derive_seed(0, "generator")
        expected = torch.nn.Linear(4, 8).weight
    assert torch.equal(weight, expected)


def test_g_and_d_draw_their_weights_apart() -> None:
    config = GanConfig(network="mlp", width=64, depth=2, latent_dim=64)
    generator, discriminator = build_generator(config, DIGITS), build_discriminator(config, DIGITS)

    first_of_g, first_of_d = next(generator.parameters()), next(discriminator.parameters())

    assert first_of_g.shape == first_of_d.shape
    assert not torch.equal(first_of_g, first_of_d)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_global_generator_of_a_gpu_is_not_moved() -> None:
    before = torch.cuda.get_rng_state()

    build_generator(SMALL, DIGITS, seed=5)

    assert torch.equal(torch.cuda.get_rng_state(), before)


@pytest.mark.parametrize("network", NETWORK_NAMES)
def test_just_the_shaping_parameters_decide_whether_weights_fit(network: str) -> None:
    def shapes(**params: Any) -> list[Any]:
        small = {"network": network, "width": 8, "depth": 2, "lr_decay_kimg": 1.0}
        config = GanConfig.from_params(small | params)
        pair = (build_generator(config, DIGITS), build_discriminator(config, DIGITS))
        return [(key, weight.shape) for one in pair for key, weight in one.state_dict().items()]

    usual, own = shapes(), {"width": 16, "depth": 3, "latent_dim": 5}
    for name, value in GanConfig().to_params().items():
        if name in ("network", *SHAPING_PARAMS):
            continue
        assert shapes(**changed(name, value)) == usual, name
    words = {"generator_norm": "none", "spectral_norm": True, "minibatch": "stddev"}
    words |= {"conditioning": "concat"}
    own |= {"d_width": 16, "pack": 2}
    moved = {name for name, value in {**own, **words}.items() if shapes(**{name: value}) != usual}
    assert moved <= set(SHAPING_PARAMS)
    sized_by_image = {"depth"}
    norm_free = {"generator_norm"}
    ignored = {"dcgan": sized_by_image, "resnet": sized_by_image}.get(network, norm_free)
    assert moved == set(SHAPING_PARAMS) - {"network"} - ignored


def changed(name: str, value: Any) -> dict[str, Any]:
    """Return another possible value of a parameter, with what it needs."""
    if name == "lr_schedule":
        return {name: "cosine", "lr_decay_kimg": 5.0}
    others = {
        "augment": "diff",
        "augment_policy": "flip",
        "ada_target": 0.3,
        "balanced_consistency": True,
        "d_loss": "hinge",
        "g_loss": "hinge",
        "penalty": "none",
        "precision": "bfloat16",
        "round_unit": "epochs",
        "beta1": 0.3,
        "beta2": 0.5,
    }
    return {name: others.get(name, 2 * value or (1 if isinstance(value, int) else 0.1))}
