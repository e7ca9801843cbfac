"""The set of values that one parameter may take; every bound is inclusive."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from search_spaces.errors import SpaceError, nearest

Scalar: TypeAlias = bool | int | float | str


@dataclass(frozen=True)
class Float:
    """Real numbers from ``low`` to ``high``; with ``log``, every factor weighs the same.

    Raises:
        SpaceError: if a bound is no finite number, ``low`` > ``high``, or ``log`` meets
            ``low`` <= 0.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        for side in ("low", "high"):
            bound = getattr(self, side)
            if not _is_number(bound):
                raise SpaceError(f"float: {side} = {bound!r} must be a finite number{_hint(bound)}")
            object.__setattr__(self, side, float(bound))  # so that 1 and 1.0 are one bound
        _check_order("float", self.low, self.high)
        if not isinstance(self.log, bool):
            raise SpaceError(f"float: log = {self.log!r} must be true or false")
        if self.log and self.low <= 0:
            raise SpaceError(f"float: low = {self.low:g} must be above 0 where log is true")

    def contains(self, value: object) -> bool:
        """Say whether ``value`` is a number within the bounds."""
        return _is_number(value) and self.low <= value <= self.high  # type: ignore[operator]

    def describe(self) -> str:
        """Say the range in a few characters: ``1e-05 … 0.01 (log)``."""
        return f"{self.low:g} … {self.high:g}{' (log)' if self.log else ''}"

    def sample(self, rng: random.Random) -> float:
        """Draw one value, uniformly or log-uniformly."""
        if not self.log:
            return rng.uniform(self.low, self.high)
        drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return min(max(drawn, self.low), self.high)  # exp(log(x)) may miss x by one rounding

    def to_mapping(self) -> dict[str, Any]:
        """Return the form that :func:`domain_from_mapping` reads."""
        return {"float": [self.low, self.high], **({"log": True} if self.log else {})}


@dataclass(frozen=True)
class Integer:
    """Whole numbers from ``low`` to ``high``, both included.

    Raises:
        SpaceError: if a bound is not whole, ``low`` > ``high``, or ``log`` meets ``low`` < 1.
    """

    low: int
    high: int
    log: bool = False

    def __post_init__(self) -> None:
        for side in ("low", "high"):
            bound = getattr(self, side)
            if type(bound) is not int:
                raise SpaceError(f"integer: {side} = {bound!r} must be a whole number")
        _check_order("integer", self.low, self.high)
        if not isinstance(self.log, bool):
            raise SpaceError(f"integer: log = {self.log!r} must be true or false")
        if self.log and self.low < 1:
            raise SpaceError(f"integer: low = {self.low} must be at least 1 where log is true")

    def contains(self, value: object) -> bool:
        """Say whether ``value`` is a whole number within the bounds (2.0 and True are not)."""
        return type(value) is int and self.low <= value <= self.high

    def describe(self) -> str:
        """Say the range in a few characters: ``1 … 4, whole``."""
        return f"{self.low} … {self.high}, whole{' (log)' if self.log else ''}"

    def sample(self, rng: random.Random) -> int:
        """Draw one value; with ``log``, a value weighs its unit interval on the log scale."""
        if not self.log:
            return rng.randint(self.low, self.high)
        drawn = round(math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5))))
        return min(max(drawn, self.low), self.high)

    def to_mapping(self) -> dict[str, Any]:
        """Return the form that :func:`domain_from_mapping` reads."""
        return {"integer": [self.low, self.high], **({"log": True} if self.log else {})}


@dataclass(frozen=True)
class Choice:
    """One of a few plain values, without an order.

    Raises:
        SpaceError: if there is no option, an option is not plain, or two are equal.
    """

    options: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.options, tuple) or not self.options:
            raise SpaceError(f"choice: options = {self.options!r} must be a list of values")
        for index, option in enumerate(self.options):
            if not is_scalar(option):
                raise SpaceError(f"choice: {option!r} must be a text, a number, true or false")
            if option in self.options[:index]:
                raise SpaceError(f"choice: {option!r} equals an option before it")

    def contains(self, value: object) -> bool:
        """Say whether ``value`` is one of the options, type included (1 is not True)."""
        return is_one_of(value, self.options)

    def describe(self) -> str:
        """Say the options: ``dcgan | mlp``."""
        return " | ".join(describe_value(option) for option in self.options)

    def sample(self, rng: random.Random) -> Scalar:
        """Draw one option, each alike."""
        return rng.choice(self.options)

    def to_mapping(self) -> dict[str, Any]:
        """Return the form that :func:`domain_from_mapping` reads."""
        return {"choice": list(self.options)}


Domain: TypeAlias = Float | Integer | Choice

_RANGES: Mapping[str, type[Float] | type[Integer]] = {"float": Float, "integer": Integer}
_KINDS = ("choice", *_RANGES)


def domain_from_mapping(values: Mapping[str, Any]) -> Domain:
    """Read ``{choice: [a, b]}``, ``{float: [low, high], log: true}`` or ``{integer: …}``.

    Raises:
        SpaceError: unless exactly one kind is named and its bounds or options can be meant.
    """
    for key in values:
        if key not in (*_KINDS, "log"):
            raise SpaceError(f"unknown key '{key}': {nearest(str(key), (*_KINDS, 'log'))}")
    named = [kind for kind in _KINDS if kind in values]
    if len(named) != 1:
        raise SpaceError(f"give exactly one of {', '.join(_KINDS)}")
    kind = named[0]
    items = values[kind]
    if not isinstance(items, list | tuple):
        raise SpaceError(f"{kind}: {items!r} must be a list")
    if kind == "choice":
        if "log" in values:
            raise SpaceError("choice: 'log' belongs to float and integer only")
        return Choice(tuple(items))
    if len(items) != 2:
        raise SpaceError(f"{kind}: {items!r} must be [low, high]")
    return _RANGES[kind](items[0], items[1], log=values.get("log", False))


def as_written(domain: Domain, value: Scalar) -> Scalar:
    """Return the domain's own form of a number: 1.0 for 1 where it has real ones."""
    if isinstance(domain, Float) and domain.contains(value):
        return float(value)
    if isinstance(domain, Choice) and _is_number(value):
        return next((each for each in domain.options if _is_number(each) and each == value), value)
    return value


def is_scalar(value: object) -> bool:
    """Say whether ``value`` is a plain value that a parameter can have (NaN is not)."""
    return isinstance(value, bool | int | str) or _is_number(value)


def is_one_of(value: object, options: tuple[Scalar, ...]) -> bool:
    """Say whether ``value`` is among the options, type included (1 is not True)."""
    return any(type(value) is type(option) and value == option for option in options)


def describe_value(value: object) -> str:
    """Write a value as a spec writes it: ``true``, ``hinge``, ``0.001``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_number(value: object) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return is_real and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # a whole number beyond what a float can be
        return False


def _check_order(kind: str, low: float, high: float) -> None:
    if low > high:
        raise SpaceError(f"{kind}: low = {low:g} must not exceed high = {high:g}")


def _hint(bound: object) -> str:
    """YAML 1.1 reads 1e-5 as text; say so, since everybody falls into it once."""
    try:
        number = float(bound)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    if not isinstance(bound, str) or not math.isfinite(number):
        return ""
    return ": YAML reads it as text, write 1.0e-5 rather than 1e-5"
