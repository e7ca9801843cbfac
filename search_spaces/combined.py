"""All families together, each with the conditions that the others ask of it.

What ``GanConfig`` and the networks refuse cannot be proposed: the families bring the conditions
within them, and here are those between them. Where two techniques exclude each other, the one that
is declared later gives way, and exists only where the other is off.
"""

from search_spaces import collapse, conditional, limited_data, networks, objectives, optimizers
from search_spaces.domains import Choice
from search_spaces.parameter import Parameter

_UNCONDITIONAL = {"conditioning": ("none",)}  # a pack is of no one class, a former fake of another

CONDITIONING = (
    Parameter(
        "conditioning",
        Choice(("none", "projection", "concat", "auxiliary")),
        why="whether and how G and D know the class; pin it to none for data without labels",
    ),
    *conditional.CONDITIONING[1:],
)

AGAINST_COLLAPSE = (
    *(each.under(**_UNCONDITIONAL) for each in collapse.PACKING),
    *collapse.MINIBATCH,
    collapse.REPLAY[0].under(**_UNCONDITIONAL),
    *collapse.REPLAY[1:],
    *collapse.CAPACITY,
)

UNROLLING = tuple(  # through neither of these, so that it comes after both
    each.under(d_orthogonal=(0.0,), grad_clip_norm=(0.0,)) for each in collapse.UNROLLING
)

EVERY_TECHNIQUE = (
    *networks.EVERY_KIND,
    *objectives.EVERY_LOSS,
    *objectives.EVERY_PENALTY,
    *objectives.ORTHOGONALITY,
    *CONDITIONING,
    *AGAINST_COLLAPSE,
    *limited_data.OF_EVERY_LOSS,
    *optimizers.MODERATE,
    *optimizers.MOMENTUM,
    *optimizers.RHYTHM,
    *optimizers.SCHEDULES,
    *optimizers.CLIPPING,
    *optimizers.AVERAGING,
    *optimizers.RAMP,
    *UNROLLING,
)
