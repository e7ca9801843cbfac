"""1,000 modes: three random digits as the channels of one image. See benchmarks/README.md.

Trained on triples of all 1,797 digits, drawn for each seed; judged by a support vector classifier
that learnt from 900 of them.
"""

from functools import cache, partial

import click
import numpy as np
import torch
from sklearn.svm import SVC
from torch import Tensor

from benchmarks.mode_collapse.comparison import Outcome, chosen, compare, train_and_score
from benchmarks.mode_collapse.recipes import STACKED_DIGITS, STACKED_DIGITS_RECIPES, Params
from gan_models.data.digits import read_digits
from gan_models.data.stacked_digits import stack_digits

NUM_TRIPLES = 192_000  # 3,000 steps of 64, so that none comes twice in the plain recipe
NUM_JUDGED = 900
_LEVELS = 255.0


class TripleModes:
    """Class 100 a + 10 b + c by a classifier of single digits; it always names one."""

    judges_quality = False
    num_modes = 1000

    def __init__(self, classifier: SVC) -> None:
        self._classifier = classifier

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N class indices of N x 3 x 8 x 8 uint8 images."""
        digits = self._classifier.predict(stored.numpy().reshape(-1, 64) / _LEVELS).reshape(-1, 3)
        return torch.from_numpy(digits @ np.array([100, 10, 1]))


@cache
def judge() -> TripleModes:
    """Fit the classifier of the note: C = 10, gamma = 0.05, on 900 digits."""
    digits = read_digits()
    rows = np.random.default_rng(0).permutation(len(digits))[:NUM_JUDGED]
    pixels = digits.samples.reshape(-1, 64) / _LEVELS
    assert digits.labels is not None
    return TripleModes(SVC(C=10, gamma=0.05).fit(pixels[rows], digits.labels[rows]))


def outcome_of(params: Params, seed: int, *, num_steps: int, num_samples: int) -> Outcome:
    """Train and score one recipe with one seed."""
    digits = read_digits()
    real = stack_digits(digits.subset(np.arange(len(digits))), NUM_TRIPLES, seed)
    return train_and_score(
        params, real, judge(), seed=seed, num_steps=num_steps, num_samples=num_samples
    )


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Trainings of each recipe.")
@click.option("--first-seed", default=0, show_default=True, help="The others follow it.")
@click.option("--recipes", default="", help="Names, with commas between; all by default.")
@click.option("--steps", default=3000, show_default=True, help="Updates of G.")
@click.option("--samples", default=5000, show_default=True, help="Fakes that are judged.")
@click.option("--jobs", default=1, show_default=True, help="Trainings at once, a thread each.")
def main(*, seeds: int, first_seed: int, recipes: str, steps: int, samples: int, jobs: int) -> None:
    """Count the modes that each recipe keeps of stacked digits."""
    click.echo(f"stacked digits, {steps} steps, {samples} fakes; perfect: 993 modes, KL 0.10-0.11")
    training = partial(outcome_of, num_steps=steps, num_samples=samples)
    wanted = chosen(recipes, STACKED_DIGITS_RECIPES)
    numbers = range(first_seed, first_seed + seeds)
    for line in compare(training, wanted, STACKED_DIGITS, seeds=numbers, num_jobs=jobs):
        click.echo(line)


if __name__ == "__main__":
    main()
