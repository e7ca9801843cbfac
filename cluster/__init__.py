"""Where trials run: a private local Ray or one to join, what it has, and how much fits at once.

Knows Ray's core; knows no model and no trial. Importing it does not import Ray.
"""

from cluster.attached import attached_ray
from cluster.base import Cluster
from cluster.errors import ClusterError
from cluster.inventory import Inventory, Node, read_inventory
from cluster.local import local_capacity, local_ray
from cluster.resources import Capacity, TrialResources, concurrent_trials

__all__ = [
    "Capacity",
    "Cluster",
    "ClusterError",
    "Inventory",
    "Node",
    "TrialResources",
    "attached_ray",
    "concurrent_trials",
    "local_capacity",
    "local_ray",
    "read_inventory",
]
