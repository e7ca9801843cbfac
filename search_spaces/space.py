"""A search space: parameters in the order in which they are chosen, and what is pinned."""

import hashlib
import json
import random
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self

from search_spaces.domains import (
    Choice,
    Domain,
    Scalar,
    as_written,
    describe_value,
    is_one_of,
    is_scalar,
)
from search_spaces.errors import SpaceError, nearest
from search_spaces.parameter import Parameter


@dataclass(frozen=True)
class SearchSpace:
    """Declared parameters, parents before children, and the pinned values of every proposal.

    Raises:
        SpaceError: on a name declared twice without exclusive conditions, a condition on a
            parameter that is unknown, declared later (so that cycles cannot be written) or
            never has that value, or a parameter that is both pinned and declared.
    """

    name: str
    parameters: tuple[Parameter, ...]
    doc: str = ""
    pinned: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index, parameter in enumerate(self.parameters):
            _check_name(parameter, self.parameters[:index], self.pinned)
            _check_condition(parameter, self.parameters[:index], self.parameters[index:])
        for name, value in self.pinned.items():
            if not is_scalar(value):
                raise SpaceError(f"{name} = {value!r}: a fixed value is a text, number or boolean")

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a proposal may have, once, pinned ones first."""
        return tuple(dict.fromkeys([*self.pinned, *(each.name for each in self.parameters)]))

    @property
    def fingerprint(self) -> str:
        """Stable hash of what can be proposed and in which order it is chosen.

        Reasons, documentation and the order of conditions and pinned values do not move it.
        """
        declared = [
            [each.name, each.domain.to_mapping(), sorted(_sorted_condition(each))]
            for each in self.parameters
        ]
        text = json.dumps([declared, sorted(self.pinned.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def fixed(self, values: Mapping[str, Scalar]) -> Self:
        """Pin parameters: each leaves the space and its value joins every proposal.

        A name that the space does not vary, or a value outside the declared domain, is recorded
        as it is: the configuration that receives the proposal judges it. A pinned parameter no
        longer depends on anything; conditions on it are resolved, and what can then never
        exist leaves the space.
        """
        pinned = {**self.pinned, **values}
        others = (each for each in self.parameters if each.name not in values)
        return replace(self, parameters=_reachable_of(others, pinned=values), pinned=pinned)

    def without(self, name: str, options: Collection[Scalar]) -> Self:
        """Strike options off the choices of one parameter, and what can then never exist."""
        declared = (
            _without(each, options) if each.name == name else each for each in self.parameters
        )
        kept = (each for each in declared if each is not None)
        return replace(self, parameters=_reachable_of(kept, pinned={}))

    def propose(
        self,
        choose: Callable[[Parameter], Scalar],
        known: Mapping[str, Scalar] = MappingProxyType({}),
    ) -> dict[str, Scalar]:
        """Fill the space from the top: ``choose`` is asked for what exists and is not ``known``."""
        params: dict[str, Scalar] = dict(self.pinned)
        for parameter in self.parameters:
            if parameter.exists_under(params):
                name = parameter.name
                params[name] = known[name] if name in known else choose(parameter)
        return params

    def sample(
        self, rng: random.Random, known: Mapping[str, Scalar] = MappingProxyType({})
    ) -> dict[str, Scalar]:
        """Draw one proposal, each parameter that is not ``known`` independently."""
        return self.propose(lambda parameter: parameter.domain.sample(rng), known)

    def active(self, params: Mapping[str, Any]) -> tuple[Parameter, ...]:
        """Return the declarations that exist under ``params``, in order."""
        return tuple(each for each in self.parameters if each.exists_under(params))

    def validate(self, params: Mapping[str, Any]) -> None:
        """Check that ``params`` is a complete proposal of this space.

        Raises:
            SpaceError: naming the parameter, its value and what is allowed.
        """
        for name in params:
            if name not in self.names:
                raise SpaceError(f"unknown parameter '{name}': {nearest(name, self.names)}")
        for name, value in self.pinned.items():
            if params.get(name) != value:
                raise SpaceError(
                    f"{_written(name, params)}: fixed to {describe_value(value)} in this space"
                )
        active = {each.name: each.domain for each in self.active(params)}
        for name, domain in active.items():
            _check_value(name, domain, params)
        for name in params:
            if name not in active and name not in self.pinned:
                raise SpaceError(
                    f"{_written(name, params)}: exists only where {self._conditions_of(name)}"
                )

    def part(self, known: Mapping[str, Any]) -> dict[str, Scalar]:
        """Return what is known of a proposal, in the space's own values and without pinned ones.

        Any proposal that is filled in around it lies in this space and holds all of it. So a
        parameter may be known only together with those on which its existence hangs.

        Raises:
            SpaceError: naming the parameter, its value and what is allowed.
        """
        settled = {**self.pinned, **known}
        active = {each.name: each.domain for each in self.active(settled)}
        part: dict[str, Scalar] = {}
        for name, value in known.items():
            if name in active:
                part[name] = as_written(active[name], value)
                _check_value(name, active[name], part)
            elif name not in self.pinned:
                raise SpaceError(f"{_written(name, known)}: {self._why_absent(name, settled)}")
            elif value != self.pinned[name]:
                pinned = describe_value(self.pinned[name])
                raise SpaceError(f"{_written(name, known)}: fixed to {pinned} in this space")
        return part

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], name: str = "inline") -> Self:
        """Read an inline space: a name to a domain, to a list of exclusive ones, or to a value.

        ``{network: {choice: [dcgan, mlp]}, d_lr: {float: [1.0e-5, 0.01], log: true},
        r1_gamma: {float: [0.01, 10], when: {penalty: r1}}, batch_size: 64}``.

        Raises:
            SpaceError: if a declaration cannot be meant; names the place in the spec.
        """
        if not isinstance(values, Mapping) or not values:
            raise SpaceError(f"space = {values!r}: must map parameter names to domains")
        pinned = {key: value for key, value in values.items() if is_scalar(value)}
        declared = {key: value for key, value in values.items() if key not in pinned}
        parameters = (
            Parameter.from_mapping(key, domain)
            for key, value in declared.items()
            for domain in _declarations(key, value)
        )
        return cls(name, tuple(parameters), pinned=pinned)

    def to_mapping(self) -> dict[str, Any]:
        """Return the form that :meth:`from_mapping` reads."""
        grouped: dict[str, list[dict[str, Any]]] = {}
        for parameter in self.parameters:
            grouped.setdefault(parameter.name, []).append(parameter.to_mapping())
        declared = {name: many if len(many) > 1 else many[0] for name, many in grouped.items()}
        return {**self.pinned, **declared}

    def _why_absent(self, name: str, settled: Mapping[str, Any]) -> str:
        declared = [each for each in self.parameters if each.name == name]
        if not declared:
            varied = dict.fromkeys(each.name for each in self.parameters)
            return f"this space does not vary it: {nearest(name, varied)}"
        is_open = any(parent not in settled for each in declared for parent in each.when)
        hint = ": name that beside it" if is_open else ""
        return f"exists only where {self._conditions_of(name)}{hint}"

    def _conditions_of(self, name: str) -> str:
        declared = [each for each in self.parameters if each.name == name]
        return ", or where ".join(each.describe_condition() for each in declared)


def _check_name(
    parameter: Parameter, before: tuple[Parameter, ...], pinned: Mapping[str, Scalar]
) -> None:
    name = parameter.name
    if name in pinned:
        raise SpaceError(f"parameter '{name}' is both fixed and declared: drop one of the two")
    twins = [each for each in before if each.name == name]
    for twin in twins:
        if not parameter.excludes(twin):
            raise SpaceError(
                f"parameter '{name}' is declared twice: give the two declarations conditions "
                "on one parameter with no value in common"
            )
    if twins and before[-1].name != name:
        raise SpaceError(f"parameter '{name}': write its declarations next to each other")


def _check_condition(
    parameter: Parameter, before: tuple[Parameter, ...], after: tuple[Parameter, ...]
) -> None:
    for parent, values in parameter.when.items():
        domains = [each.domain for each in before if each.name == parent]
        if not domains and any(each.name == parent for each in after):
            raise SpaceError(
                f"parameter '{parameter.name}' depends on '{parent}', which is not declared "
                "before it: declare parents first, without cycles"
            )
        if not domains:
            known = nearest(parent, dict.fromkeys(each.name for each in before))
            raise SpaceError(f"parameter '{parameter.name}': when.{parent} is unknown; {known}")
        for value in values:
            if not any(domain.contains(value) for domain in domains):
                allowed = "; ".join(domain.describe() for domain in domains)
                raise SpaceError(
                    f"parameter '{parameter.name}': when.{parent} = {describe_value(value)} can "
                    f"never hold; {parent} is {allowed}"
                )


def _without(parameter: Parameter, struck: Collection[Scalar]) -> Parameter | None:
    """Return the parameter without those options, or None where none would be left."""
    if not isinstance(parameter.domain, Choice):
        return parameter
    left = tuple(each for each in parameter.domain.options if not is_one_of(each, tuple(struck)))
    return replace(parameter, domain=Choice(left)) if left else None


def _reachable_of(
    parameters: Iterable[Parameter], *, pinned: Mapping[str, Scalar]
) -> tuple[Parameter, ...]:
    """Keep what can still exist, each with the part of its condition that is still open."""
    kept: list[Parameter] = []
    for parameter in parameters:
        condition = _resolve(parameter, pinned, kept)
        if condition is not None:
            kept.append(replace(parameter, when=condition))
    return tuple(kept)


def _resolve(
    parameter: Parameter, pinned: Mapping[str, Scalar], kept: list[Parameter]
) -> dict[str, tuple[Scalar, ...]] | None:
    """Return the condition that is left under pinned values, or None where it cannot hold."""
    if not all(
        is_one_of(pinned[parent], values)
        for parent, values in parameter.when.items()
        if parent in pinned
    ):
        return None
    left = {
        parent: tuple(value for value in values if _reachable(parent, value, kept))
        for parent, values in parameter.when.items()
        if parent not in pinned
    }
    return left if all(left.values()) else None


def _reachable(parent: str, value: Scalar, kept: list[Parameter]) -> bool:
    return any(each.name == parent and each.domain.contains(value) for each in kept)


def _check_value(name: str, domain: Domain, params: Mapping[str, Any]) -> None:
    if name not in params:
        raise SpaceError(f"parameter '{name}' is missing: {domain.describe()}")
    if not domain.contains(params[name]):
        raise SpaceError(f"{_written(name, params)}: allowed: {domain.describe()}")


def _written(name: str, params: Mapping[str, Any]) -> str:
    return f"{name} = {params[name]!r}" if name in params else f"parameter '{name}' is missing"


def _sorted_condition(parameter: Parameter) -> Iterator[tuple[str, list[str]]]:
    for parent, values in parameter.when.items():
        yield parent, sorted(map(repr, values))


def _declarations(name: str, value: Any) -> list[Mapping[str, Any]]:
    declared = value if isinstance(value, list) else [value]
    if not declared or not all(isinstance(each, Mapping) for each in declared):
        raise SpaceError(
            f"space.{name} = {value!r}: must be a domain such as {{float: [0, 1]}}, a list of "
            "them with exclusive conditions, or one plain value"
        )
    return declared
