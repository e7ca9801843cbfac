"""How often a certificate's intervals hold what a ten times larger evaluation finds.

Generators whose samples cost nothing stand in for trained ones: families with a known distance,
perturbed draws of a density, perturbed digits. Each is certified on few samples and then scored
again on ten times as many. See benchmarks/README.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
import torch
from torch import Tensor

from benchmarks.metric_distributions import FAMILIES, real_and_fake
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.resolve import resolve_features
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.metrics.frechet_error import score_frechet
from gan_models.metrics.intervals import distance_intervals, interval_at_equal_counts
from gan_models.metrics.scores import Scores
from gan_models.seeds import derive_seed, torch_generator

NUM_REALS, NUM_FAKES, TIMES = 450, 2000, 10  # about the demo's certify split, and its fakes
DIM = 64
NUM_SPLITS = 10  # of the digits; each trains a feature network of its own


@dataclass(frozen=True)
class Generator:
    """One simulated sweep's winner with its data, as features.

    ``reals`` are those of the certificate, ``strata`` their classes where each has a fixed share.
    ``more_reals`` are as many more of as the evaluation is larger, None where there are none.
    """

    reals: Tensor
    draw: Callable[[int, int], Tensor]  # how many fakes, and a seed
    more_reals: Tensor | None = None
    strata: Tensor | None = None


def of_family(family: str, *, is_perfect: bool = False) -> Callable[[int], Generator]:
    """Return generators at a known distance; reals and fakes are of one family."""
    real, fake = real_and_fake(family, DIM)
    source = real if is_perfect else fake

    def make(seed: int) -> Generator:
        rng = np.random.default_rng(derive_seed(seed, "reals"))
        return Generator(
            reals=real.draw(NUM_REALS, rng),
            draw=lambda num, z: source.draw(num, np.random.default_rng(derive_seed(z, "fakes"))),
            more_reals=real.draw(TIMES * NUM_REALS, rng),
        )

    return make


def of_points(seed: int) -> Generator:
    """Return a generator of rings whose modes are too wide and unevenly hit."""
    splits = load_splits(DataSource.from_mapping({"name": "ring8"}), seed)
    extractor, _ = resolve_features("random-fourier", splits)
    modes = splits.train.modes
    assert modes is not None
    shares = torch.rand(len(modes.centres), generator=torch_generator("cpu", seed, "shares")) + 0.3
    wider = modes.standard_deviation * (1 + 0.1 * (seed % 10))

    def draw(num: int, z: int) -> Tensor:
        generator = torch_generator("cpu", z, "fakes")
        picked = torch.multinomial(shares, num, replacement=True, generator=generator)
        noise = torch.randn(num, 2, generator=generator)
        return extractor(modes.centres[picked] + wider * noise)

    more = torch.cat([splits.train.stored, splits.select.stored])
    return Generator(
        reals=extractor(splits.certify.stored[:NUM_REALS]),
        draw=draw,
        more_reals=extractor(more)[: TIMES * NUM_REALS],
    )


@lru_cache(maxsize=NUM_SPLITS)
def _digits(split_seed: int, cache_dir: Path) -> tuple[Tensor, Tensor, Tensor | None, object]:
    splits = load_splits(DataSource.from_mapping({"name": "digits"}), split_seed)
    extractor, _ = resolve_features("auto", splits, cache_dir=cache_dir)
    strata = splits.certify.labels if splits.certify.is_stratified else None
    return splits.train.stored, extractor(splits.certify.stored), strata, extractor


def of_digits(cache_dir: Path) -> Callable[[int], Generator]:
    """Return generators of training digits with noise on their pixels, some of them too often."""

    def make(seed: int) -> Generator:
        images, reals, strata, extractor = _digits(seed % NUM_SPLITS, cache_dir)
        assert callable(extractor)
        weights = torch.rand(len(images), generator=torch_generator("cpu", seed, "weights")) + 0.1
        noise = 4.0 * (1 + seed % 8)  # of 255

        def draw(num: int, z: int) -> Tensor:
            generator = torch_generator("cpu", z, "fakes")
            picked = torch.multinomial(weights, num, replacement=True, generator=generator)
            grain = noise * torch.randn(num, *images.shape[1:], generator=generator)
            fakes = (images[picked] + grain).clamp(0, 255).to(torch.uint8)
            features: Tensor = extractor(fakes)
            return features

        return Generator(reals=reals, draw=draw, strata=strata)

    return make


def held(generator: Generator, seed: int) -> dict[str, bool]:
    """Certify a generator, evaluate it again, and say which interval holds which distance."""
    gaussian = fit_gaussian(generator.reals)
    fakes = generator.draw(NUM_FAKES, derive_seed(seed, "certificate"))
    score = score_frechet(gaussian, generator.reals, fakes, strata=generator.strata)
    half = len(fakes) // 2
    scores = Scores(
        fid=score.value,
        fid_a=frechet_distance(gaussian, fakes[:half]),
        fid_b=frechet_distance(gaussian, fakes[half:]),
        fid_debiased=score.debiased,
        fid_standard_error=score.standard_error,
    )
    around = interval_at_equal_counts(scores, generator.reals, fakes, seed=seed)
    found = distance_intervals(scores, around)
    many = generator.draw(TIMES * NUM_FAKES, derive_seed(seed, "again"))
    against_same = frechet_distance(gaussian, many)
    results = {
        "same reals": found.fid_low <= against_same <= found.fid_high,
        "same reals, interval around FID": around[0] <= against_same <= around[1],
    }
    if generator.more_reals is None:
        return results
    against_more = frechet_distance(fit_gaussian(generator.more_reals), many)
    return results | {
        "10x reals": found.fid_low <= against_more <= found.fid_high,
        "10x reals, debiased interval": found.fid_debiased_low
        <= against_more
        <= found.fid_debiased_high,
        "10x reals, interval around FID": around[0] <= against_more <= around[1],
    }


def cases(cache_dir: Path) -> Iterator[tuple[str, Callable[[int], Generator]]]:
    """Yield every kind of generator."""
    for family in FAMILIES:
        yield family, of_family(family)
    yield "gaussian, perfect", of_family("gaussian", is_perfect=True)
    yield "ring8, uneven and wide", of_points
    yield "digits with noise", of_digits(cache_dir)


@click.command()
@click.option("--certificates", default=200, show_default=True, type=click.IntRange(2))
@click.option("--match", default="", help="Only cases with this in their name.")
def main(certificates: int, match: str) -> None:
    """Count how often intervals hold a ten times larger evaluation."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        for name, make in cases(Path(folder)):
            if match not in name:
                continue
            rows = [held(make(seed), seed) for seed in range(certificates)]
            shares = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
            text = "   ".join(f"{key} {share:.1%}" for key, share in shares.items())
            click.echo(f"{name:<24} {text}")


if __name__ == "__main__":
    main()
