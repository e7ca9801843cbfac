from typing import Any

import pytest
import torch
from torch import Tensor

from gan_models.augmentation.pipeline import augmentation, check_augmentation
from gan_models.config import AUGMENTATION_NAMES, GanConfig
from gan_models.errors import ParameterError
from gan_models.networks.registry import build_discriminator
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.training.small_runs import IMAGE, POINT

EVERYTHING = GanConfig(augment="diff", augment_policy="+".join(AUGMENTATION_NAMES))


def uniform(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def groups(config: GanConfig) -> list[str]:
    return list(dict.fromkeys(each.group for each in augmentation(config).transforms))


def test_a_policy_picks_its_transforms_in_one_order() -> None:
    config = GanConfig(augment="diff", augment_policy="cutout+flip")

    assert groups(config) == ["flip", "cutout"]
    assert groups(EVERYTHING) == list(AUGMENTATION_NAMES)


def test_by_itself_only_ada_flips_and_rotates() -> None:
    assert groups(GanConfig(augment="ada")) == list(AUGMENTATION_NAMES)
    for params in ({"augment": "diff"}, {"consistency_weight": 10.0}):
        config = GanConfig.from_params(params)
        assert groups(config) == ["colour", "translation", "cutout"]


def test_with_probability_0_nothing_is_changed_and_with_1_as_much_as_without_one() -> None:
    change, images = augmentation(EVERYTHING), 2 * uniform(6, 3, 8, 8, seed=1) - 1
    drawn = uniform(6, change.num_drawn)

    assert torch.equal(change(images, drawn, torch.tensor(0.0)), images)
    assert torch.equal(change(images, drawn, torch.tensor(1.0)), change(images, drawn))
    assert not torch.equal(change(images, drawn), images)


def test_each_sample_undergoes_each_transform_with_the_probability() -> None:
    change = augmentation(GanConfig(augment="ada", augment_policy="translation+cutout"))
    images = torch.ones(4000, 1, 8, 8)
    drawn = uniform(4000, change.num_drawn)
    drawn[:, 1:3] = 0.0  # a row up, a column to the left
    drawn[:, 4:] = 0.5  # in the middle

    changed = change(images, drawn, torch.tensor(0.3))

    is_moved, is_cut = changed[:, 0, -1, -1] == 0, changed[:, 0, 4, 4] == 0
    assert float(is_moved.float().mean()) == pytest.approx(0.3, abs=0.03)
    assert float(is_cut.float().mean()) == pytest.approx(0.3, abs=0.03)
    assert float((is_moved & is_cut).float().mean()) == pytest.approx(0.09, abs=0.02)


@pytest.mark.parametrize("params", [{"augment": "diff"}, {"consistency_weight": 1.0}])
def test_points_are_refused_before_networks_are_built(params: dict[str, Any]) -> None:
    config = GanConfig.from_params({"network": "mlp", **params})
    (name,) = params

    with pytest.raises(ParameterError, match=f"{name} = .* 'point': only images"):
        build_discriminator(config, POINT)


def test_any_image_and_whatever_is_not_augmented_is_accepted() -> None:
    check_augmentation(GanConfig(), POINT)
    for shape in (IMAGE.shape, (2, 9, 13)):
        check_augmentation(EVERYTHING, SampleSpec(SampleKind.IMAGE, shape))
