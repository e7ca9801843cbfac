import warnings

import pytest

from benchmarks.decision.quiet import quietly


def warn(number: int, *, add: int) -> int:
    warnings.warn("experimental", UserWarning, stacklevel=1)
    return number + add


def test_an_answer_comes_without_its_warning_and_others_warn_on() -> None:
    assert quietly(warn, 1, add=2) == 3
    with pytest.warns(UserWarning, match="experimental"):
        warn(1, add=2)
