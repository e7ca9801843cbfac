"""The one error of this package."""


class ClusterError(RuntimeError):
    """A cluster that cannot be started or joined, or that cannot run what it is asked to."""
