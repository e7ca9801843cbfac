"""Many trainings of many recipes, and one table of what they kept."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from math import isnan
from multiprocessing import get_context
from statistics import fmean, stdev
from time import process_time

import click
import torch

from benchmarks.mode_collapse.recipes import Params, Recipe
from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.features.base import ModeAssigner
from gan_models.metrics.modes import ModeScores, score_modes
from gan_models.model_folder import Model
from gan_models.training.loop import train
from gan_models.training.state import new_state


@dataclass(frozen=True)
class Outcome:
    """What one training kept, and the CPU seconds that it took without the scoring."""

    scores: ModeScores
    cpu_s: float


Training = Callable[[Params, int], Outcome]


def train_and_score(
    params: Params,
    real: Dataset,
    modes: ModeAssigner,
    *,
    seed: int,
    num_steps: int,
    num_samples: int,
) -> Outcome:
    """Train for ``num_steps`` updates of G, and look where its samples lie.

    G is sampled in evaluation mode, with its moving average where the recipe has one.
    """
    torch.set_num_threads(1)
    config = GanConfig.from_params(params)
    state, begin_s = new_state(config, real.sample, seed=seed), process_time()
    until_nimg = num_steps * config.batch_size * config.d_steps // config.g_steps
    for _ in train(config, state, real, seed=seed, until_nimg=until_nimg):
        pass
    cpu_s = process_time() - begin_s
    fakes = Model(state.ema, config, real.sample).draw(num_samples, seed=seed)
    return Outcome(score_modes(modes, fakes), cpu_s)


def compare(
    training: Training,
    recipes: dict[str, Recipe],
    plain: Params,
    *,
    seeds: Sequence[int],
    num_jobs: int,
) -> Iterator[str]:
    """Train every recipe with every seed; yield the rows of a Markdown table as they come."""
    yield "| recipe | modes | KL | in a mode | CPU s | noted |"
    yield "|---|---|---|---|---|---|"
    params = [plain | recipe.params for recipe in recipes.values() for _ in seeds]
    outcomes = _in_turn(training, params, [*seeds] * len(recipes), num_jobs)
    for name, recipe in recipes.items():
        yield row(name, list(islice(outcomes, len(seeds))), recipe.noted)


def _in_turn(
    training: Training, params: list[Params], seeds: list[int], num_jobs: int
) -> Iterator[Outcome]:
    if num_jobs == 1:
        yield from map(training, params, seeds)
        return
    with ProcessPoolExecutor(num_jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(training, params, seeds)


def row(name: str, outcomes: Sequence[Outcome], noted: str) -> str:
    """Return one row: mean ± standard deviation over seeds."""
    scores = [each.scores for each in outcomes]
    cells = (
        spread([each.modes for each in scores], ".1f"),
        spread([each.reverse_kl for each in scores], ".2f"),
        spread([each.high_quality_frac for each in scores], ".2f"),
        spread([each.cpu_s for each in outcomes], ".0f"),
    )
    return f"| {name} | {' | '.join(cells)} | {noted} |"


def spread(values: Sequence[float], style: str) -> str:
    """Return mean ± standard deviation; of a single value, that; a dash where nobody judged."""
    if any(map(isnan, values)):
        return "-"
    mean = format(fmean(values), style)
    return f"{mean} ± {format(stdev(values), style)}" if len(values) > 1 else mean


def chosen(names: str, known: dict[str, Recipe]) -> dict[str, Recipe]:
    """Return the recipes that a list with commas names; an empty one means all.

    Raises:
        BadParameter: if there is no such recipe.
    """
    wanted = names.split(",") if names else list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise click.BadParameter(f"{unknown[0]}: allowed: {', '.join(known)}")
    return {name: known[name] for name in wanted}
