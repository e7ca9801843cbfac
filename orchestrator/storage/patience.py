"""Trying again, for a bounded time, what a store did not do."""

import os
import re
import time
from collections.abc import Callable
from typing import TypeVar

from orchestrator.errors import StoreError, UsageError

PATIENCE_VARIABLE = "GANORCH_STORE_PATIENCE_S"
_DEFAULT_PATIENCE_S = 120.0
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.1, 10.0
_REFUSALS = (
    "ACCESS_DENIED",
    "NO_SUCH_BUCKET",
    "INVALID_ACCESS_KEY_ID",
    "INVALID_CLIENT_TOKEN_ID",
    "INVALID_SIGNATURE",
    "SIGNATURE_DOES_NOT_MATCH",
    "MISSING_AUTHENTICATION_TOKEN",
    "UNRECOGNIZED_CLIENT",
)

Result = TypeVar("Result")


class Patience:
    """Waits ever longer between attempts, until the time is up.

    Once it has run out, operations are tried once until one succeeds: a sweep that stops does not
    wait anew for each of its files.

    Args:
        limit_s: how long an operation is tried.
        clock: seconds that only grow.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        limit_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit_s, self._clock, self._sleep = limit_s, clock, sleep
        self._has_given_up = False

    def insist(self, operation: Callable[[], Result], *, on: str) -> Result:
        """Return what ``operation`` returns at last.

        Raises:
            FileNotFoundError: if it says that a file is missing, which waiting does not mend.
            StoreError: if it still fails when the time is up; names ``on`` and why.
        """
        limit_s = 0.0 if self._has_given_up else self._limit_s
        end_s, delay_s = self._clock() + limit_s, _FIRST_DELAY_S
        while True:
            try:
                result = operation()
            except FileNotFoundError:
                raise
            except OSError as error:
                if self._clock() + delay_s > end_s:
                    self._has_given_up = True
                    raise StoreError(
                        f"{on}: {in_words(error)} (tried for {self._limit_s:g} s)"
                    ) from error
            else:
                self._has_given_up = False
                return result
            self._sleep(delay_s)
            delay_s = min(2 * delay_s, _LONGEST_DELAY_S)


def default_patience() -> Patience:
    """Return the patience that the environment asks for.

    Raises:
        UsageError: if it is no number of seconds.
    """
    text = os.environ.get(PATIENCE_VARIABLE, str(_DEFAULT_PATIENCE_S))
    try:
        limit_s = float(text)
    except ValueError:
        limit_s = -1.0
    if not 0 <= limit_s < float("inf"):
        raise UsageError(f"{PATIENCE_VARIABLE} = {text!r}: must be a number of seconds from 0")
    return Patience(limit_s)


def is_refusal(error: OSError) -> bool:
    """Say whether a store answered that it will not, which waiting hardly mends."""
    return isinstance(error, PermissionError) or any(code in str(error) for code in _REFUSALS)


def in_words(error: OSError) -> str:
    """Name a failure briefly: a store's own words may be long, and quote the request."""
    found = re.search(r"AWS Error ([A-Z_]+)", str(error))
    if found:
        return found[1].lower().replace("_", " ")
    return error.strerror or str(error)[:200] or type(error).__name__
