"""What may vary against mode collapse: what D sees at once, how far G looks ahead, what D recalls.

For spaces that also declare every loss and penalty: a penalty that holds D's slope at 1 means
nothing where a logit depends on a group, and G looks ahead at neither R2 nor clipped weights. A
``batch_size`` that is a multiple of 32 holds whole packs, groups of packs and replayed halves.
"""

from search_spaces.domains import Choice
from search_spaces.parameter import Parameter

_FLATTENING = ("r1", "r2", "r1+r2", "none")
_OF_SLOPE_1 = ("gradient-penalty", "dragan")
_UNCLIPPED = ("non-saturating", "hinge", "least-squares", "relativistic")

PACKING = (
    Parameter(
        "pack",
        Choice((1, 2, 4)),
        why="D judges so many samples at once: a pack without variety gives G away (1712.04086)",
    ),
)

MINIBATCH = (
    Parameter(
        "minibatch",
        Choice(("none", "stddev", "discrimination")),
        why="D compares a sample with its neighbours: too close or too uniform is fake",
        when={"penalty": _FLATTENING},
    ),
    Parameter(
        "minibatch",
        Choice(("none", "stddev")),
        why="D sees how much its neighbours vary (1710.10196)",
        when={"penalty": _OF_SLOPE_1},
    ),
    Parameter(
        "minibatch_group",
        Choice((4, 8)),
        why="samples that are compared: more show rarer repeats, and tie more logits together",
        when={"minibatch": ("stddev", "discrimination")},
    ),
)

UNROLLING = (
    Parameter(
        "unroll_steps",
        Choice((0, 1, 3, 5)),
        why="D updates that G looks ahead (1611.02163); each costs about two updates of D",
        when={"penalty": ("r1", "none"), "d_loss": _UNCLIPPED},
    ),
)

REPLAY = (
    Parameter(
        "replay_frac",
        Choice((0.0, 0.5)),
        why="share of D's fakes that G made long ago, so that D does not forget (1612.07828)",
        when={"pack": (1, 2)},  # groups of eight packs of four leave no half of a batch of 32
    ),
    Parameter(
        "replay_size",
        Choice((256, 1024)),
        why="how many of them are kept: how long ago that is, and what memory it takes",
        when={"replay_frac": (0.5,)},
    ),
)

CAPACITY = (
    Parameter(
        "d_width",
        Choice((0, 16, 32, 64)),
        why="channels of D's widest layer where they are not G's (0): a small D lets modes go",
    ),
)

ALL = (*PACKING, *MINIBATCH, *UNROLLING, *REPLAY)
