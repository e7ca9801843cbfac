"""The workers of running trials: watched for signs of life, and killed where there are none."""

from collections.abc import Sequence
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial

from orchestrator.backends.watchdog import Watchdog
from orchestrator.trial.spec import Message


class Workers(tune.Callback):
    """Knows the worker of each running trial, by Tune's ids.

    A worker is killed without asking it: Ray sends SIGKILL to a stopped process, too, after 5 s.
    """

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog
        self._actors: dict[str, Any] = {}
        self._hangs: dict[str, str] = {}

    def on_trial_start(
        self, iteration: int, trials: Sequence[Trial], trial: Trial, **_: Any
    ) -> None:
        """Begin to watch."""
        self._actors[trial.trial_id] = trial.temporary_state.ray_actor
        self._watchdog.watch(trial.trial_id)

    def on_trial_complete(
        self, iteration: int, trials: Sequence[Trial], trial: Trial, **_: Any
    ) -> None:
        """Stop watching."""
        self._forget(trial.trial_id)

    def on_trial_error(
        self, iteration: int, trials: Sequence[Trial], trial: Trial, **_: Any
    ) -> None:
        """Stop watching."""
        self._forget(trial.trial_id)

    def on_step_begin(self, iteration: int, trials: Sequence[Trial], **_: Any) -> None:
        """Kill what hangs; Tune then finds its worker dead. Called ten times a second."""
        for hang in self._watchdog.hanging():
            if hang.trial not in self._hangs:
                self._hangs[hang.trial] = hang.reason
                self.kill(hang.trial)

    def heard(self, tune_id: str, message: Message) -> None:
        """Take in that a trial has sent something."""
        self._watchdog.heard(tune_id, message)

    def why_killed(self, tune_id: str) -> str | None:
        """Return how it showed that a trial hung; None for one that was not killed for it."""
        return self._hangs.get(tune_id)

    def kill(self, tune_id: str) -> None:
        """End the worker of a trial, if it has one."""
        actor = self._actors.get(tune_id)
        if actor is not None:
            ray.kill(actor)

    def _forget(self, tune_id: str) -> None:
        self._actors.pop(tune_id, None)
        self._hangs.pop(tune_id, None)
        self._watchdog.forget(tune_id)
