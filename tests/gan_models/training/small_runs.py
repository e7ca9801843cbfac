"""Small runs, and bit-for-bit comparison of all that training changes."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.loop import train
from gan_models.training.state import TrainState, adopt, new_state

SMALL = GanConfig(network="dcgan", width=8, latent_dim=4, batch_size=4)
SMALL_MLP = GanConfig(network="mlp", width=8, depth=2, latent_dim=2, batch_size=4)
IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
POINT = SampleSpec(SampleKind.POINT, (2,))


def make_images(count: int) -> Dataset:
    """Return random images; the first pixel of image i is i."""
    rng = torch.Generator().manual_seed(0)
    stored = torch.randint(256, (count, *IMAGE.shape), dtype=torch.uint8, generator=rng)
    stored[:, 0, 0, 0] = torch.arange(count)
    return Dataset("images", IMAGE, stored, f"images-{count}")


def make_points(count: int, *, dimensions: int = 2) -> Dataset:
    stored = torch.randn(count, dimensions, generator=torch.Generator().manual_seed(0))
    return Dataset("points", SampleSpec(SampleKind.POINT, (dimensions,)), stored, f"points-{count}")


def after(config: GanConfig, images: Dataset, num_rounds: int) -> TrainState:
    """Train from scratch for so many rounds."""
    state = new_state(config, images.sample, seed=0)
    for _ in islice(train(config, state, images, seed=0, until_nimg=10_000), num_rounds):
        pass
    return state


def interrupted(
    config: GanConfig, images: Dataset, folder: Path, *, num_before: int, num_after: int
) -> TrainState:
    """Train for some rounds, save, and go on from what was saved with a state of its own."""
    save_checkpoint(folder, after(config, images, num_before), config)
    resumed = new_state(config, images.sample, seed=9)
    assert restore_latest(folder, resumed, config)
    adopt(resumed, config)
    for _ in islice(train(config, resumed, images, seed=0, until_nimg=10_000), num_after):
        pass
    return resumed


def copy_of(network: nn.Module) -> dict[str, Tensor]:
    """Return a copy of every parameter and buffer."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def everything(state: TrainState) -> dict[str, Tensor]:
    """Return a copy of all that training changes."""
    tensors = {"nimg": torch.tensor(state.nimg), "step": torch.tensor(state.step)}
    for name in ("generator", "discriminator", "ema"):
        tensors |= {f"{name} {key}": value for key, value in copy_of(getattr(state, name)).items()}
    for name in ("g_optimizer", "d_optimizer"):
        for index, moments in getattr(state, name).state_dict()["state"].items():
            tensors |= {f"{name} {index} {key}": value.clone() for key, value in moments.items()}
    if state.replay is not None and state.replay.fakes is not None:
        tensors["replay"] = state.replay.fakes.clone()
    if state.ada is not None:
        tensors["ada"] = state.ada.memory.clone()
    return tensors


def differences(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> list[str]:
    """Return the names of all tensors that are not bit for bit equal in both."""
    return [
        name
        for name in sorted({*one, *other})
        if name not in one or name not in other or not torch.equal(one[name], other[name])
    ]
