"""Signals that ask a sweep to stop: it ends so that it can be resumed.

While trials run, a signal is only noted: they save where they stand and leave, which takes seconds.
At any other time it ends the sweep at once, as Ctrl+C always does.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)  # Slurm, Kubernetes and `cancel` send these


class Terminated(KeyboardInterrupt):
    """The process was asked by a signal to stop; its name is the argument."""


@dataclass
class _Stop:
    """The one stop of this process, for its signals are one to all."""

    name: str = ""
    may_wait: bool = False


_stop = _Stop()


def stop_asked() -> str:
    """Return the name of the signal that asked this process to stop; empty if none did."""
    return _stop.name


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn the first SIGTERM or SIGUSR1 within into :class:`Terminated`; pass over further ones.

    Whoever ends a job sends several, and what is under way then is the orderly end. To be entered
    after Ray has started, which sets a handler of its own. Does nothing but in the main thread,
    which alone hears signals.

    Raises:
        Terminated: from wherever the process is when the first one comes, or from the end of
            :func:`stopping_in_order`.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _terminate) for number in _STOP_SIGNALS}
    try:
        yield
    except KeyboardInterrupt as stop:
        if _stop.name and not isinstance(stop, Terminated):  # Ray raises one of its own instead
            raise Terminated(_stop.name) from None
        raise
    finally:
        _stop.name = ""
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopping_in_order() -> Iterator[None]:
    """Within, a signal is only noted (:func:`stop_asked`); whoever runs trials then ends them.

    Raises:
        Terminated: at the end, if a signal came.
    """
    _stop.may_wait = True
    try:
        yield
    finally:
        _stop.may_wait = False
    if _stop.name:
        raise Terminated(_stop.name)


def _terminate(number: int, frame: FrameType | None) -> None:
    for each in _STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    _stop.name = signal.Signals(number).name
    if not _stop.may_wait:
        raise Terminated(_stop.name)
