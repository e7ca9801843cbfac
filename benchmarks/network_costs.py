"""What each architecture costs: weights, and a training step beside dcgan's, turn by turn.

All have the same width, depth and batch, which does not make them equally good; see
benchmarks/README.md.
"""

from collections.abc import Iterator
from statistics import median

import click
import torch
from torch import nn

from benchmarks.step_overhead import FOREVER_NIMG, BlockCost, run_block, spread
from gan_models.config import NETWORK_NAMES, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.loop import Progress, train
from gan_models.training.state import TrainState, new_state

BASE, WIDTH = "dcgan", 32
NUM_IMAGES = 256  # noise: what is on an image does not change what a step costs


def noise(channels: int, size: int, device: torch.device) -> Dataset:
    """Return random images."""
    shape = (channels, size, size)
    rng = torch.Generator().manual_seed(0)
    stored = torch.randint(256, (NUM_IMAGES, *shape), dtype=torch.uint8, generator=rng)
    return Dataset("noise", SampleSpec(SampleKind.IMAGE, shape), stored.to(device), f"noise{size}")


def loops_for(states: dict[str, TrainState], real: Dataset) -> dict[str, Iterator[Progress]]:
    """Give each network's training loop."""
    return {
        name: train(config_of(name), state, real, seed=0, until_nimg=FOREVER_NIMG)
        for name, state in states.items()
    }


def in_turns(
    loops: dict[str, Iterator[Progress]], *, blocks: int, steps: int, device: torch.device
) -> dict[str, list[BlockCost]]:
    """Let the loops take turns, so that a busy machine slows all alike."""
    costs: dict[str, list[BlockCost]] = {name: [] for name in loops}
    for _ in range(blocks):
        for name, loop in loops.items():
            costs[name].append(run_block(loop, steps, device))
    return costs


def config_of(network: str) -> GanConfig:
    """Return the configuration of a network, all else alike."""
    return GanConfig(network=network, width=WIDTH, depth=2, batch_size=32)


def num_weights(network: nn.Module) -> int:
    """Count trainable numbers."""
    return sum(weight.numel() for weight in network.parameters())


def describe(
    states: dict[str, TrainState], costs: dict[str, list[BlockCost]], *, steps: int, clock: str
) -> Iterator[str]:
    """Say what each network weighs, what a step of it takes, and that over dcgan's."""
    yield f"  {'':<8}{'G weights':>12}{'D weights':>12}{'ms a step':>11}   step / {BASE}'s"
    for name, state in states.items():
        own = [getattr(block, clock) / steps for block in costs[name]]
        base = [getattr(block, clock) / steps for block in costs[BASE]]
        ratios = [one / other for one, other in zip(own, base, strict=True)]
        weights = f"{num_weights(state.generator):>12,}{num_weights(state.discriminator):>12,}"
        yield f"  {name:<8}{weights}{1000 * median(own):>11.1f}   x {spread(ratios)}"


@click.command()
@click.option("--size", "sizes", multiple=True, type=int, default=(8, 32), show_default=True)
@click.option("--blocks", default=8, show_default=True, help="Turns of each network.")
@click.option("--steps", default=3, show_default=True, help="Steps that count in a turn.")
@click.option("--device", default=None, help="By default CUDA where there is one.")
def main(sizes: tuple[int, ...], blocks: int, steps: int, device: str | None) -> None:
    """Compare the architectures in weights and milliseconds."""
    torch.set_num_threads(1)
    used = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    clock = "wall_s" if used.type == "cuda" else "cpu_s"
    for size in sizes:
        real = noise(1 if size == 8 else 3, size, used)
        states = {
            name: new_state(config_of(name), real.sample, seed=0, device=used)
            for name in NETWORK_NAMES
        }
        costs = in_turns(loops_for(states, real), blocks=blocks, steps=steps, device=used)
        click.echo(
            f"{size} x {size}, {used}, batch {config_of(BASE).batch_size}, width "
            f"{WIDTH}; {'CPU' if clock == 'cpu_s' else 'wall'} time"
        )
        for line in describe(states, costs, steps=steps, clock=clock):
            click.echo(line)


if __name__ == "__main__":
    main()
