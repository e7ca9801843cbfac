"""Metric curves that anything recorded, read as evaluations: the door of ``judge``."""

from orchestrator.curves.read import read_curves

__all__ = ["read_curves"]
