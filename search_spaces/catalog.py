"""The named spaces: what `space: NAME` in a spec stands for."""

from collections.abc import Mapping

from search_spaces import (
    collapse,
    combined,
    conditional,
    limited_data,
    networks,
    objectives,
    optimizers,
)
from search_spaces.errors import SpaceError, nearest
from search_spaces.space import SearchSpace

_GAME = (*objectives.LOSSES, *objectives.PENALTIES)
_COURSE = (*optimizers.MOMENTUM, *optimizers.RHYTHM, *optimizers.AVERAGING)

_ALL = (
    SearchSpace(
        "dcgan",
        (
            *networks.DCGAN,
            *_GAME,
            *optimizers.WIDE,
            *optimizers.MOMENTUM,
            *optimizers.RHYTHM,
            *optimizers.AVERAGING,
        ),
        doc="convolutional GANs for images of 8 to 64 pixels a side",
        pinned={"network": "dcgan"},
    ),
    SearchSpace(
        "mlp",
        (
            *networks.MLP,
            *_GAME,
            *optimizers.WIDE,
            *optimizers.MOMENTUM,
            *optimizers.RHYTHM,
            *optimizers.AVERAGING,
        ),
        doc="fully connected GANs for points and small images",
        pinned={"network": "mlp"},
    ),
    SearchSpace(
        "digits-demo",
        (
            *networks.SMALL_OF_EITHER_KIND,
            *objectives.LOSSES,
            *objectives.GENTLE_PENALTIES,
            *optimizers.BRISK,
        ),
        doc="small networks of both kinds for 8x8 images, with objectives that really fail",
    ),
    SearchSpace(
        "conditional-digits",
        (
            *conditional.CONDITIONING,
            *networks.SMALL_OF_EITHER_KIND,
            *objectives.LOSSES,
            *objectives.GENTLE_PENALTIES,
            *optimizers.BRISK,
        ),
        doc="the small networks of the demo, asked for one class at a time; for labelled images",
    ),
    SearchSpace(
        "ring8",
        (*networks.SMALL_MLP, *_GAME, *optimizers.MODERATE, *optimizers.SHORT_RHYTHM),
        doc="small fully connected GANs for points in the plane",
        pinned={"network": "mlp"},
    ),
    SearchSpace(
        "dcgan-techniques",
        (
            *networks.DCGAN,
            *objectives.EVERY_LOSS,
            *objectives.EVERY_PENALTY,
            *objectives.ORTHOGONALITY,
            *optimizers.WIDE,
            *optimizers.MOMENTUM,
            *optimizers.RHYTHM,
            *optimizers.SCHEDULES,
            *optimizers.CLIPPING,
            *optimizers.AVERAGING,
            *optimizers.RAMP,
        ),
        doc="convolutional GANs with every loss, regulariser and schedule; for many trials",
        pinned={"network": "dcgan"},
    ),
    SearchSpace(
        "resnet",
        (*networks.RESNET, *_GAME, *optimizers.MODERATE, *_COURSE),
        doc="residual GANs after SNGAN for images of 8 to 128 pixels a side",
        pinned={"network": "resnet"},
    ),
    SearchSpace(
        "r3gan",
        (
            *networks.R3GAN,
            *objectives.EVERY_LOSS,  # with the paper's own: relativistic pairs, R1 and R2
            *objectives.EVERY_PENALTY,
            *optimizers.MODERATE,
            *_COURSE,
        ),
        doc="norm-free residual GANs after R3GAN for images of 8 to 256 pixels a side",
        pinned={"network": "r3gan"},
    ),
    SearchSpace(
        "style",
        (*networks.STYLE, *_GAME, *optimizers.MODERATE, *_COURSE),
        doc="style-based GANs after StyleGAN2 for images of 8 to 256 pixels a side",
        pinned={"network": "style"},
    ),
    SearchSpace(
        "limited-data",
        (
            *networks.DCGAN,
            *_GAME,
            *limited_data.ALL,
            *optimizers.WIDE,
            *optimizers.MOMENTUM,
            *optimizers.AVERAGING,
        ),
        doc="convolutional GANs for few images: augmentation and consistency of D",
        pinned={"network": "dcgan"},
    ),
    SearchSpace(
        "mode-collapse",
        (
            *networks.DCGAN,
            *objectives.EVERY_LOSS,  # relative losses see dropped modes, too
            *objectives.EVERY_PENALTY,
            *collapse.ALL,
            *optimizers.MODERATE,
            *_COURSE,
        ),
        doc="convolutional GANs that lose modes: packs, neighbours, a look ahead, former fakes",
        pinned={"network": "dcgan"},
    ),
    SearchSpace(
        "every-technique",
        combined.EVERY_TECHNIQUE,
        doc="every network and technique for labelled images of 8 to 64 pixels; for many trials",
    ),
)

SPACES: Mapping[str, SearchSpace] = {space.name: space for space in _ALL}


def named_space(name: str) -> SearchSpace:
    """Return a space of the catalog.

    Raises:
        SpaceError: if there is no such space; suggests the nearest name.
    """
    if name not in SPACES:
        raise SpaceError(f"space = '{name}': {nearest(name, SPACES)}")
    return SPACES[name]
