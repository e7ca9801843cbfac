"""The runs of the bank: families, what is meant to happen in each run, and its parameters.

A scenario is an intention; what a run is *called* is read off its outcome (labels.py). Families
are a data set with an objective, and are either for tuning rules or for testing them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import exp
from typing import Any

import numpy as np

from gan_models.seeds import derive_seed

Params = dict[str, Any]


@dataclass(frozen=True)
class Data:
    """A data set with the features that runs are scored by and the length of a run."""

    name: str
    features: str
    budget_nimg: int
    network: Params


@dataclass(frozen=True)
class Family:
    """A data set with an objective; ``for_testing`` means that no rule was tuned on it."""

    data: str
    objective: str
    for_testing: bool

    @property
    def name(self) -> str:
        """Readable name: ``ring8/hinge``."""
        return f"{self.data}/{self.objective}"


@dataclass(frozen=True)
class Change:
    """What happens to a run once it has seen ``at_nimg`` images.

    ``d_lr_factor`` and ``g_lr_factor`` multiply the learning rates that the run began with;
    ``params`` replaces parameters that training reads at each step.
    """

    at_nimg: int
    d_lr_factor: float = 1.0
    g_lr_factor: float = 1.0
    params: Mapping[str, Any] = field(default_factory=dict)
    forget_d: bool = False
    poison: bool = False


@dataclass(frozen=True)
class RunPlan:
    """Everything that determines one run of the bank."""

    run: str
    family: Family
    scenario: str
    data: Data
    params: Params
    changes: tuple[Change, ...]
    every_nimg: int
    num_samples: int
    seed: int


_POINTS = {"network": "mlp", "width": 64, "depth": 2, "latent_dim": 8, "batch_size": 128}
_IMAGES = {"network": "mlp", "width": 128, "depth": 2, "latent_dim": 32, "batch_size": 64}

DATA = {
    "ring8": Data("ring8", "random-fourier", 280_000, _POINTS | {"r1_gamma": 0.02}),
    "grid25": Data(
        "grid25",
        "random-fourier",
        400_000,
        _POINTS | {"width": 128, "depth": 3, "r1_gamma": 0.005},
    ),
    "digits": Data("digits", "auto", 150_000, _IMAGES | {"r1_gamma": 0.3}),
    "stacked-digits": Data("stacked-digits", "auto", 180_000, _IMAGES | {"latent_dim": 64}),
}

OBJECTIVES: dict[str, Params] = {
    "non-saturating": {"d_loss": "non-saturating", "g_loss": "non-saturating"},
    "minimax": {"d_loss": "minimax", "g_loss": "non-saturating"},
    "hinge": {"d_loss": "hinge", "g_loss": "hinge"},
    "least-squares": {"d_loss": "least-squares", "g_loss": "least-squares"},
    "wasserstein": {
        "d_loss": "wasserstein",
        "g_loss": "wasserstein",
        "penalty": "gradient-penalty",
        "gp_weight": 1.0,
        "d_steps": 2,
    },
}

FAMILIES = (
    Family("ring8", "non-saturating", for_testing=False),
    Family("grid25", "hinge", for_testing=False),
    Family("digits", "non-saturating", for_testing=False),
    Family("digits", "wasserstein", for_testing=False),
    Family("ring8", "least-squares", for_testing=False),
    Family("stacked-digits", "least-squares", for_testing=False),
    Family("ring8", "hinge", for_testing=True),
    Family("grid25", "non-saturating", for_testing=True),
    Family("digits", "hinge", for_testing=True),
    Family("digits", "least-squares", for_testing=True),
    Family("stacked-digits", "non-saturating", for_testing=True),
    Family("ring8", "wasserstein", for_testing=True),
)

_LR = {"ring8": 2.5e-3, "grid25": 3e-3, "digits": 1e-3, "stacked-digits": 1e-3}
# a critic that nothing holds is refused, and some scenarios need one: no weight gets to this bound
_NO_PENALTY: Params = {"penalty": "none", "weight_clip": 1e9}
_AGITATED: Params = _NO_PENALTY | {"beta1": 0.9, "ema_half_life_kimg": 0.0}


@dataclass(frozen=True)
class _Recipe:
    """How a scenario bends a family's good parameters; times are shares of the budget."""

    params: Params = field(default_factory=dict)
    d_lr: float = 1.0
    g_lr: float = 1.0
    event: Callable[[int], tuple[Change, ...]] = lambda at_nimg: ()
    event_between: tuple[float, float] = (0.35, 0.65)
    budget_factor: float = 1.0


def _annealing(at_nimg: int) -> tuple[Change, ...]:
    """Lower both rates in three steps, so that a run that goes well comes to rest."""
    return tuple(
        Change(round(at_nimg * late), d_lr_factor=factor, g_lr_factor=factor)
        for late, factor in ((1.0, 0.3), (1.3, 0.1), (1.6, 0.02))
    )


