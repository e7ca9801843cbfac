"""What would spoil a sweep on a cluster, found before it begins: each defect with its mend.

Examined on every node, compared on the driver, and judged by numbers alone.
"""

from cluster.doctor.examine import examine_cluster, examine_machine
from cluster.doctor.finding import Finding, Level

__all__ = ["Finding", "Level", "examine_cluster", "examine_machine"]
