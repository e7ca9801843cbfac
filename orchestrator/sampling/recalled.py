"""A store of trials that Optuna reads from as they are, instead of copying each of them first."""

import copy
from collections.abc import Container, Sequence

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState


class RecalledTrials(InMemoryStorage):
    """Holds trials that were recalled from elsewhere, and the one trial that is asked for.

    ``Study.add_trials`` validates and copies every trial, at a cost of about 0.5 ms each, and a
    study that lives for one proposal would pay it again for each.

    Args:
        trials: in the order of their proposal, numbered from 1: the trial asked for is number 0.
    """

    def __init__(self, trials: Sequence[FrozenTrial]) -> None:
        super().__init__()
        self._recalled = trials

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return the recalled trials and then the one that was asked for."""
        asked = super().get_all_trials(study_id, deepcopy=deepcopy, states=states)
        known = [each for each in self._recalled if states is None or each.state in states]
        return (copy.deepcopy(known) if deepcopy else known) + asked
