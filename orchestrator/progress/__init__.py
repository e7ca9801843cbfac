"""How a running sweep is watched: one contract, three ways to show it."""

from orchestrator.progress.choice import choose_listener
from orchestrator.progress.estimate import Plan
from orchestrator.progress.listener import SweepListener

__all__ = ["Plan", "SweepListener", "choose_listener"]
