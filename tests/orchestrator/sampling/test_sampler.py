import json
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from math import inf, log, nan
from statistics import mean
from typing import Any

import optuna
import pytest
from optuna.samplers._tpe.sampler import _split_trials
from optuna.trial import TrialState

from orchestrator.sampling.outcome import FAILURE, Outcome
from orchestrator.sampling.sampler import SAMPLER_KINDS, ParameterSampler, SamplerKind
from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Choice, Float, Integer, Scalar
from search_spaces.errors import SpaceError
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

PLANE = SearchSpace("plane", (Parameter("x", Float(-5, 5)), Parameter("y", Float(-5, 5))))
BRANCHES = SearchSpace(
    "branches",
    (
        Parameter("kind", Choice(("left", "right"))),
        Parameter("x", Float(0, 1), when={"kind": ("left",)}),
        Parameter("x", Float(2, 3), when={"kind": ("right",)}),
        Parameter("depth", Integer(1, 8, log=True), when={"kind": ("right",)}),
    ),
)
DEMO = named_space("digits-demo")

every_kind = pytest.mark.parametrize("kind", SAMPLER_KINDS)


def quadratic(params: dict[str, Any]) -> float:
    return float((params["x"] - 1) ** 2 + (params["y"] + 2) ** 2)


def log_rates(params: dict[str, Any]) -> float | None:
    """Score like a sweep: some proposals fail, the rest have a smooth optimum."""
    if params["penalty"] == "none":
        return None
    return log(params["d_lr"] / 1e-3) ** 2 + log(params["g_lr"] / 5e-4) ** 2


def scored(value: float | None) -> Outcome:
    return FAILURE if value is None else Outcome(values=(value,))


def search(
    sampler: ParameterSampler,
    score: Callable[[dict[str, Any]], float | None],
    indices: range,
) -> list[dict[str, Any]]:
    proposals = []
    for index in indices:
        proposals.append(sampler.propose(index))
        sampler.tell(index, scored(score(proposals[-1])))
    return proposals


def best(kind: SamplerKind, seed: int, trials: int = 40) -> float:
    sampler = ParameterSampler(PLANE, kind, seed, startup_trials=10)
    return min(quadratic(params) for params in search(sampler, quadratic, range(trials)))


def test_tpe_beats_random_search_on_average() -> None:
    seeds = range(6)
    assert mean(best("tpe", seed) for seed in seeds) < 0.5 * mean(
        best("random", seed) for seed in seeds
    )


def test_tpe_learns_under_conditions() -> None:
    def score(params: dict[str, Any]) -> float:
        return float(abs(params["x"] - 2.5)) + (0.0 if params["kind"] == "right" else 1.0)

    proposals = search(ParameterSampler(BRANCHES, "tpe", 0, 10), score, range(50))
    late = proposals[30:]
    assert sum(params["kind"] == "right" for params in late) > 0.7 * len(late)
    early, later = proposals[:10], proposals[-10:]
    assert mean(map(score, later)) < mean(map(score, early))


@every_kind
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_conditions_hold_before_and_after_the_startup(
    kind: SamplerKind, space: SearchSpace
) -> None:
    sampler = ParameterSampler(space.fixed({"batch_size": 64}), kind, 3, startup_trials=4)
    for params in search(sampler, log_rates, range(12)):
        space.fixed({"batch_size": 64}).validate(params)


@every_kind
def test_equal_seeds_propose_alike_and_others_do_not(kind: SamplerKind) -> None:
    first, again, other = (
        search(ParameterSampler(DEMO, kind, seed, 4), log_rates, range(12)) for seed in (0, 0, 1)
    )
    assert first == again
    assert first != other


@every_kind
def test_the_first_trials_have_what_is_known_and_the_others_are_proposed_as_ever(
    kind: SamplerKind,
) -> None:
    right: dict[str, Scalar] = {"kind": "right", "depth": 3}
    known = ParameterSampler(BRANCHES, kind, 0, 20, begin_with=[right, {"kind": "left", "x": 0.5}])
    ever = ParameterSampler(BRANCHES, kind, 0, 20)
    first, second, *rest = [known.propose(index) for index in range(5)]
    assert first | right == first
    assert Float(2, 3).contains(first["x"])  # proposed, where the known branch has it
    assert second == {"kind": "left", "x": 0.5}
    assert rest == [ever.propose(index) for index in range(2, 5)]


def test_proposals_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    code = (
        "from orchestrator.sampling.outcome import Outcome\n"
        "from orchestrator.sampling.sampler import ParameterSampler\n"
        "from search_spaces.catalog import named_space\n"
        "import json\n"
        "sampler = ParameterSampler(named_space('digits-demo'), 'tpe', 0, 4)\n"
        "for index in range(9):\n"
        "    params = sampler.propose(index)\n"
        "    sampler.tell(index, Outcome(values=(params['d_lr'],)))\n"
        "print(json.dumps(params))\n"
    )
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert printed[0] == printed[1]


