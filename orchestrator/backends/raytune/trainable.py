"""What runs in a Ray worker: a trial whose messages become Tune reports."""

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

from ray import tune

from orchestrator.backends.base import guarded
from orchestrator.trial.spec import Message, TrialFunction, TrialSpec

_SPEC_KEY = "trial"
_MESSAGE_KEY = "message"


def make_trainable(run_trial: TrialFunction) -> Callable[[dict[str, Any]], None]:
    """Return the function that Tune runs for each trial.

    A worker killed by surprise is started again by Tune with the same order; the trial then goes
    on from its own checkpoint.
    """

    def trial(config: dict[str, Any]) -> None:
        spec = TrialSpec.from_mapping(json.loads(config[_SPEC_KEY]))
        with closing(guarded(run_trial, spec)) as messages:
            for message in messages:
                tune.report({_MESSAGE_KEY: json.dumps(message)})  # ends the thread on a stop

    return trial


def to_tune_config(spec: TrialSpec) -> dict[str, Any]:
    """Return the order of a trial as a Tune config, as text: Tune resolves nothing in it."""
    return {_SPEC_KEY: json.dumps(spec.to_mapping())}


def trial_id_in(config: dict[str, Any]) -> str:
    """Return our name of the trial that has this Tune config."""
    return str(json.loads(config[_SPEC_KEY])["trial_id"])


def message_in(result: dict[str, Any]) -> Message | None:
    """Return the message that a Tune result carries; Tune adds one without at the end."""
    text = result.get(_MESSAGE_KEY)
    return None if text is None else dict(json.loads(text))
