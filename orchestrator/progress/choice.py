"""Which listener suits the place that progress is written to."""

import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console

from orchestrator.progress.estimate import Plan
from orchestrator.progress.lines import LinesListener
from orchestrator.progress.listener import SweepListener
from orchestrator.progress.live import LiveListener
from orchestrator.progress.silent import SilentListener


def choose_listener(
    stream: TextIO,
    *,
    plan: Plan,
    is_quiet: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> SweepListener:
    """Return a live table for a terminal, plain lines for anything else, silence when asked.

    Args:
        stream: where progress goes, commonly stderr.
        plan: what the sweep set out to do, and its caps.
        is_quiet: whether nothing is to be shown.
        clock: seconds that only go forward.
    """
    if is_quiet:
        return SilentListener()
    console = Console(file=stream)
    if not console.is_terminal or console.is_dumb_terminal:
        return LinesListener(stream, plan, clock=clock)
    return LiveListener(console, plan, clock=clock)
