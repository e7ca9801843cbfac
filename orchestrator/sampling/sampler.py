"""Proposals as a function of the space, the seed, the trial's index and what is known by then.

A study is built anew for each proposal from the history, in the order of indices. So there is no
hidden state to save: a search resumed from its journal proposes what the uninterrupted one would.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from gan_models.seeds import derive_seed
from orchestrator.sampling.distributions import optuna_name, suggest, to_distribution
from orchestrator.sampling.outcome import Direction, Outcome
from orchestrator.sampling.recalled import RecalledTrials
from search_spaces.domains import Scalar
from search_spaces.space import SearchSpace

SamplerKind = Literal["tpe", "random"]
SAMPLER_KINDS: tuple[SamplerKind, ...] = get_args(SamplerKind)
_SEED_MASK = 2**32 - 1  # Optuna seeds numpy with 32 bits


@dataclass(frozen=True)
class _Proposal:
    """A trial as it was proposed, also in Optuna's names; without an outcome it is running."""

    params: Mapping[str, Scalar]
    optuna_params: dict[str, Any]
    distributions: dict[str, BaseDistribution]
    outcome: Outcome | None = None


class ParameterSampler:
    """Proposes parameters of a space, learning from the scores of earlier trials.

    Args:
        space: what to propose.
        kind: ``tpe`` (multivariate, conditional groups, running trials count as bad) or
            ``random``.
        seed: of the sweep; every proposal's randomness derives from it and the trial's index.
        startup_trials: how many finished trials ``tpe`` wants before it stops proposing at
            random.
        directions: where each objective is better; with two, ``tpe`` looks for the Pareto front.
        begin_with: what is known of the first trials; the rest of them is proposed as ever.
    """

    def __init__(
        self,
        space: SearchSpace,
        kind: SamplerKind,
        seed: int,
        startup_trials: int = 10,
        *,
        directions: Sequence[Direction] = ("minimize",),
        begin_with: Sequence[Mapping[str, Scalar]] = (),
    ) -> None:
        self._space = space
        self._kind = kind
        self._seed = seed
        self._startup_trials = startup_trials
        self._directions = tuple(directions)
        self._begin_with = dict(enumerate(begin_with))
        self._history: dict[int, _Proposal] = {}
        optuna.logging.set_verbosity(optuna.logging.WARNING)

    @property
    def space(self) -> SearchSpace:
        """What is proposed."""
        return self._space

    def propose(self, index: int) -> dict[str, Scalar]:
        """Return the parameters of trial ``index``; asking again returns the same."""
        if index not in self._history:
            trial = self._study_for(index).ask()
            known = self._begin_with.get(index, {})
            params = self._space.propose(lambda parameter: suggest(trial, parameter), known)
            self._history[index] = self._proposal(params)
        return dict(self._history[index].params)

    def tell(self, index: int, outcome: Outcome) -> None:
        """Report what became of trial ``index``; telling again replaces it.

        Of one objective, scores of trials that ended by themselves are compared as they are. A
        trial that was ended by others ranks behind these, the further it came the better, and
        among equals by score: what it reached on a part of the budget is not taken for what the
        whole would have given. With two objectives Optuna knows no such ranking, and scores are
        compared as they are: being the best so far, they never flatter a trial that was stopped.

        A failure (collapsed, diverged, crashed) gets values worse than those of every other trial,
        so that the search avoids its like.

        Raises:
            ValueError: if the trial was never proposed, or there is no value for each objective.
        """
        if index not in self._history:
            raise ValueError(f"trial {index} was told before it was proposed")
        if len(outcome.values) not in (0, len(self._directions)):
            raise ValueError(
                f"trial {index} was told {len(outcome.values)} values; "
                f"there are {len(self._directions)} objectives"
            )
        self._history[index] = replace(self._history[index], outcome=outcome)

    def restore(self, index: int, params: Mapping[str, Any], outcome: Outcome | None) -> None:
        """Take a trial over from the journal; doing so twice changes nothing.

        Args:
            index: of the trial.
            params: as they were proposed.
            outcome: what became of it; None counts as running.

        Raises:
            SpaceError: if the parameters do not lie in the space.
            ValueError: if there is no value for each objective.
        """
        self._space.validate(params)
        self._history[index] = self._proposal(params)
        if outcome is not None:
            self.tell(index, outcome)

    def _proposal(self, params: Mapping[str, Scalar]) -> _Proposal:
        active = self._space.active(params)
        return _Proposal(
            params=dict(params),
            optuna_params={optuna_name(each): params[each.name] for each in active},
            distributions={optuna_name(each): to_distribution(each.domain) for each in active},
        )

    def _study_for(self, index: int) -> optuna.Study:
        sampler = _build_sampler(self._kind, self._startup_trials, self._optuna_seed(index))
        learns = self._kind != "random"
        storage = RecalledTrials(self._recalled() if learns else [])
        return optuna.create_study(directions=self._directions, sampler=sampler, storage=storage)

    def _optuna_seed(self, index: int) -> int:
        return derive_seed(self._seed, "proposal", index) & _SEED_MASK

    def _recalled(self) -> list[FrozenTrial]:
        worst = self._worst_values()
        known = sorted(self._history.items())
        return [_as_trial(number, proposal, worst) for number, (_, proposal) in enumerate(known, 1)]

    def _worst_values(self) -> tuple[float, ...] | None:
        """Return values worse than all that were reached; None while nothing has worked."""
        outcomes = [each.outcome for each in self._history.values() if each.outcome]
        reached = [outcome.values for outcome in outcomes if not outcome.is_failure]
        if not reached:
            return None
        return tuple(
            max(values) + 1.0 if direction == "minimize" else min(values) - 1.0
            for direction, values in zip(self._directions, zip(*reached, strict=True), strict=True)
        )


def _as_trial(number: int, proposal: _Proposal, worst: tuple[float, ...] | None) -> FrozenTrial:
    """Return what TPE is to read of a trial (see :meth:`ParameterSampler.tell`)."""
    state, values, reports = _standing(proposal.outcome, worst)
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        values=values,
        datetime_start=None,
        datetime_complete=None,
        params=proposal.optuna_params,
        distributions=proposal.distributions,
        user_attrs={},
        system_attrs={},
        intermediate_values=reports,
    )


def _standing(
    outcome: Outcome | None, worst: tuple[float, ...] | None
) -> tuple[TrialState, tuple[float, ...] | None, dict[int, float]]:
    """Return a trial's state, its values and its reports by images seen.

    TPE ranks complete trials by value, and behind them pruned ones by how far their last report
    lies and then by its value. It leaves failed ones out, which is right as long as nothing has
    worked: nothing is known to be better than what failed.
    """
    if outcome is None:
        return TrialState.RUNNING, None, {}
    if worst is None:
        return TrialState.FAIL, None, {}
    values, nimg = (worst, 0) if outcome.is_failure else (outcome.values, outcome.nimg)
    is_complete = len(worst) > 1 or (outcome.is_final and not outcome.is_failure)
    if is_complete:
        return TrialState.COMPLETE, values, {}
    return TrialState.PRUNED, None, {nimg: values[0]}


def _build_sampler(kind: SamplerKind, startup_trials: int, seed: int) -> BaseSampler:
    if kind == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        # `group` is what lets TPE learn from conditional parameters jointly; it is experimental
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(n_startup_trials=startup_trials, seed=seed, multivariate=True, group=True)
