"""The explore step of Population Based Training: a proposal, moved a little."""

import random
from collections.abc import Mapping

from search_spaces.domains import Float, Scalar
from search_spaces.space import SearchSpace

FACTORS = (0.8, 1.2)  # of Jaderberg et al. 2017 (1711.09846)


def perturbed(
    space: SearchSpace, params: Mapping[str, Scalar], rng: random.Random
) -> dict[str, Scalar]:
    """Return a proposal whose real numbers are each multiplied by 0.8 or 1.2, within their bounds.

    What the space pins, whole numbers and choices stay as they are: a running training can take
    other rates and weights, but hardly another batch size or loss by small steps.

    Args:
        space: in which ``params`` lie.
        params: a complete proposal.
        rng: draws the factors, one a parameter, in the order of the space.
    """
    moved: dict[str, Scalar] = {
        each.name: _within(each.domain, float(params[each.name]) * rng.choice(FACTORS))
        for each in space.active(params)
        if isinstance(each.domain, Float)
    }
    return {**params, **moved}


def _within(domain: Float, value: float) -> float:
    return min(max(value, domain.low), domain.high)