SCENARIOS: dict[str, _Recipe] = {
    "good": _Recipe(),
    "settled": _Recipe(
        d_lr=1.3,
        g_lr=1.3,
        event=lambda at: (Change(at, d_lr_factor=0.03, g_lr_factor=0.03),),
        event_between=(0.45, 0.6),
    ),
    "annealed": _Recipe(event=_annealing, event_between=(0.3, 0.4)),
    "converging": _Recipe(event=_annealing, event_between=(0.4, 0.5), budget_factor=2.5),
    "slow": _Recipe(d_lr=0.25, g_lr=0.15),
    "second-wind": _Recipe(
        d_lr=0.02,
        g_lr=0.01,
        event=lambda at: (Change(at, d_lr_factor=50.0, g_lr_factor=100.0),),
        event_between=(0.3, 0.5),
    ),
    "stuck": _Recipe(params={"width": 8, "depth": 1, "latent_dim": 2}),
    "early-collapse": _Recipe(params=_NO_PENALTY | {"beta1": 0.9}, d_lr=0.1, g_lr=8.0),
    "late-collapse": _Recipe(
        event=lambda at: (Change(at, d_lr_factor=0.2, g_lr_factor=15.0, params=_NO_PENALTY),)
    ),
    "frozen-d": _Recipe(event=lambda at: (Change(at, d_lr_factor=1e-9, g_lr_factor=2.0),)),
    "useless-d": _Recipe(
        event=lambda at: (Change(at, d_lr_factor=1e-9, g_lr_factor=1.0, forget_d=True),)
    ),
    "diverging": _Recipe(params=_NO_PENALTY | {"d_steps": 1}, d_lr=30.0, g_lr=30.0),
    "oscillating": _Recipe(params=_AGITATED, d_lr=3.0, g_lr=3.0),
    "overpowered-d": _Recipe(params=_NO_PENALTY | {"d_steps": 5}, d_lr=4.0, g_lr=0.05),
    "poisoned": _Recipe(event=lambda at: (Change(at, poison=True),), event_between=(0.1, 0.9)),
}
RANDOM = "random"  # a draw around the family's good parameters, for cohorts
NUM_SEEDS = dict.fromkeys(SCENARIOS, 2) | {RANDOM: 8, "settled": 3}


def all_plans() -> list[RunPlan]:
    """Return every run of the bank, families in turns, so that a part of it is balanced."""
    rounds = [
        (scenario, number)
        for number in range(max(NUM_SEEDS.values()))
        for scenario, num_seeds in NUM_SEEDS.items()
        if number < num_seeds
    ]
    return [plan_run(family, *chosen) for chosen in rounds for family in FAMILIES]


def plan_run(family: Family, scenario: str, number: int) -> RunPlan:
    """Return one run: equal arguments plan the equal run."""
    run = f"{family.data}-{family.objective}-{scenario}-{number}"
    seed = derive_seed(0, "bank", run)
    rng = np.random.default_rng(seed)
    data = DATA[family.data]
    params = data.network | OBJECTIVES[family.objective] | {"ema_half_life_kimg": 2.0}
    lr = _LR[family.data] * exp(rng.normal(0.0, 0.25))
    recipe = SCENARIOS.get(scenario, _Recipe())
    data = replace(data, budget_nimg=round(recipe.budget_factor * data.budget_nimg))
    rates = {"d_lr": recipe.d_lr * lr, "g_lr": recipe.g_lr * lr * exp(rng.normal(0.0, 0.25))}
    params |= rates | recipe.params | (_draw(rng, lr) if scenario == RANDOM else {})
    event_nimg = int(rng.uniform(*recipe.event_between) * data.budget_nimg)
    num_evaluations = int(rng.choice([30, 40, 50, 60]))
    return RunPlan(
        run=run,
        family=family,
        scenario=scenario,
        data=data,
        params=params,
        changes=recipe.event(event_nimg),
        every_nimg=data.budget_nimg // num_evaluations,
        num_samples=int(rng.choice([500, 1000, 2000])),
        seed=seed % 2**31,
    )


def _draw(rng: np.random.Generator, lr: float) -> Params:
    """Draw what a sweep would vary: rates over two decades, momentum, penalty, width, rhythm."""
    drawn: Params = {
        "d_lr": lr * exp(rng.normal(0.0, 1.3)),
        "g_lr": lr * exp(rng.normal(0.0, 1.3)),
        "beta1": float(rng.choice([0.0, 0.5, 0.9])),
        "width": int(rng.choice([32, 64, 128])),
        "d_steps": int(rng.choice([1, 1, 2])),
    }
    return drawn | (_NO_PENALTY if rng.random() < 0.25 else {})
