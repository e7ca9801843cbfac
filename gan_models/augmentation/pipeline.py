"""The transforms of one policy in a row, each on every image or on a share of them."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from gan_models.augmentation.transforms import TRANSFORMS, Transform
from gan_models.config import GanConfig
from gan_models.errors import ParameterError
from gan_models.samples import SampleKind, SampleSpec


@dataclass(frozen=True)
class Augmentation:
    """T of DiffAug (2006.10738, section 3.2): D sees T(x) and T(G(z)), and G learns through T."""

    transforms: tuple[Transform, ...]

    @property
    def num_drawn(self) -> int:
        """How many random numbers a sample needs: whether and how, for each transform."""
        return sum(1 + each.num_drawn for each in self.transforms)

    def __call__(self, images: Tensor, drawn: Tensor, probability: Tensor | None = None) -> Tensor:
        """Change images.

        Args:
            images: N x C x H x W in [−1, 1].
            drawn: N x ``num_drawn`` numbers in [0, 1).
            probability: p, with which a sample undergoes each transform, independently of the
                others (2006.06676, section 2.3); None: every sample undergoes all.
        """
        for transform in self.transforms:
            own, drawn = drawn[:, : 1 + transform.num_drawn], drawn[:, 1 + transform.num_drawn :]
            changed = transform.apply(images, own[:, 1:])
            if probability is not None:
                is_changed = own[:, :1, None, None] < probability
                changed = torch.where(is_changed, changed, images)
            images = changed
        return images


def augmentation(config: GanConfig) -> Augmentation:
    """Return what the policy of a configuration does to images."""
    return _of_groups(config.augmentations)


@lru_cache
def _of_groups(groups: tuple[str, ...]) -> Augmentation:
    return Augmentation(tuple(each for each in TRANSFORMS if each.group in groups))


def check_augmentation(config: GanConfig, sample: SampleSpec) -> None:
    """Refuse to augment what is no image.

    Raises:
        ParameterError: naming the parameter that asks for it.
    """
    if sample.kind is SampleKind.IMAGE:
        return
    for name, off in (("augment", "none"), ("consistency_weight", 0.0)):
        if getattr(config, name) != off:
            raise ParameterError(
                f"{name} = {getattr(config, name)!r} on samples of kind '{sample.kind}': "
                f"only images can be augmented; take {name} = {off}"
            )
