"""What augmentation and consistency are worth where real digits are few.

Trains one small DCGAN on the first 200 digits of the train split, with each recipe and seed, and
scores it against the select split throughout. See benchmarks/README.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import mean, stdev
from typing import Any

import click
import torch

from benchmarks.training_set_size import CONFIG, first
from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset, Split
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.base import FeatureExtractor
from gan_models.features.resolve import resolve_features
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.reference import Reference, build_reference
from gan_models.metrics.scores import Scores
from gan_models.model_folder import Model
from gan_models.training.loop import train
from gan_models.training.state import new_state

PLAIN = replace(CONFIG, width=32)
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "diff, translation": {"augment": "diff", "augment_policy": "translation"},
    "diff, translation and cutout": {"augment": "diff", "augment_policy": "translation+cutout"},
    "diff": {"augment": "diff"},
    "ada": {"augment": "ada", "ada_kimg": 20.0},
    "ada, translation and cutout": {
        "augment": "ada",
        "ada_kimg": 20.0,
        "augment_policy": "translation+cutout",
    },
    "balanced consistency, translation": {
        "consistency_weight": 10.0,
        "balanced_consistency": True,
        "augment_policy": "translation",
    },
}
NUM_FAKES = 1000


def curve(
    config: GanConfig,
    real: Dataset,
    reference: Reference,
    extractor: FeatureExtractor,
    *,
    seed: int,
    until_nimg: Sequence[int],
) -> Iterator[Scores]:
    """Train from scratch; yield the scores of the averaged G after each count of images."""
    state = new_state(config, real.sample, seed=seed)
    model = Model(state.ema, config, real.sample)
    for nimg in until_nimg:
        for _ in train(config, state, real, seed=seed, until_nimg=nimg):
            pass
        yield score_samples(model.draw(NUM_FAKES, seed=0), reference, extractor, None)


def row(name: str, curves: Sequence[Sequence[Scores]]) -> str:
    """Return one row of the table: mean ± standard deviation over seeds."""
    lowest = [min(scores.fid for scores in each) for each in curves]
    last = [each[-1] for each in curves]
    cells = (
        spread(lowest, ".2f"),
        spread([scores.fid for scores in last], ".2f"),
        spread([scores.coverage for scores in last], ".3f"),
    )
    return f"| {name} | {' | '.join(cells)} |"


def spread(values: Sequence[float], style: str) -> str:
    """Return mean ± standard deviation; of a single value, that."""
    centre = format(mean(values), style)
    return f"{centre} ± {format(stdev(values), style)}" if len(values) > 1 else centre


@click.command()
@click.option("--digits", default=200, show_default=True, help="Real digits to train on.")
@click.option("--kimg", default=90, show_default=True)
@click.option("--every-kimg", default=15, show_default=True)
@click.option("--seeds", default=3, show_default=True)
@click.option("--recipe", "recipes", multiple=True, type=click.Choice(list(RECIPES)))
@click.option("--features", default="auto", show_default=True, help="By which to score.")
def main(
    *, digits: int, kimg: int, every_kimg: int, seeds: int, recipes: tuple[str, ...], features: str
) -> None:
    """Print a table of each recipe's distance and coverage."""
    torch.set_num_threads(1)
    splits = load_splits(DataSource(name="digits"))
    extractor, _ = resolve_features(features, splits)
    reference = build_reference(splits.select, Split.SELECT, extractor)
    real = first(splits.train, digits)
    until_nimg = range(1000 * every_kimg, 1000 * kimg + 1, 1000 * every_kimg)
    click.echo(f"{digits} digits, {kimg} kimg, {NUM_FAKES} fakes against {len(reference)} reals")
    click.echo("| recipe | lowest FID | last FID | last coverage |\n|---|---|---|---|")
    for name in recipes or RECIPES:
        config = replace(PLAIN, **RECIPES[name])
        curves = [
            list(curve(config, real, reference, extractor, seed=seed, until_nimg=until_nimg))
            for seed in range(seeds)
        ]
        click.echo(row(name, curves))


if __name__ == "__main__":
    main()
