"""What a GAN buys over a dense autoencoder with a Gaussian over its codes, on the embedded digits.

Decoder and G are the same network, both see the same images as often, and both are scored alike.
See benchmarks/README.md.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from statistics import mean

import click
import torch
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.data.dataset import Split, Splits
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.resolve import resolve_features
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.reference import build_reference
from gan_models.metrics.scores import Scores
from gan_models.training.autoencoder import gaussian_of_codes, train_autoencoder
from gan_models.training.draws import draw_latents
from gan_models.training.loop import train
from gan_models.training.state import new_state

CONFIG = GanConfig(
    network="mlp",
    width=256,
    depth=2,
    latent_dim=32,
    r1_gamma=0.1,
    batch_size=32,
    d_lr=2e-3,
    g_lr=2e-3,
    ema_half_life_kimg=3.0,
)
CONVOLUTIONAL = replace(CONFIG, network="dcgan", width=64, generator_norm="none")
COLUMNS = ("fid", "precision", "density", "coverage")


@dataclass(frozen=True)
class Contest:
    """What all contenders of one seed are given; ``judge`` scores encoded samples."""

    splits: Splits
    judge: Callable[[Tensor], Scores]
    seed: int
    kimg: int
    num_fakes: int

    @property
    def latents(self) -> Tensor:
        """The same z for all."""
        return draw_latents(self.num_fakes, CONFIG.latent_dim, seed=self.seed)


def scores_of_autoencoder(contest: Contest) -> Iterator[tuple[str, Scores]]:
    """Score what the autoencoder draws, and beside it what it makes of reals it never saw."""
    real, held_out = contest.splits.train, contest.splits.certify
    autoencoder = train_autoencoder(CONFIG, real, seed=contest.seed, until_nimg=1000 * contest.kimg)
    with torch.no_grad():
        drawn = gaussian_of_codes(autoencoder, real)(contest.latents)
        rebuilt = autoencoder.reconstruct(held_out.sample.encode(held_out.stored))
    yield "autoencoder, Gaussian over codes", contest.judge(drawn)
    yield "autoencoder, held-out reals rebuilt", contest.judge(rebuilt)


def score_of_gan(config: GanConfig, contest: Contest) -> Scores:
    """Score the averaged generator of a GAN that was shown as many images."""
    real, seed = contest.splits.train, contest.seed
    state = new_state(config, real.sample, seed=seed)
    deque(train(config, state, real, seed=seed, until_nimg=1000 * contest.kimg), maxlen=0)
    with torch.no_grad():
        return contest.judge(state.ema(contest.latents))


def table(scores: list[tuple[str, Scores]]) -> Iterator[str]:
    """Give the mean of each contender's scores over seeds, with the lowest and the highest."""
    yield f"{'':<36}" + "".join(f"{column:<25}" for column in COLUMNS)
    for name in dict.fromkeys(name for name, _ in scores):
        own = [each.to_mapping() for called, each in scores if called == name]
        cells = [[each[column] for each in own] for column in COLUMNS]
        yield f"{name:<36}" + "".join(f"{spread(values):<25}" for values in cells)


def spread(values: list[float]) -> str:
    """Return the mean with the lowest and the highest value."""
    return f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


@click.command()
@click.option("--kimg", default=120, show_default=True, help="Thousands of images that all see.")
@click.option("--seeds", default=3, show_default=True)
@click.option("--fakes", default=2000, show_default=True)
def main(kimg: int, seeds: int, fakes: int) -> None:
    """Print one table: the autoencoder's samples and reconstructions, and two GANs' samples."""
    torch.set_num_threads(1)
    splits = load_splits(DataSource(name="digits"))
    extractor, modes = resolve_features("auto", splits)
    reference = build_reference(splits.select, Split.SELECT, extractor)

    def judge(samples: Tensor) -> Scores:
        return score_samples(splits.sample.decode(samples), reference, extractor, modes)

    scores: list[tuple[str, Scores]] = []
    for seed in range(seeds):
        contest = Contest(splits, judge, seed, kimg, fakes)
        scores += scores_of_autoencoder(contest)
        scores.append(("plain GAN, the same G", score_of_gan(CONFIG, contest)))
        scores.append(("plain GAN, convolutional", score_of_gan(CONVOLUTIONAL, contest)))
    click.echo(
        f"digits, {kimg} kimg, {seeds} seeds; {fakes} fakes against {len(reference)} reals: "
        "mean (lowest to highest)"
    )
    for line in table(scores):
        click.echo(line)


if __name__ == "__main__":
    main()