@every_kind
@pytest.mark.parametrize("cut", [0, 3, 9])
def test_a_resumed_search_proposes_what_the_uninterrupted_one_would(
    kind: SamplerKind, cut: int
) -> None:
    whole = search(ParameterSampler(DEMO, kind, 0, 4), log_rates, range(14))
    resumed = ParameterSampler(DEMO, kind, 0, 4)
    for index in reversed(range(cut)):  # a journal may list them in any order
        journaled = json.loads(json.dumps(whole[index]))
        resumed.restore(index, journaled, scored(log_rates(journaled)))
    assert search(resumed, log_rates, range(cut, 14)) == whole[cut:]


def test_trials_that_still_run_are_restored_as_running() -> None:
    def propose_last(sampler: ParameterSampler) -> dict[str, Any]:
        search(sampler, log_rates, range(8))
        sampler.propose(8)
        return sampler.propose(9)

    whole = ParameterSampler(DEMO, "tpe", 0, 4)
    last = propose_last(whole)
    resumed = ParameterSampler(DEMO, "tpe", 0, 4)
    for index in range(9):
        params = whole.propose(index)
        outcome = scored(log_rates(params)) if index < 8 else None
        resumed.restore(index, params, outcome)
        resumed.restore(index, params, outcome)
    assert resumed.propose(9) == last


def test_running_trials_are_taken_into_account() -> None:
    crowded, alone = (ParameterSampler(PLANE, "tpe", 0, 10) for _ in range(2))
    for sampler in (crowded, alone):
        best_params = min(search(sampler, quadratic, range(20)), key=quadratic)
    for index in range(20, 30):  # ten more of the best one are under way
        crowded.restore(index, best_params, None)
    assert crowded.propose(30) != alone.propose(30)


def test_asking_twice_is_asking_once() -> None:
    sampler = ParameterSampler(DEMO, "tpe", 0, 2)
    first = sampler.propose(0)
    first["d_lr"] = "spoilt"
    assert sampler.propose(0) != first
    assert sampler.propose(0) == sampler.propose(0)


@pytest.mark.parametrize("failure", [nan, inf, -inf])
def test_whatever_has_no_finite_score_teaches_alike(failure: float) -> None:
    def with_failures(sampler: ParameterSampler, failed: float | None) -> dict[str, Any]:
        for index in range(12):
            params = sampler.propose(index)
            sampler.tell(index, scored(failed if index % 3 == 0 else quadratic(params)))
        return sampler.propose(12)

    told = with_failures(ParameterSampler(PLANE, "tpe", 0, 4), failure)
    assert told == with_failures(ParameterSampler(PLANE, "tpe", 0, 4), None)


def test_the_search_leaves_the_region_where_trials_fail() -> None:
    def fails_on_the_left(params: dict[str, Any]) -> float | None:
        return None if params["x"] < 0 else float(params["y"] ** 2 + 10)

    proposals = search(ParameterSampler(PLANE, "tpe", 0, 10), fails_on_the_left, range(50))
    failed = [params["x"] < 0 for params in proposals]
    assert mean(failed[-20:]) < 0.25 < mean(failed[:10])


def stopped(value: float, *, nimg: int) -> Outcome:
    return Outcome(values=(value,), nimg=nimg, is_final=False)


def below(outcomes: Sequence[Outcome], count: int, **options: Any) -> list[int]:
    """Return which of these trials TPE takes for the good ones, by Optuna's own split."""
    directions = options.get("directions", ("minimize",))
    sampler = ParameterSampler(PLANE, "tpe", 0, 1, **options)
    for index, outcome in enumerate(outcomes):
        sampler.restore(index, {"x": index / 10, "y": 0.0}, outcome)
    study = optuna.create_study(directions=directions)
    good, bad = _split_trials(study, sampler._recalled(), count)
    assert len(good) + len(bad) == len(outcomes)
    return sorted(round(10 * trial.params["x"]) for trial in good)


def test_a_stopped_trial_ranks_by_how_far_it_came_and_then_by_score() -> None:
    outcomes = [
        stopped(0.1, nimg=10),
        stopped(2.0, nimg=30),
        Outcome(values=(3.0,), nimg=90),
        stopped(1.5, nimg=30),
        FAILURE,
        Outcome(values=(2.5,), nimg=20),  # ended by its own verdict
    ]
    ranking = [5, 2, 3, 1, 0, 4]
    assert [below(outcomes, n) for n in range(1, 7)] == [sorted(ranking[:n]) for n in range(1, 7)]


def test_a_stopped_trial_that_saw_nothing_still_ranks_before_a_failure() -> None:
    assert below([FAILURE, stopped(9.0, nimg=0), stopped(7.0, nimg=5)], 2) == [1, 2]


