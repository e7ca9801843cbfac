"""Whether a conditional GAN makes the digit that it is asked for, and all of its variety.

For each kind of conditioning, trained on the train split: the share of fakes that a classifier
assigns to their label, which learnt on the other two splits and so never saw what G and D saw; and
how many of those other real digits a classifier gets right that learnt on fakes alone (the
classification accuracy score of 1905.10887). See benchmarks/README.md.
"""

from collections.abc import Iterator
from dataclasses import replace
from statistics import mean, stdev

import click
import torch

from gan_models.config import CONDITIONING_NAMES, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.classifier import ClassifierFeatures, train_classifier
from gan_models.metrics.per_class import label_consistency
from gan_models.model_folder import Model
from gan_models.training.loop import train
from gan_models.training.state import new_state

CONFIG = GanConfig(
    generator_norm="batch",
    r1_gamma=0.1,
    batch_size=32,
    d_lr=2e-3,
    g_lr=2e-3,
    ema_half_life_kimg=3.0,
)
KINDS = [kind for kind in CONDITIONING_NAMES if kind != "none"]
NUM_FAKES = 3000


def joined(one: Dataset, other: Dataset) -> Dataset:
    """Return the samples and labels of two splits as one."""
    assert one.labels is not None
    assert other.labels is not None
    return replace(
        one,
        stored=torch.cat([one.stored, other.stored]),
        labels=torch.cat([one.labels, other.labels]),
        fingerprint=f"{one.fingerprint}+{other.fingerprint}",
    )


def classifier_of(labelled: Dataset) -> ClassifierFeatures:
    """Return the usual classifier of digits, trained on these."""
    return ClassifierFeatures(labelled.name, labelled.sample, train_classifier(labelled))


def accuracy(classifier: ClassifierFeatures, labelled: Dataset) -> float:
    """Return the share of samples whose label the classifier gives."""
    assert labelled.labels is not None
    return label_consistency(classifier.classify, labelled.stored, labelled.labels)


def fakes_of(config: GanConfig, real: Dataset, *, seed: int, kimg: int) -> Dataset:
    """Train from scratch, and return fakes of the averaged G with what they were asked to be."""
    state = new_state(config, real.sample, seed=seed)
    for _ in train(config, state, real, seed=seed, until_nimg=1000 * kimg):
        pass
    model = Model(state.ema, config, real.sample)
    stored, labels = model.draw(NUM_FAKES, seed=seed), model.labels(NUM_FAKES, seed=seed)
    return replace(real, stored=stored, labels=labels, name="fakes", is_stratified=False)


def shown(name: str, shares: list[float]) -> str:
    """Write a mean with its spread over seeds."""
    spread = f" ± {stdev(shares):.3f}" if len(shares) > 1 else ""
    return f"{name} {mean(shares):.3f}{spread}"


def measured(
    config: GanConfig, splits: tuple[Dataset, Dataset], seeds: int, *, kimg: int
) -> Iterator[tuple[float, float]]:
    """Yield label consistency, and the accuracy on reals after learning on fakes, of each seed."""
    real, unseen = splits
    judge = classifier_of(unseen)
    for seed in range(seeds):
        fakes = fakes_of(config, real, seed=seed, kimg=kimg)
        yield accuracy(judge, fakes), accuracy(classifier_of(fakes), unseen)


@click.command()
@click.option("--seeds", default=3, show_default=True)
@click.option("--kimg", default=150, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), default=KINDS)
def main(seeds: int, kimg: int, kinds: tuple[str, ...]) -> None:
    """Print both shares for each kind of conditioning, beside what real digits reach."""
    torch.set_num_threads(1)
    splits = load_splits(DataSource(name="digits"))
    unseen = joined(splits.select, splits.certify)
    of_reals = accuracy(classifier_of(unseen), splits.train)
    from_reals = accuracy(classifier_of(splits.train), unseen)
    click.echo(f"real digits: label consistency {of_reals:.3f}, accuracy {from_reals:.3f}")
    for kind in kinds:
        config = replace(CONFIG, conditioning=kind)
        consistency, learnt = zip(
            *measured(config, (splits.train, unseen), seeds, kimg=kimg), strict=True
        )
        click.echo(
            f"{kind}: {shown('label consistency', [*consistency])}, "
            f"{shown('accuracy', [*learnt])} ({seeds} seeds, {kimg} kimg)"
        )


if __name__ == "__main__":
    main()
