"""Signals that ask a sweep to stop: all end it as Ctrl+C does, so that it can be resumed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)  # Slurm, Kubernetes and `cancel` send these


class Terminated(KeyboardInterrupt):
    """The process was asked by a signal to stop; its name is the argument."""


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn the first SIGTERM or SIGUSR1 within into :class:`Terminated`; pass over further ones.

    Whoever ends a job sends several, and what is under way then is the orderly end. To be entered
    after Ray has started, which sets a handler of its own. Does nothing but in the main thread,
    which alone hears signals.

    Raises:
        Terminated: from wherever the process is when the first one comes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[str] = []

    def terminate(number: int, frame: FrameType | None) -> None:
        for each in _STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        received.append(signal.Signals(number).name)
        raise Terminated(received[0])

    before = {number: signal.signal(number, terminate) for number in _STOP_SIGNALS}
    try:
        yield
    except KeyboardInterrupt as stop:
        if received and not isinstance(stop, Terminated):  # Ray raises one of its own instead
            raise Terminated(received[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
