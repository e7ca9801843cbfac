"""How the number of real digits that a GAN trains on limits how good it gets.

Trains the same small DCGAN on the first n digits of the train split, and scores it against the
select split throughout. See benchmarks/README.md and docs/decisions/0003-three-splits.md.
"""

from dataclasses import replace
from statistics import mean

import click
import torch

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset, Split
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.base import FeatureExtractor
from gan_models.features.resolve import resolve_features
from gan_models.metrics.frechet import frechet_distance
from gan_models.metrics.reference import Reference, build_reference
from gan_models.samples import SampleSpec
from gan_models.seeds import torch_generator
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state

CONFIG = GanConfig(
    generator_norm="none",
    r1_gamma=0.1,
    batch_size=32,
    d_lr=2e-3,
    g_lr=2e-3,
    ema_half_life_kimg=3.0,
)
NUM_FAKES = 1200


def first(real: Dataset, num_samples: int) -> Dataset:
    """Return the first samples of a split, which come shuffled."""
    assert real.labels is not None
    return replace(real, stored=real.stored[:num_samples], labels=real.labels[:num_samples])


@torch.no_grad()
def distance(
    state: TrainState, sample: SampleSpec, reference: Reference, extractor: FeatureExtractor
) -> float:
    """Return the Fréchet distance of fakes of the averaged generator, always of the same z."""
    z = torch.randn(NUM_FAKES, CONFIG.latent_dim, generator=torch_generator("cpu", 0, "z"))
    fakes = sample.decode(state.ema(z))
    return frechet_distance(reference.gaussian, extractor(fakes).double())


def curve(
    real: Dataset,
    reference: Reference,
    extractor: FeatureExtractor,
    *,
    seed: int,
    kimg: int,
    every_kimg: int,
) -> list[float]:
    """Train from scratch, and return the distance at each evaluation."""
    state = new_state(CONFIG, real.sample, seed=seed)
    distances = []
    for until_kimg in range(every_kimg, kimg + 1, every_kimg):
        for _ in train(CONFIG, state, real, seed=seed, until_nimg=1000 * until_kimg):
            pass
        distances.append(distance(state, real.sample, reference, extractor))
    return distances


@click.command()
@click.option("--kimg", default=160, show_default=True)
@click.option("--every-kimg", default=10, show_default=True)
@click.option("--seeds", default=2, show_default=True)
@click.option("--size", "sizes", multiple=True, type=int, default=(300, 600, 1198))
def main(kimg: int, every_kimg: int, seeds: int, sizes: tuple[int, ...]) -> None:
    """Print the lowest and the last quarter's distance for each number of training digits."""
    torch.set_num_threads(1)
    splits = load_splits(DataSource(name="digits"))
    extractor, _ = resolve_features("auto", splits)
    reference = build_reference(splits.select, Split.SELECT, extractor)
    click.echo(f"{NUM_FAKES} fakes against {len(reference)} reals; each of {seeds} seeds")
    for size in sizes:
        real = first(splits.train, size)
        curves = [
            curve(real, reference, extractor, seed=seed, kimg=kimg, every_kimg=every_kimg)
            for seed in range(seeds)
        ]
        lowest = ", ".join(f"{min(distances):.2f}" for distances in curves)
        late = ", ".join(f"{mean(distances[-len(distances) // 4 :]):.2f}" for distances in curves)
        click.echo(f"{size:5d} digits: lowest {lowest}; mean of the last quarter {late}")


if __name__ == "__main__":
    main()
