"""A cluster described once, and written down for Slurm, KubeRay, ``ray up`` and systemd.

Pure functions from a description to plain data and text; nothing here touches a cluster.
"""
