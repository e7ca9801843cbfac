"""The contract of a cluster: enter it, learn what it has, leave it."""

from types import TracebackType
from typing import Protocol

from cluster.resources import Capacity


class Cluster(Protocol):
    """A context in which Ray can be used; entering says what there is, node by node.

    Whatever entering started is gone after leaving, whatever happened in between.
    """

    def __enter__(self) -> Capacity:
        """Start or join.

        Raises:
            ClusterError: if that is not possible, within seconds, and why.
        """
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Shut down what was started, or leave what was joined."""
        ...
