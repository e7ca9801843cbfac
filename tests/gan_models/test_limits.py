from typing import Any

import pytest

from gan_models.errors import ParameterError
from gan_models.limits import check_limits


@pytest.mark.parametrize(
    ("value", "kind", "limits"),
    [
        (1, float, {"low": 0.0}),
        (1.0, float, {"low": 1.0, "high": 1.0}),
        (2, int, {"above": 1, "below": 3}),
        ("b", str, {"choices": ("a", "b")}),
        ("auto", str, {"parts": ("a", "b")}),
        ("b+a", str, {"parts": ("a", "b")}),
    ],
)
def test_what_lies_within_its_limits_passes(value: Any, kind: type, limits: dict[str, Any]) -> None:
    check_limits("size", value, kind, limits)


@pytest.mark.parametrize(
    ("value", "kind", "limits", "message"),
    [
        (True, int, {}, "size = True: must be of type int"),
        (1.0, int, {}, "size = 1.0: must be of type int"),
        (float("inf"), float, {}, "size = inf: must be finite"),
        (float("nan"), float, {"low": 0.0}, "size = nan: must be at least 0.0"),
        (0, int, {"low": 1}, "size = 0: must be at least 1"),
        (3, int, {"high": 2}, "size = 3: must be at most 2"),
        (0.0, float, {"above": 0.0}, "size = 0.0: must be greater than 0.0"),
        (1.0, float, {"below": 1.0}, "size = 1.0: must be less than 1.0"),
        ("c", str, {"choices": ("a", "b")}, "size = 'c': allowed: a, b"),
        ("a+c", str, {"parts": ("a", "b")}, "size = 'a+c': must be auto, or some of a, b joined"),
        ("", str, {"parts": ("a", "b")}, "size = '': must be auto, or some of a, b joined by +"),
    ],
)
def test_what_does_not_is_refused_with_what_is_allowed(
    value: Any, kind: type, limits: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError) as refusal:
        check_limits("size", value, kind, limits)

    assert str(refusal.value).startswith(message)
