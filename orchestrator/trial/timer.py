"""A timer that rings once for every so many seconds."""

import time


class Timer:
    """Rings when ``every_s`` seconds have passed since it was made, or since it last rang."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._last_s = time.monotonic()

    def rings(self) -> bool:
        """Say whether it is time, and begin anew if so."""
        now_s = time.monotonic()
        if now_s - self._last_s < self._every_s:
            return False
        self._last_s = now_s
        return True
