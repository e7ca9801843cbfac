from collections.abc import Callable

import pytest

from orchestrator.history import SweepHistory
from orchestrator.progress.silent import SilentListener


def test_nothing_is_written(
    play: Callable[..., SweepHistory], capfd: pytest.CaptureFixture[str]
) -> None:
    with SilentListener() as listener:
        play(listener.on_event)
    assert capfd.readouterr() == ("", "")
