"""What a parameter may be by itself: its type, and the limits that its declaration names."""

from collections.abc import Collection, Mapping
from typing import Any

from gan_models.errors import ParameterError, nearest
from gan_models.plugins import is_brought, plugins


def check_limits(name: str, value: Any, kind: type, limits: Mapping[str, Any]) -> None:
    """Check one value by its type and by ``choices``, ``parts``, ``low``, ``high`` and the like.

    Raises:
        ParameterError: naming the parameter, the value and what is allowed.
    """
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    fits = is_whole or isinstance(value, float) if kind is float else type(value) is kind
    if not fits:
        raise ParameterError(f"{name} = {value!r}: must be of type {kind.__name__}")
    if "choices" in limits:
        _check_choice(name, value, limits["choices"], limits.get("group"))
    if "parts" in limits:
        _check_parts(name, value, limits["parts"])
    if "low" in limits and not value >= limits["low"]:
        raise ParameterError(f"{name} = {value}: must be at least {limits['low']}")
    if "low_or_0" in limits and value and not value >= limits["low_or_0"]:
        raise ParameterError(f"{name} = {value}: must be 0 or at least {limits['low_or_0']}")
    if "high" in limits and not value <= limits["high"]:
        raise ParameterError(f"{name} = {value}: must be at most {limits['high']}")
    if "above" in limits and not value > limits["above"]:
        raise ParameterError(f"{name} = {value}: must be greater than {limits['above']}")
    if "below" in limits and not value < limits["below"]:
        raise ParameterError(f"{name} = {value}: must be less than {limits['below']}")
    if value in (float("inf"), float("-inf")):
        raise ParameterError(f"{name} = {value}: must be finite")


def _check_choice(name: str, value: str, choices: Collection[str], group: str | None) -> None:
    if value not in choices and not (group and is_brought(group, value, choices)):
        known = (*choices, *(plugins(group, choices) if group else ()))
        raise ParameterError(f"{name} = '{value}': {nearest(value, known)}")


def _check_parts(name: str, value: str, parts: tuple[str, ...]) -> None:
    for part in value.split("+") if value != "auto" else ():
        if part not in parts:
            raise ParameterError(
                f"{name} = '{value}': must be auto, or some of {', '.join(parts)} joined by +"
            )
