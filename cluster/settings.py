"""What every Ray that we start is told, and why: one list for local clusters and for manifests.

Only environment variables: Ray takes these from nowhere else, or nowhere else on every node.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.errors import ClusterError
from cluster.token import MODE, TOKEN_PATH


@dataclass(frozen=True)
class Setting:
    """One environment variable of Ray's processes."""

    name: str
    value: str
    why: str


HEALTH = (
    Setting("RAY_health_check_initial_delay_ms", "1000", "a node is watched from its first second"),
    Setting("RAY_health_check_period_ms", "250", "asked again after so long"),
    Setting("RAY_health_check_timeout_ms", "2000", "below this, a busy node is taken for dead"),
    Setting(
        "RAY_health_check_failure_threshold",
        "3",
        "three silences, 6.75 s in all, end a node; by Ray's defaults it would be 65 s",
    ),
)
NODE = (
    Setting(MODE, "token", "whoever reaches a port without a token would run code"),
    Setting("RAY_USAGE_STATS_ENABLED", "0", "nothing is told to anybody outside"),
    Setting(
        "RAY_memory_monitor_refresh_ms",
        "250",
        "a node that runs out of memory loses a trial, and neither its Ray nor the driver",
    ),
    Setting("RAY_enable_metrics_collection", "0", "its port asks for no token, on any interface"),
)
HEAD = (
    *HEALTH,
    Setting("DASHBOARD_METRIC_PORT", "-1", "the dashboard's own port of that kind"),
)
_ROCKSDB, _PLACE, _REDIS = "RAY_gcs_storage", "RAY_gcs_storage_path", "RAY_REDIS_ADDRESS"


def node_settings(*, token_file: str | Path | None = None) -> tuple[Setting, ...]:
    """Return what the processes of every node are told.

    Args:
        token_file: where the token lies on that node; None where a manifest mounts or sets it.
    """
    if token_file is None:
        return NODE
    return (*NODE, Setting(TOKEN_PATH, str(token_file), "a file: an argument is seen by all"))


def head_settings(
    *, token_file: str | Path | None = None, storage: str | None = None
) -> tuple[Setting, ...]:
    """Return what the processes of the head node are told.

    Args:
        token_file: as of :func:`node_settings`.
        storage: where the cluster's state outlives its head: a folder (embedded RocksDB), or
            ``redis://HOST:PORT``; None keeps it in memory, and it dies with the head.

    Raises:
        ClusterError: if ``storage`` holds a password.
    """
    return (*node_settings(token_file=token_file), *HEAD, *_storage_settings(storage))


def node_environment(*, token_file: str | Path | None = None) -> dict[str, str]:
    """Return :func:`node_settings` as environment variables."""
    return as_environment(node_settings(token_file=token_file))


def head_environment(
    *, token_file: str | Path | None = None, storage: str | None = None
) -> dict[str, str]:
    """Return :func:`head_settings` as environment variables."""
    return as_environment(head_settings(token_file=token_file, storage=storage))


def as_environment(settings: Sequence[Setting]) -> dict[str, str]:
    """Return values by name."""
    return {setting.name: setting.value for setting in settings}


def _storage_settings(storage: str | None) -> tuple[Setting, ...]:
    if storage is None:
        return ()
    if storage.startswith(("redis://", "rediss://")):
        if "@" in storage:
            raise ClusterError(
                "storage: a Redis that asks for a password cannot be used, since Ray writes it "
                "on its command lines: let Redis listen where only the head reaches it"
            )
        address = storage.removeprefix("redis://")  # Ray reads rediss:// (TLS) itself
        return (Setting(_REDIS, address, "a head that is started again finds its cluster there"),)
    return (
        Setting(_ROCKSDB, "rocksdb", "a head that is started again finds its cluster on disk"),
        Setting(_PLACE, storage, "where; on a volume that outlives the head"),
    )
