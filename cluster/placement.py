"""Which trial runs where: workers tell the cluster, and whoever has joined it can read it.

Ray knows actors, not trials, and one actor may run many trials in turn. So each worker writes the
name of its trial under the id of its actor; what dead actors wrote is not looked at.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_NAMESPACE = b"ganorch"
_PREFIX = b"trial:"


@contextmanager
def published_trial(name: str) -> Iterator[None]:
    """Within a Ray actor: let others see for a while that it runs this trial.

    A cluster that cannot be told does not disturb the trial; without one there is nobody to tell.
    """
    _tell(name)
    try:
        yield
    finally:
        _tell(None)


def trials_by_node() -> dict[str, list[str]]:
    """Return the names of the running trials by the id of their node.

    The process must be connected to the cluster.
    """
    from ray._private import state
    from ray.experimental.internal_kv import _internal_kv_get, _internal_kv_list

    keys = _internal_kv_list(_PREFIX, namespace=_NAMESPACE)
    actors = state.actors() if keys else {}
    found: dict[str, list[str]] = {}
    for key in keys:
        actor = actors.get(key.removeprefix(_PREFIX).decode())
        name = _internal_kv_get(key, namespace=_NAMESPACE)
        if actor is not None and actor["State"] == "ALIVE" and name is not None:
            found.setdefault(actor["Address"]["NodeID"], []).append(name.decode())
    return {node: sorted(names) for node, names in found.items()}


def _tell(name: str | None) -> None:
    import ray
    from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_put

    if not ray.is_initialized():  # asked for its context, Ray would start
        return
    try:
        key = _PREFIX + str(ray.get_runtime_context().get_actor_id()).encode()
        if name is None:
            _internal_kv_del(key, namespace=_NAMESPACE)
        else:
            _internal_kv_put(key, name.encode(), overwrite=True, namespace=_NAMESPACE)
    except Exception as error:  # Ray raises almost anything here
        logging.getLogger(__name__).warning("trial %s is not shown in status: %s", name, error)
