"""Proposals as a function of the space, the seed, the trial's index and what is known by then.

A study is built anew for each proposal from the history, in the order of indices. So there is no
hidden state to save: a search resumed from its journal proposes what the uninterrupted one would.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal, get_args

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from gan_models.seeds import derive_seed
from orchestrator.sampling.distributions import optuna_name, suggest, to_distribution
from search_spaces.domains import Scalar
from search_spaces.space import SearchSpace

SamplerKind = Literal["tpe", "random"]
SAMPLER_KINDS: tuple[SamplerKind, ...] = get_args(SamplerKind)
_SEED_MASK = 2**32 - 1  # Optuna seeds numpy with 32 bits


@dataclass(frozen=True)
class _Proposal:
    params: Mapping[str, Scalar]
    is_finished: bool = False
    value: float | None = None  # None where the trial ended without a finite score


class ParameterSampler:
    """Proposes parameters of a space, learning from the scores of earlier trials.

    Args:
        space: what to propose.
        kind: ``tpe`` (multivariate, conditional groups, running trials count as bad) or
            ``random``.
        seed: of the sweep; every proposal's randomness derives from it and the trial's index.
        startup_trials: how many finished trials ``tpe`` wants before it stops proposing at
            random.
    """

    def __init__(
        self, space: SearchSpace, kind: SamplerKind, seed: int, startup_trials: int = 10
    ) -> None:
        self._space = space
        self._kind = kind
        self._seed = seed
        self._startup_trials = startup_trials
        self._history: dict[int, _Proposal] = {}
        optuna.logging.set_verbosity(optuna.logging.WARNING)

    def propose(self, index: int) -> dict[str, Scalar]:
        """Return the parameters of trial ``index``; asking again returns the same."""
        if index not in self._history:
            trial = self._study_for(index).ask()
            params = self._space.propose(lambda parameter: suggest(trial, parameter))
            self._history[index] = _Proposal(params)
        return dict(self._history[index].params)

    def tell(self, index: int, value: float | None) -> None:
        """Report that trial ``index`` ended with score ``value``; lower is better.

        A trial without a finite score (collapsed, diverged, crashed) counts as worse than every
        trial with one, so that the search avoids its like. Telling again replaces the score.

        Raises:
            ValueError: if the trial was never proposed.
        """
        if index not in self._history:
            raise ValueError(f"trial {index} was told before it was proposed")
        finite = value if value is not None and isfinite(value) else None
        self._history[index] = replace(self._history[index], is_finished=True, value=finite)

    def restore(
        self, index: int, params: Mapping[str, Any], value: float | None, finished: bool
    ) -> None:
        """Take a trial over from the journal; doing so twice changes nothing.

        A trial that is not finished counts as running, whatever ``value`` it had by then.

        Raises:
            SpaceError: if the parameters do not lie in the space.
        """
        self._space.validate(params)
        self._history[index] = _Proposal(dict(params))
        if finished:
            self.tell(index, value)

    def _study_for(self, index: int) -> optuna.Study:
        sampler = _build_sampler(self._kind, self._startup_trials, self._optuna_seed(index))
        study = optuna.create_study(direction="minimize", sampler=sampler)
        study.add_trials(self._as_trial(self._history[each]) for each in sorted(self._history))
        return study

    def _optuna_seed(self, index: int) -> int:
        return derive_seed(self._seed, "proposal", index) & _SEED_MASK

    def _as_trial(self, proposal: _Proposal) -> FrozenTrial:
        active = self._space.active(proposal.params)
        distributions: dict[str, BaseDistribution] = {
            optuna_name(each): to_distribution(each.domain) for each in active
        }
        params = {optuna_name(each): proposal.params[each.name] for each in active}
        return create_trial(
            state=self._state_of(proposal),
            value=proposal.value,
            params=params,
            distributions=distributions,
        )

    def _state_of(self, proposal: _Proposal) -> TrialState:
        if not proposal.is_finished:
            return TrialState.RUNNING
        if proposal.value is not None:
            return TrialState.COMPLETE
        # TPE ranks a pruned trial without reports behind every complete one, and leaves a failed
        # one out: as long as nothing has worked, nothing is known to be better than what failed.
        has_score = any(each.value is not None for each in self._history.values())
        return TrialState.PRUNED if has_score else TrialState.FAIL


def _build_sampler(kind: SamplerKind, startup_trials: int, seed: int) -> BaseSampler:
    if kind == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        # `group` is what lets TPE learn from conditional parameters jointly; it is experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(n_startup_trials=startup_trials, seed=seed, multivariate=True, group=True)
