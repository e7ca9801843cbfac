"""Several real Ray nodes on one machine, to try and to test what a cluster does to a sweep.

Each node has an address, a raylet and processes of its own; killing one is losing a machine.
Every process carries the cluster's mark in its environment, by which it is found and ended.
"""

from cluster.multinode.control import LocalCluster, open_cluster
from cluster.multinode.start import local_cluster, start_cluster

__all__ = ["LocalCluster", "local_cluster", "open_cluster", "start_cluster"]
