"""What runs in a Ray worker: a trial whose messages become Tune reports."""

import json
import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

import ray
from ray import tune

from cluster.placement import published_trial
from orchestrator.backends.base import answered, guarded
from orchestrator.backends.raytune.departure import must_leave
from orchestrator.trial.spec import Message, Placement, TrialFunction, TrialSpec, started

_SPEC_KEY = "trial"
_MESSAGE_KEY = "message"


def make_trainable(run_trial: TrialFunction) -> Callable[[dict[str, Any]], None]:
    """Return the function that Tune runs for each trial.

    Tune starts nothing again: a worker killed by surprise is news for the search, which hands the
    trial out once more where that makes sense; it then goes on from its own checkpoint.
    """

    def trial(config: dict[str, Any]) -> None:
        spec = TrialSpec.from_mapping(json.loads(config[_SPEC_KEY]))
        messages = guarded(run_trial, spec, _first_message())
        with published_trial(spec.trial_id), closing(messages):
            for message in answered(messages, must_leave):
                tune.report({_MESSAGE_KEY: json.dumps(message)})  # ends the thread on a stop

    return trial


def _first_message() -> Message:
    node = ray.get_runtime_context().get_node_id() if ray.is_initialized() else ""
    host = ray.util.get_node_ip_address() if ray.is_initialized() else ""
    return started(node=node, host=host, pid=os.getpid())


def to_tune_config(spec: TrialSpec) -> dict[str, Any]:
    """Return the order of a trial as a Tune config, as text: Tune resolves nothing in it."""
    return {_SPEC_KEY: json.dumps(spec.to_mapping())}


def placement_in(config: dict[str, Any]) -> Placement:
    """Return where the trial that has this Tune config is to run."""
    return TrialSpec.from_mapping(json.loads(config[_SPEC_KEY])).placement


def trial_id_in(config: dict[str, Any]) -> str:
    """Return our name of the trial that has this Tune config."""
    return str(json.loads(config[_SPEC_KEY])["trial_id"])


def message_in(result: dict[str, Any]) -> Message | None:
    """Return the message that a Tune result carries; Tune adds one without at the end."""
    text = result.get(_MESSAGE_KEY)
    return None if text is None else dict(json.loads(text))
