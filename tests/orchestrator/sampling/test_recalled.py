import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from orchestrator.sampling.recalled import RecalledTrials

X = FloatDistribution(0.0, 1.0)


def recalled(number: int, x: float, *, state: TrialState = TrialState.COMPLETE) -> FrozenTrial:
    value = (x - 0.3) ** 2 if state is TrialState.COMPLETE else None
    trial = create_trial(state=state, value=value, params={"x": x}, distributions={"x": X})
    trial.number = number
    return trial


@pytest.fixture
def trials() -> list[FrozenTrial]:
    done = [recalled(number, number / 21) for number in range(1, 21)]
    return [*done, recalled(21, 0.9, state=TrialState.RUNNING)]


def study_over(trials: list[FrozenTrial]) -> optuna.Study:
    sampler = TPESampler(seed=0, n_startup_trials=5, multivariate=True)
    return optuna.create_study(sampler=sampler, storage=RecalledTrials(trials))


def test_a_proposal_is_what_a_study_to_which_all_were_added_makes(
    trials: list[FrozenTrial],
) -> None:
    added = optuna.create_study(sampler=TPESampler(seed=0, n_startup_trials=5, multivariate=True))
    added.add_trials(trials)
    ours, theirs = study_over(trials).ask(), added.ask()
    assert ours.suggest_float("x", 0, 1) == theirs.suggest_float("x", 0, 1)


def test_every_trial_is_there_and_the_one_asked_for_comes_last(trials: list[FrozenTrial]) -> None:
    study = study_over(trials)
    asked = study.ask()
    assert [each.number for each in study.trials] == [*range(1, 22), asked.number]
    running = study.get_trials(states=(TrialState.RUNNING,))
    assert [each.number for each in running] == [21, 0]


def test_what_is_read_can_be_kept_from_change(trials: list[FrozenTrial]) -> None:
    study = study_over(trials)
    study.get_trials(deepcopy=True)[0].params["x"] = -1.0
    assert trials[0].params["x"] == 1 / 21
    assert study.get_trials(deepcopy=False)[0] is trials[0]
