"""One declared parameter: its name, its domain, why it varies, and when it exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from search_spaces.domains import (
    Domain,
    Scalar,
    describe_value,
    domain_from_mapping,
    is_one_of,
    is_scalar,
)
from search_spaces.errors import SpaceError


@dataclass(frozen=True)
class Parameter:
    """A parameter that exists only where each parent in ``when`` has one of the named values.

    The same name may be declared more than once, with other domains, where the conditions
    exclude each other; see :meth:`excludes`.

    Raises:
        SpaceError: if the name is no identifier, or a condition names no plain value.
    """

    name: str
    domain: Domain
    why: str = ""
    when: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise SpaceError(f"parameter {self.name!r}: a name has letters, digits and _ only")
        for parent, values in self.when.items():
            if not isinstance(values, tuple) or not values or not all(map(is_scalar, values)):
                raise SpaceError(f"{self.name}: when.{parent} = {values!r} must be plain values")

    def under(self, **parents: tuple[Scalar, ...]) -> Self:
        """Return it with conditions more, or others in place of those on the same parents."""
        return replace(self, when={**self.when, **parents})

    def exists_under(self, params: Mapping[str, Any]) -> bool:
        """Say whether the condition holds; a parent that is absent never fulfils it."""
        return all(
            parent in params and is_one_of(params[parent], values)
            for parent, values in self.when.items()
        )

    def excludes(self, other: "Parameter") -> bool:
        """Say whether the two can provably never exist at once.

        Proof is one parent whose two lists of values share nothing: it has one value at a time.
        """
        return any(
            parent in other.when and not any(is_one_of(value, other.when[parent]) for value in mine)
            for parent, mine in self.when.items()
        )

    def describe_condition(self) -> str:
        """Say when it exists: ``penalty is r1``; empty where it always does."""
        return " and ".join(
            f"{parent} is {' or '.join(map(describe_value, values))}"
            for parent, values in self.when.items()
        )

    @classmethod
    def from_mapping(cls, name: str, values: Mapping[str, Any]) -> Self:
        """Read one declaration of an inline space, such as ``{float: [0, 1], when: {a: b}}``.

        Raises:
            SpaceError: if a key is unknown or a value cannot be meant; names the parameter.
        """
        described = {key: value for key, value in values.items() if key not in ("when", "why")}
        try:
            domain = domain_from_mapping(described)
        except SpaceError as error:
            raise SpaceError(f"space.{name}: {error}") from None
        when = values.get("when", {})
        if not isinstance(when, Mapping):
            raise SpaceError(f"space.{name}.when: {when!r} must map a parameter to its values")
        conditions = {parent: _as_tuple(allowed) for parent, allowed in when.items()}
        return cls(name, domain, str(values.get("why", "")), conditions)

    def to_mapping(self) -> dict[str, Any]:
        """Return the form that :meth:`from_mapping` reads."""
        when = {parent: list(values) for parent, values in self.when.items()}
        return {
            **self.domain.to_mapping(),
            **({"when": when} if when else {}),
            **({"why": self.why} if self.why else {}),
        }


def _as_tuple(allowed: Any) -> tuple[Any, ...]:
    return tuple(allowed) if isinstance(allowed, list | tuple) else (allowed,)
