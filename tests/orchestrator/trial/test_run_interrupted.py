"""A trial that is saved between two evaluations, and goes on elsewhere."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gan_models.training.checkpoint import latest_nimg
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import Activity, TrialSpec, alive
from tests.orchestrator.trial.orders import CRITIC, order
from tests.orchestrator.trial.test_run import paths_of, rows_of, weights_of


def leave_after(spec: TrialSpec, num_alive: int) -> int:
    """Run until so many signs of life, and ask the trial to leave; return where it saved."""
    with closing(run_trial(spec)) as messages:
        message = next(messages)
        while num_alive > 0:
            message = messages.send(None)
            num_alive -= message == alive(Activity.TRAINING)
        message = messages.send(True)
        assert message["kind"] == "saved"
        return int(message["nimg"])


def test_between_evaluations_a_trial_gives_signs_of_life(tmp_path: Path) -> None:
    spec = replace(order(tmp_path, kimg=0.5, every_kimg=0.25), sign_of_life_s=0.0)
    kinds = [message.get("activity", message["kind"]) for message in run_trial(spec)]
    assert kinds[:7] == ["evaluating", "evaluated", *3 * ["training"], "evaluating", "evaluated"]
    assert "alive" not in [message["kind"] for message in run_trial(order(tmp_path / "other"))]


@pytest.mark.parametrize("num_alive", [1, 2, 4])
def test_one_that_left_in_between_goes_on_to_what_an_undisturbed_one_is(
    tmp_path: Path, num_alive: int
) -> None:
    undisturbed = order(tmp_path / "a", CRITIC, kimg=0.9, every_kimg=0.4)
    moved = replace(order(tmp_path / "b", CRITIC, kimg=0.9, every_kimg=0.4), sign_of_life_s=0.0)
    list(run_trial(undisturbed))
    nimg = leave_after(moved, num_alive)
    assert nimg not in [row["nimg"] for row in rows_of(moved)]
    assert latest_nimg(paths_of(moved).between) == nimg
    list(run_trial(moved))
    assert rows_of(moved) == rows_of(undisturbed)
    there = {name: content for name, content in weights_of(moved).items() if "between" not in name}
    assert there == weights_of(undisturbed)


def test_a_long_stretch_is_saved_from_time_to_time(tmp_path: Path) -> None:
    spec = replace(
        order(tmp_path, kimg=0.5, every_kimg=0.5), sign_of_life_s=0.0, checkpoint_every_s=0.0
    )
    nimg = []
    with closing(run_trial(spec)) as messages:
        for message in messages:
            if message == alive(Activity.TRAINING):
                nimg.append(latest_nimg(paths_of(spec).between))
    assert nimg == [64 * number for number in range(1, 8)]
