"""Pinning values with what follows from them for the parameters that they depended on.

``penalty`` pinned to ``none`` leaves no penalty for the Wasserstein loss, which cannot do without:
of such a space that loss has to go, and with it whatever exists under it alone.
"""

import random
from collections.abc import Callable, Iterator, Mapping

from search_spaces.domains import Choice, Scalar, is_one_of
from search_spaces.space import SearchSpace

_NUM_PROBES = 32

Judge = Callable[[Mapping[str, Scalar]], bool]
Verdict = Callable[[list[bool]], bool]


def narrowed(space: SearchSpace, values: Mapping[str, Scalar], is_possible: Judge) -> SearchSpace:
    """Pin parameters, and strike the options with which what was pinned is refused.

    Args:
        space: as declared.
        values: what to pin, see :meth:`SearchSpace.fixed`.
        is_possible: says whether a proposal can be carried out.
    """
    pinned = space.fixed(values)
    for name, options in refused_options(space, values, is_possible).items():
        pinned = pinned.without(name, options)
    return pinned


def refused_options(
    space: SearchSpace, values: Mapping[str, Scalar], is_possible: Judge
) -> dict[str, list[Scalar]]:
    """List, for choices on which a pinned parameter depends, the options that do not go with it.

    Options that never go with it are struck first, so that none is blamed for them; then those
    that at times do not. The nearest choices are looked at first. None loses its last option:
    values that fit nowhere are left to whoever builds the proposals. The probes are drawn from
    fixed seeds, so that a spec always means the same space.
    """
    pinned, found = space.fixed(values), dict[str, list[Scalar]]()
    for goes in (any, all):
        for name in _ancestors(space, values):
            options = _refused(pinned, name, is_possible, goes)
            if options:
                found[name] = [*found.get(name, []), *options]
                pinned = pinned.without(name, options)
    return found


def _ancestors(space: SearchSpace, names: Mapping[str, Scalar]) -> Iterator[str]:
    """Yield what the declarations of ``names`` depend on, children before their parents."""
    sought = set(names)
    for parameter in reversed(space.parameters):
        if parameter.name in sought:
            sought |= set(parameter.when)
    order = dict.fromkeys(each.name for each in reversed(space.parameters))
    yield from (name for name in order if name in sought and name not in names)


def _refused(space: SearchSpace, name: str, is_possible: Judge, goes: Verdict) -> list[Scalar]:
    """List the options of a choice that do not go with what is pinned, if others do."""
    domains = [each.domain for each in space.parameters if each.name == name]
    options = dict.fromkeys(
        option for each in domains if isinstance(each, Choice) for option in each.options
    )
    found = {option: _verdicts(space, name, option, is_possible) for option in options}
    refused = [option for option, verdicts in found.items() if verdicts and not goes(verdicts)]
    return refused if len(refused) < len(options) else []


def _verdicts(space: SearchSpace, name: str, option: Scalar, is_possible: Judge) -> list[bool]:
    """Say of each probe that comes to have that option whether it is possible."""
    probes = (_probe(space, name, option, random.Random(seed)) for seed in range(_NUM_PROBES))
    return [is_possible(each) for each in probes if is_one_of(each.get(name), (option,))]


def _probe(space: SearchSpace, name: str, option: Scalar, rng: random.Random) -> dict[str, Scalar]:
    return space.propose(
        lambda parameter: (
            option
            if parameter.name == name and parameter.domain.contains(option)
            else parameter.domain.sample(rng)
        )
    )
