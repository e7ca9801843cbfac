"""8 modes on a ring, 25 on a grid: the points of the literature. See benchmarks/README.md."""

from functools import partial

import click

from benchmarks.mode_collapse.comparison import Outcome, chosen, compare, train_and_score
from benchmarks.mode_collapse.recipes import POINTS, POINTS_RECIPES, Params
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.features.modes import NearestCentreModes

NUM_STEPS = {"ring8": 3000, "grid25": 12000}
NUM_SAMPLES = 2500


def outcome_of(params: Params, seed: int, *, data: str, num_steps: int) -> Outcome:
    """Train and score one recipe with one seed; learning rates that decay do so until the end."""
    real = load_splits(DataSource(name=data), seed).train
    assert real.modes is not None
    modes = NearestCentreModes(real.modes)
    decay = {"lr_decay_kimg": num_steps * params["batch_size"] / 1000}
    return train_and_score(
        params | decay, real, modes, seed=seed, num_steps=num_steps, num_samples=NUM_SAMPLES
    )


@click.command()
@click.option("--data", type=click.Choice(list(NUM_STEPS)), help="Only this; both by default.")
@click.option("--seeds", default=5, show_default=True, help="Trainings of each recipe.")
@click.option("--first-seed", default=0, show_default=True, help="The others follow it.")
@click.option("--recipes", default="", help="Names, with commas between; all by default.")
@click.option("--steps", default=None, type=int, help=f"Updates of G; by default {NUM_STEPS}.")
@click.option("--jobs", default=1, show_default=True, help="Trainings at once, a thread each.")
def main(
    data: str | None,
    *,
    seeds: int,
    first_seed: int,
    recipes: str,
    steps: int | None,
    jobs: int,
) -> None:
    """Count the modes that each recipe keeps of a ring and of a grid."""
    for name in [data] if data else NUM_STEPS:
        num_steps = steps or NUM_STEPS[name]
        click.echo(f"{name}, {num_steps} steps, {NUM_SAMPLES} fakes; perfect: 0.989 in a mode")
        training = partial(outcome_of, data=name, num_steps=num_steps)
        wanted = chosen(recipes, POINTS_RECIPES)
        numbers = range(first_seed, first_seed + seeds)
        for line in compare(training, wanted, POINTS, seeds=numbers, num_jobs=jobs):
            click.echo(line)


if __name__ == "__main__":
    main()
