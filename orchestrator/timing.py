"""A few seconds of one trial, to know what a sweep will cost before it is begun."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from orchestrator.config.model import SweepConfig
from orchestrator.errors import SweepError
from orchestrator.pace import Pace
from orchestrator.preflight import known_recipes
from orchestrator.records import Evaluation
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.trial.order import order_trial, training_seed
from orchestrator.trial.run import run_trial
from search_spaces.space import SearchSpace

_TIMED_S = 3.0
_INTERVALS_FRAC = 50  # a timed trial is evaluated this many times as often as in earnest
_MIN_TIMED_ROWS = 3  # the untrained state, a first interval that warms up, and one that counts


def timed_pace(config: SweepConfig, space: SearchSpace) -> Pace:
    """Train and evaluate the sweep's first trial for a few seconds, and leave no trace.

    Raises:
        GanModelsError: if it cannot be trained.
        SweepError: if it ends before it has trained.
    """
    recipes = known_recipes(config, space)
    sampler = ParameterSampler(space, "random", config.search.seed, begin_with=recipes)
    with tempfile.TemporaryDirectory() as folder:
        spec = order_trial(
            config,
            Path(folder),
            trial_id="timed",
            index=0,
            params=sampler.propose(0),
            seed=training_seed(config),
        )
        every_nimg = max(1, spec.every_nimg // _INTERVALS_FRAC)
        rows: list[Evaluation] = []
        with closing(run_trial(replace(spec, every_nimg=every_nimg))) as messages:
            for message in messages:
                if message["kind"] == "evaluated":
                    rows.append(Evaluation.from_mapping(message["evaluation"]))
                if _is_timed(rows):
                    break
    return _pace_of_rows(rows)


def _is_timed(rows: Sequence[Evaluation]) -> bool:
    return len(rows) >= _MIN_TIMED_ROWS and rows[-1].seconds >= _TIMED_S


def _pace_of_rows(rows: Sequence[Evaluation]) -> Pace:
    if len(rows) < 2:
        raise SweepError("the trial to be timed ended before it had trained: choose another seed")
    first, last = rows[1 if len(rows) >= _MIN_TIMED_ROWS else 0], rows[-1]
    return Pace(
        kimg_s=1000 * (last.seconds - first.seconds) / (last.nimg - first.nimg),
        evaluation_s=fmean(row.eval_seconds for row in rows[1:]),
        source=f"one trial timed for {last.seconds:.1f} s",
    )
