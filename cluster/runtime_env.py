"""What a Ray job of ours may bring along: environment variables by name, and nothing that runs.

A runtime environment is code execution by design: packages, remote archives, images and another
Python all run on the cluster before our first line does.
"""

import re
from collections.abc import Mapping
from typing import Any

from cluster.errors import ClusterError

ALLOWED_KEYS = ("env_vars",)
ALLOWED_VARIABLES = (
    "GANORCH_[A-Z0-9_]+",
    "TUNE_[A-Z0-9_]+",
    "CUDA_VISIBLE_DEVICES",
    "RAY_JOB_STOP_WAIT_TIME_S",  # between a job's SIGTERM and its SIGKILL
    "(OMP|MKL|OPENBLAS)_NUM_THREADS",
    "PYTORCH_(CUDA_)?ALLOC_CONF",
)
_ALLOWED = re.compile("|".join(ALLOWED_VARIABLES))
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|PRIVATE_KEY")


def checked_runtime_env(runtime_env: Mapping[str, Any]) -> dict[str, Any]:
    """Return a runtime environment that holds only what is allowed.

    Args:
        runtime_env: as Ray takes it; only ``env_vars`` may be in it, with names that match
            :data:`ALLOWED_VARIABLES`.

    Raises:
        ClusterError: if anything else is in it, or what looks like a secret; names the key, and
            never a value.
    """
    for key in runtime_env:
        if key not in ALLOWED_KEYS:
            raise ClusterError(
                f"runtime_env.{key}: not allowed, since it runs code on the cluster: only "
                f"{', '.join(ALLOWED_KEYS)}; install what is needed on the nodes, or in their image"
            )
    return {"env_vars": checked_env_vars(runtime_env.get("env_vars", {}))}


def checked_env_vars(variables: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables that may go to workers.

    Raises:
        ClusterError: as of :func:`checked_runtime_env`.
    """
    for name, value in variables.items():
        if _SECRET.search(name.upper()):
            raise ClusterError(
                f"runtime_env.env_vars.{name}: looks like a secret, and everybody on the cluster "
                "can read it there: put it into a file on the nodes"
            )
        if not _ALLOWED.fullmatch(name):
            raise ClusterError(
                f"runtime_env.env_vars.{name}: not allowed: only {', '.join(ALLOWED_VARIABLES)}"
            )
        if not isinstance(value, str):
            raise ClusterError(f"runtime_env.env_vars.{name}: must be text")
    return dict(variables)
