"""Our training loop against bare hand-written PyTorch loops that do the same work.

Three loops take turns in one process, a few steps at a time: ours, the one that tutorials teach,
and a tuned one that uses every trick that ours uses. See benchmarks/README.md.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from statistics import median, quantiles
from time import perf_counter, process_time

import click
import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.optim import Adam
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.residence import place
from gan_models.data.source import DataSource
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state

Draw = Callable[[], Tensor]

CASES = {"mlp": "ring8", "dcgan": "digits"}  # network -> data set; all else is GanConfig's default
WARM_UP_STEPS = 3  # not counted: after a change of loops, code and data are not in the caches
FIRST_STEPS = 50  # not counted: torch chooses kernels, Adam makes its moments
FOREVER_NIMG = 10**15


@dataclass(frozen=True)
class BlockCost:
    """What one block of steps took; ``cpu_s`` counts this process alone, whoever else runs."""

    cpu_s: float
    wall_s: float


def bare_loop(
    networks: TrainState, config: GanConfig, draw_real: Draw, draw_z: Draw, *, tuned: bool
) -> Iterator[None]:
    """Train with the non-saturating objective, R1 and a moving average of G; yield each step.

    As taught (DCGAN tutorial, R1 as in 1801.04406): Adam as it comes, D left trainable while G
    trains, the average by a loop over weights. ``tuned``: fused Adam, no gradients for D's weights
    while G trains, the average in one multi-tensor call.
    """
    g, d, ema = networks.generator, networks.discriminator, networks.ema
    betas = (config.beta1, config.beta2)
    g_adam = Adam(g.parameters(), lr=config.g_lr, betas=betas, fused=tuned)
    d_adam = Adam(d.parameters(), lr=config.d_lr, betas=betas, fused=tuned)
    d_weights = list(d.parameters())
    pairs = list(zip(ema.parameters(), g.parameters(), strict=True))
    averages, sources = [list(side) for side in zip(*pairs, strict=True)]
    buffers = list(zip(ema.buffers(), g.buffers(), strict=True))
    decay = 0.5 ** (config.batch_size / (1000 * config.ema_half_life_kimg))
    blend = get_ema_multi_avg_fn(decay)

    while True:
        real = draw_real().requires_grad_()
        with torch.no_grad():
            fake = g(draw_z())
        real_logits = d(real)
        (gradient,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
        penalty = config.r1_gamma / 2 * gradient.flatten(1).square().sum(1).mean()
        d_loss = softplus(-real_logits).mean() + softplus(d(fake)).mean() + penalty
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()

        for weight in d_weights if tuned else ():
            weight.requires_grad_(False)
        g_loss = softplus(-d(g(draw_z()))).mean()
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        for weight in d_weights if tuned else ():
            weight.requires_grad_(True)

        with torch.no_grad():
            if tuned:
                blend(averages, sources, 0)
            else:
                for average, source in pairs:
                    average.lerp_(source, 1 - decay)
            for copy, original in buffers:
                copy.copy_(original)
        yield


def loops_for(
    config: GanConfig, real: Dataset, device: torch.device
) -> dict[str, Iterator[object]]:
    """Give the three loops, each on its own copy of the same untrained networks."""
    images = real.sample.encode(real.stored)  # a bare loop keeps its data ready for use

    def draw_real() -> Tensor:
        return images[torch.randint(len(images), (config.batch_size,), device=device)]

    def draw_z() -> Tensor:
        return torch.randn(config.batch_size, config.latent_dim, device=device)

    def networks() -> TrainState:
        return new_state(config, real.sample, seed=0, device=device)

    return {
        "ours": train(config, networks(), real, seed=0, until_nimg=FOREVER_NIMG),
        "tutorial": bare_loop(networks(), config, draw_real, draw_z, tuned=False),
        "tuned": bare_loop(networks(), config, draw_real, draw_z, tuned=True),
    }


def run_block(loop: Iterator[object], num_steps: int, device: torch.device) -> BlockCost:
    """Take some steps, wait until the device has done them, and say what they took."""
    take(loop, WARM_UP_STEPS, device)
    cpu_s, wall_s = process_time(), perf_counter()
    take(loop, num_steps, device)
    return BlockCost(process_time() - cpu_s, perf_counter() - wall_s)


def take(loop: Iterator[object], num_steps: int, device: torch.device) -> None:
    """Pull steps until the device has done them."""
    deque(islice(loop, num_steps), maxlen=0)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def interleave(
    loops: Mapping[str, Iterator[object]], *, blocks: int, steps: int, device: torch.device
) -> dict[str, list[BlockCost]]:
    """Let the loops take turns; each comes first, second and last equally often."""
    for loop in loops.values():
        take(loop, FIRST_STEPS, device)
    costs: dict[str, list[BlockCost]] = {name: [] for name in loops}
    names = deque(loops)
    for _ in range(blocks):
        for name in names:
            costs[name].append(run_block(loops[name], steps, device))
        names.rotate()
    return costs


def describe_ratios(ratios: list[float]) -> str:
    """Return the median with the half-width of its 95 % interval, and the quartiles."""
    low, middle, high = quantiles(ratios, n=4)
    # the interval of a median under a near-normal spread: 1.96 x 1.253 sigma / sqrt(n), sigma = IQR / 1.349
    error = 1.82 * (high - low) / len(ratios) ** 0.5
    return f"{middle:.3f} ±{error:.3f} ({low:.2f} to {high:.2f})"


def report(costs: Mapping[str, list[BlockCost]], *, steps: int) -> Iterator[str]:
    """Say how fast each loop is, and how fast ours is beside it, block by block."""
    for name, blocks in costs.items():
        cpu_ms = 1000 * median(block.cpu_s for block in blocks) / steps
        wall_ms = 1000 * median(block.wall_s for block in blocks) / steps
        line = f"  {name:<9}{1000 / cpu_ms:8.1f} steps per CPU s {1000 / wall_ms:8.1f} steps/s"
        if name != "ours":
            pairs = list(zip(costs["ours"], blocks, strict=True))
            cpu = describe_ratios([bare.cpu_s / ours.cpu_s for ours, bare in pairs])
            wall = describe_ratios([bare.wall_s / ours.wall_s for ours, bare in pairs])
            line += f"   ours / {name}: CPU {cpu}, wall {wall}"
        yield line


@click.command()
@click.option("--network", type=click.Choice(list(CASES)), help="Only this one; both by default.")
@click.option("--blocks", default=300, show_default=True, type=click.IntRange(2))
@click.option("--steps", default=10, show_default=True, type=click.IntRange(1), help="In a block.")
@click.option("--device", default=None, help="By default CUDA where there is one.")
def main(network: str | None, blocks: int, steps: int, device: str | None) -> None:
    """Compare our training loop with bare ones, in steps per second."""
    torch.set_num_threads(1)
    place_of_work = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    click.echo(f"torch {torch.__version__}, {place_of_work}, {blocks} blocks of {steps} steps")
    for name in [network] if network else CASES:
        config = GanConfig(network=name)
        real = place(load_splits(DataSource(name=CASES[name])).train, place_of_work)
        click.echo(f"{name} on {real.name}, batch {config.batch_size}")
        loops = loops_for(config, real, place_of_work)
        costs = interleave(loops, blocks=blocks, steps=steps, device=place_of_work)
        for line in report(costs, steps=steps):
            click.echo(line)


if __name__ == "__main__":
    main()
