import pytest
import torch

from gan_models.features.network import (
    FeatureNetwork,
    apply_in_batches,
    build_seeded,
    weights_fingerprint,
)
from gan_models.samples import SampleKind, SampleSpec


def spec(*shape: int) -> SampleSpec:
    return SampleSpec(SampleKind.IMAGE, shape)


def build(*seed_parts: int | str) -> FeatureNetwork:
    return build_seeded(lambda: FeatureNetwork(spec(1, 8, 8)), *seed_parts, gain=1.0)


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (3, 12, 12), (1, 28, 28), (3, 20, 64), (3, 64, 64), (3, 9, 31)]
)
def test_images_of_any_size_give_64_features(shape: tuple[int, int, int]) -> None:
    network = FeatureNetwork(spec(*shape))
    assert network(torch.zeros(2, *shape)).shape == (2, 64)


def test_the_weights_follow_the_seed_alone() -> None:
    torch.manual_seed(1)
    first = build(0, "x").state_dict()
    torch.manual_seed(2)
    again = build(0, "x").state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["project.weight"], build(1, "x").state_dict()["project.weight"])


def test_building_leaves_the_global_random_state_alone() -> None:
    before = torch.random.get_rng_state()
    build(0)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_gain_sets_the_spread_of_weights() -> None:
    weights = build(0).project.weight.detach()
    assert float(weights.std() * weights.shape[1] ** 0.5) == pytest.approx(1.0, rel=0.02)
    assert not build(0).project.bias.any()


def test_batches_are_encoded_and_need_no_gradient() -> None:
    stored = torch.full((600, 1, 2, 2), 255, dtype=torch.uint8)
    weight = torch.ones(1, requires_grad=True)
    found = apply_in_batches(lambda seen: weight * seen.flatten(1), spec(1, 2, 2), stored)
    assert torch.equal(found, torch.ones(600, 4))
    assert not found.requires_grad


def test_a_fingerprint_changes_with_recipe_names_shapes_and_single_bits() -> None:
    weights = {"a": torch.zeros(4), "b": torch.ones(2)}
    flipped = {**weights, "a": torch.tensor([0.0, 0, 0, 1e-45])}
    others = [
        weights_fingerprint("other", weights),
        weights_fingerprint("recipe", flipped),
        weights_fingerprint("recipe", {**weights, "a": torch.zeros(2, 2)}),
        weights_fingerprint("recipe", {"a": weights["a"], "c": weights["b"]}),
    ]
    known = weights_fingerprint("recipe", dict(reversed(weights.items())))
    assert known == weights_fingerprint("recipe", weights)
    assert known not in others
