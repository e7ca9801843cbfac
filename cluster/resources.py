"""What fits where: pure arithmetic on CPUs and GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite
from typing import Self

from cluster.errors import ClusterError

_ROUNDING = 1e-9  # 0.6 / 0.2 is 2.9999999999999996, and three fit


@dataclass(frozen=True)
class TrialResources:
    """What one trial occupies while it runs. GPUs are whole, or a share of one.

    Raises:
        ClusterError: if a number is negative, nothing is asked for, or GPUs are neither.
    """

    cpus: float
    gpus: float = 0.0

    def __post_init__(self) -> None:
        for name, amount in (("cpus", self.cpus), ("gpus", self.gpus)):
            if not (isfinite(amount) and amount >= 0):
                raise ClusterError(f"resources.{name}_per_trial = {amount:g}: must be 0 or more")
        if self.cpus == self.gpus == 0:
            raise ClusterError("resources: a trial must ask for some CPU or GPU, not for nothing")
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise ClusterError(
                f"resources.gpus_per_trial = {self.gpus:g}: must be a whole number, or below 1"
            )


@dataclass(frozen=True)
class Capacity:
    """CPUs and GPUs in all, and those of each node; without ``nodes`` it is a single node."""

    cpus: float
    gpus: float = 0.0
    nodes: tuple["Capacity", ...] = ()

    @classmethod
    def of_nodes(cls, nodes: Sequence["Capacity"]) -> Self:
        """Add nodes up."""
        return cls(sum(node.cpus for node in nodes), sum(node.gpus for node in nodes), tuple(nodes))

    @property
    def largest_node(self) -> "Capacity":
        """The node with the most GPUs, and among those the most CPUs."""
        return max(self.nodes or (self,), key=lambda node: (node.gpus, node.cpus))


def concurrent_trials(
    capacity: Capacity, per_trial: TrialResources, limit: int | None = None
) -> int:
    """Return how many trials run at once: what the nodes hold, at most ``limit``.

    A trial never spans two nodes, nor a share of a GPU two GPUs.

    Raises:
        ClusterError: if no node can hold even one trial, or ``limit`` is below 1.
    """
    if limit is not None and limit < 1:
        raise ClusterError(f"resources.concurrent = {limit}: must be at least 1")
    num_fitting = sum(_fitting(node, per_trial) for node in capacity.nodes or (capacity,))
    if num_fitting == 0:
        raise ClusterError(_why_nothing_fits(capacity, per_trial))
    return num_fitting if limit is None else min(num_fitting, limit)


def _fitting(node: Capacity, per_trial: TrialResources) -> int:
    counts = []
    if per_trial.cpus > 0:
        counts.append(floor(node.cpus / per_trial.cpus + _ROUNDING))
    if 0 < per_trial.gpus < 1:
        counts.append(floor(1 / per_trial.gpus + _ROUNDING) * floor(node.gpus))
    elif per_trial.gpus >= 1:
        counts.append(floor(node.gpus / per_trial.gpus + _ROUNDING))
    return min(counts)


def _why_nothing_fits(capacity: Capacity, per_trial: TrialResources) -> str:
    nodes = capacity.nodes or (capacity,)
    most_gpus = max(node.gpus for node in nodes)
    most_cpus = max(node.cpus for node in nodes)
    if per_trial.gpus > most_gpus:
        return _too_large("GPU", per_trial.gpus, most_gpus)
    if per_trial.cpus > most_cpus:
        return _too_large("CPU", per_trial.cpus, most_cpus)
    return (
        f"a trial asks for {_count(per_trial.cpus, 'CPU')} and {_count(per_trial.gpus, 'GPU')} on "
        "one node, and no node has both: lower resources.cpus_per_trial or "
        "resources.gpus_per_trial, or join a cluster that has such nodes"
    )


def _too_large(kind: str, asked: float, most: float) -> str:
    allowed = "0" if most == 0 else f"at most {most:g}"
    return (
        f"a trial asks for {_count(asked, kind)}; the largest node has {most:g}: set "
        f"resources.{kind.lower()}s_per_trial to {allowed} or join a cluster that has them"
    )


def _count(amount: float, kind: str) -> str:
    return f"{amount:g} {kind}{'' if amount == 1 else 's'}"