def test_failures_are_told_as_finite_values_worse_than_all_others() -> None:
    sampler = ParameterSampler(PLANE, "tpe", 0, directions=("minimize", "maximize"))
    told = [Outcome(values=(-2.0, 0.9)), FAILURE, Outcome(values=(4.0, 0.2)), None]
    for index, outcome in enumerate(told):
        sampler.restore(index, {"x": 0.0, "y": 0.0}, outcome)
    trials = sampler._recalled()
    assert [trial.values for trial in trials] == [[-2.0, 0.9], [5.0, -0.8], [4.0, 0.2], None]
    assert [trial.state for trial in trials] == 3 * [TrialState.COMPLETE] + [TrialState.RUNNING]


def test_no_trial_that_has_ended_is_left_running() -> None:
    for reached in ([], [Outcome(values=(1.0,))]):
        sampler = ParameterSampler(PLANE, "tpe", 0)
        ended = [FAILURE, stopped(nan, nimg=3), stopped(2.0, nimg=3), *reached]
        for index, outcome in enumerate(ended[:2] if not reached else ended):
            sampler.restore(index, {"x": 0.0, "y": 0.0}, outcome)
        assert all(trial.state.is_finished() for trial in sampler._recalled())


def test_two_objectives_are_searched_along_their_front() -> None:
    def score(params: dict[str, Any]) -> Outcome:
        left, right = (params["x"] + 2) ** 2, (params["x"] - 2) ** 2
        return Outcome(values=(left + params["y"] ** 2, -right - params["y"] ** 2))

    sampler = ParameterSampler(PLANE, "tpe", 0, 10, directions=("minimize", "maximize"))
    proposals: list[dict[str, Any]] = []
    for index in range(60):
        proposals.append(sampler.propose(index))
        sampler.tell(index, score(proposals[-1]))
    late = proposals[35:]  # all good trade-offs have y = 0 and x between -2 and 2
    assert mean(abs(params["y"]) < 1 for params in late) > 0.4  # at random 0.2
    assert mean(-2.5 < params["x"] < 2.5 for params in late) > 0.7  # at random 0.5


def test_a_search_for_two_objectives_resumes_as_it_was() -> None:
    def score(params: dict[str, Any]) -> Outcome:
        if params["penalty"] == "none":
            return FAILURE
        return Outcome(values=(log(params["d_lr"]), params["g_lr"]), nimg=7, is_final=False)

    def sampler() -> ParameterSampler:
        return ParameterSampler(DEMO, "tpe", 0, 4, directions=("minimize", "maximize"))

    whole = sampler()
    for index in range(12):
        whole.tell(index, score(whole.propose(index)))
    resumed = sampler()
    for index in range(9):
        resumed.restore(index, whole.propose(index), score(whole.propose(index)))
    for index in range(9, 12):
        assert resumed.propose(index) == whole.propose(index)
        resumed.tell(index, score(resumed.propose(index)))


def test_a_value_for_each_objective_is_needed() -> None:
    sampler = ParameterSampler(PLANE, "tpe", 0, directions=("minimize", "maximize"))
    sampler.propose(0)
    with pytest.raises(ValueError, match="trial 0 was told 1 values; there are 2 objectives"):
        sampler.tell(0, scored(1.0))


def test_as_long_as_everything_fails_proposals_stay_random() -> None:
    told = ParameterSampler(PLANE, "tpe", 0, startup_trials=3)
    search(told, lambda params: None, range(10))
    untold = ParameterSampler(PLANE, "tpe", 0, startup_trials=3)
    assert told.propose(10) == untold.propose(10)


def test_a_trial_cannot_be_told_before_it_was_proposed() -> None:
    with pytest.raises(ValueError, match="trial 7 was told before it was proposed"):
        ParameterSampler(PLANE, "tpe", 0, 4).tell(7, scored(1.0))


def test_parameters_of_another_space_are_not_restored() -> None:
    sampler = ParameterSampler(PLANE, "tpe", 0, 4)
    with pytest.raises(SpaceError, match="x = 9.0: allowed: -5 … 5"):
        sampler.restore(0, {"x": 9.0, "y": 0.0}, scored(1.0))


def test_proposals_are_plain_python() -> None:
    proposals = search(ParameterSampler(DEMO, "tpe", 0, 4), log_rates, range(12))
    kinds = {type(value) for params in proposals for value in params.values()}
    assert kinds <= {bool, int, float, str}


def test_optuna_neither_warns_nor_logs(capsys: pytest.CaptureFixture[str]) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search(ParameterSampler(DEMO, "tpe", 0, 4), log_rates, range(10))
    assert not caught
    assert capsys.readouterr() == ("", "")


def test_the_global_random_state_is_left_alone() -> None:
    random.seed(0)
    before = random.getstate()
    search(ParameterSampler(DEMO, "tpe", 0, 2), log_rates, range(6))
    assert random.getstate() == before
