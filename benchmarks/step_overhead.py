"""Our training loop against bare hand-written PyTorch loops that do the same work.

Three loops take turns in one process, a few steps at a time: ours, the one that tutorials teach,
and a tuned one with every trick that ours uses. With ``--options`` our own loop takes turns with
itself, once plain and once with each option. See benchmarks/README.md.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from statistics import median
from time import perf_counter, process_time
from typing import Any

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
from gan_models.samples import SampleKind
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state

Draw = Callable[[], Tensor]

CASES = {"mlp": "ring8", "dcgan": "digits"}  # network -> data set; all else is GanConfig's default
PLAIN: Mapping[str, Any] = {"penalty": "none"}
OPTIONS: Mapping[str, Mapping[str, Any]] = {  # each on top of the plain step
    "relativistic": {"d_loss": "relativistic", "g_loss": "relativistic"},
    "label smoothing": {"real_label_smoothing": 0.1, "fake_label_smoothing": 0.1},
    "weight clip": {"d_loss": "wasserstein", "g_loss": "wasserstein", "weight_clip": 0.01},
    "r1": {"penalty": "r1"},
    "r1, every 4th": {"penalty": "r1", "penalty_interval": 4},
    "r1, every 16th": {"penalty": "r1", "penalty_interval": 16},
    "r2": {"penalty": "r2"},
    "r1+r2": {"penalty": "r1+r2"},
    "gradient penalty": {"penalty": "gradient-penalty"},
    "dragan": {"penalty": "dragan"},
    "spectral norm": {"spectral_norm": True},
    "orthogonal D": {"d_orthogonal": 1e-4},
    "orthogonal G": {"g_orthogonal": 1e-4},
    "ema ramp": {"ema_ramp": 0.05},
    "cosine decay": {"lr_schedule": "cosine", "lr_decay_kimg": 100.0},
    "warm-up": {"lr_warmup_kimg": 100.0},
    "gradient clipping": {"grad_clip_norm": 1.0},
    "bfloat16": {"precision": "bfloat16"},
    "pack of 2": {"pack": 2},
    "pack of 4": {"pack": 4},
    "minibatch stddev": {"minibatch": "stddev"},
    "minibatch discrimination": {"minibatch": "discrimination"},
    "unrolled, 1 step": {"unroll_steps": 1},
    "unrolled, 5 steps": {"unroll_steps": 5},
    "replay": {"replay_frac": 0.5},
}
IMAGE_OPTIONS: Mapping[
    str, Mapping[str, Any]
] = {  # points cannot be augmented, nor are they asked for by class
    "augment diff": {"augment": "diff"},
    "augment diff, translation": {"augment": "diff", "augment_policy": "translation"},
    "augment ada": {"augment": "ada"},
    "consistency": {"consistency_weight": 10.0},
    "balanced consistency": {"consistency_weight": 10.0, "balanced_consistency": True},
    "conditioning concat": {"conditioning": "concat"},
    "conditioning projection": {"conditioning": "projection"},
    "conditioning auxiliary": {"conditioning": "auxiliary"},
}
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


def options_for(
    config: GanConfig, real: Dataset, device: torch.device, *, named: str = ""
) -> dict[str, Iterator[object]]:
    """Give our loop plain, once more as a control, and with each option alone.

    Of the options only those whose name has the part ``named``.
    """

    def loop(params: Mapping[str, Any]) -> Iterator[object]:
        used = replace(config, **{**PLAIN, **params})
        state = new_state(used, real.sample, seed=0, device=device)
        return train(used, state, real, seed=0, until_nimg=FOREVER_NIMG)

    is_image = real.sample.kind is SampleKind.IMAGE
    options = {**OPTIONS, **(IMAGE_OPTIONS if is_image else {})}
    chosen = {name: params for name, params in options.items() if named in name}
    variants = {"plain": {}, "plain again": {}, **chosen}
    return {name: loop(params) for name, params in variants.items()}


def take(loop: Iterator[object], num_steps: int, device: torch.device) -> None:
    """Pull steps, and wait until the device has done them."""
    deque(islice(loop, num_steps), maxlen=0)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def run_block(loop: Iterator[object], num_steps: int, device: torch.device) -> BlockCost:
    """Say what some steps of a loop take once it has the caches to itself again."""
    take(loop, WARM_UP_STEPS, device)
    cpu_s, wall_s = process_time(), perf_counter()
    take(loop, num_steps, device)
    return BlockCost(process_time() - cpu_s, perf_counter() - wall_s)


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


def describe(rounds: list[dict[str, list[BlockCost]]], *, steps: int) -> Iterator[str]:
    """Say how fast each loop is, and how fast ours is beside each bare one."""
    for name in rounds[0]:
        blocks = [block for costs in rounds for block in costs[name]]
        per_cpu_s = steps / median(block.cpu_s for block in blocks)
        per_s = steps / median(block.wall_s for block in blocks)
        line = f"  {name:<24} {per_cpu_s:7.1f} steps per CPU s {per_s:7.1f} steps/s"
        if name != "ours":
            cpu, wall = ratios(rounds, name, "cpu_s"), ratios(rounds, name, "wall_s")
            line += f"   ours / {name}: CPU {spread(cpu)}, wall {spread(wall)}"
        yield line


def describe_options(rounds: list[dict[str, list[BlockCost]]]) -> Iterator[str]:
    """Say how many plain steps the time of one step with each option would hold."""
    for name in rounds[0]:
        if name != "plain":
            cpu, wall = (ratios(rounds, name, clock, ours="plain") for clock in ("cpu_s", "wall_s"))
            yield f"  {name:<25} step / plain step: CPU {spread(cpu)}, wall {spread(wall)}"


def ratios(
    rounds: list[dict[str, list[BlockCost]]], bare: str, clock: str, *, ours: str = "ours"
) -> list[float]:
    """Return our speed over that of a bare loop, the median over the blocks of each round."""
    return [
        median(
            getattr(theirs, clock) / getattr(own, clock)
            for own, theirs in zip(costs[ours], costs[bare], strict=True)
        )
        for costs in rounds
    ]


def spread(values: list[float]) -> str:
    """Return the median with the lowest and the highest value."""
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


@click.command()
@click.option("--network", type=click.Choice(list(CASES)), help="Only this one; both by default.")
@click.option("--rounds", default=12, show_default=True, help="Each with fresh networks.")
@click.option("--blocks", default=30, show_default=True, help="Turns of each loop in a round.")
@click.option("--steps", default=6, show_default=True, help="Steps that count in a block.")
@click.option(
    "--options",
    is_flag=False,
    flag_value="",
    metavar="[PART]",
    help="Each option of training (whose name has this part) against the plain step.",
)
@click.option("--device", default=None, help="By default CUDA where there is one.")
def main(
    network: str | None,
    rounds: int,
    blocks: int,
    steps: int,
    options: str | None,
    device: str | None,
) -> None:
    """Compare our training loop with bare ones, or with itself, in steps per second."""
    torch.set_num_threads(1)
    used = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    loops = loops_for if options is None else partial(options_for, named=options)
    click.echo(f"torch {torch.__version__}, {used}, {rounds} x {blocks} blocks of {steps} steps")
    for name in [network] if network else CASES:
        config = GanConfig(network=name)
        real = place(load_splits(DataSource(name=CASES[name])).train, used)
        click.echo(f"{name} on {real.name}, batch {config.batch_size}")
        measured = [
            interleave(loops(config, real, used), blocks=blocks, steps=steps, device=used)
            for _ in range(rounds)
        ]
        told = describe(measured, steps=steps) if options is None else describe_options(measured)
        for line in told:
            click.echo(line)


if __name__ == "__main__":
    main()
