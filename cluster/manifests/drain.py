"""How long Ray keeps the trials of a machine after its SIGTERM: time in which they save."""

DRAIN = "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"  # from SIGTERM until `ray start --block` kills
AT_ONCE = {DRAIN: "0"}
_MARGIN_S = 15  # kept of a grace period for Ray's own end


def drain_environment(grace_s: int) -> dict[str, str]:
    """Return the environment of a Ray that has a grace period between SIGTERM and SIGKILL."""
    return {DRAIN: str(max(0, grace_s - _MARGIN_S))}
