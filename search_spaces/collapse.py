"""What may vary against mode collapse: what D sees at once, how far G looks ahead, what D recalls.

For spaces that also declare ``penalty``, since one that holds D's slope at 1 goes with neither
minibatch discrimination nor unrolling, and in which ``batch_size`` is a multiple of 64, so that
packs, groups of packs and the replayed half of a batch come out whole.
"""

from search_spaces.domains import Choice
from search_spaces.parameter import Parameter

_SMOOTHING = ("r1", "none")

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
        when={"penalty": _SMOOTHING},
    ),
    Parameter(
        "minibatch",
        Choice(("none", "stddev")),
        why="D sees how much its neighbours vary (1710.10196)",
        when={"penalty": ("gradient-penalty",)},
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
        when={"penalty": _SMOOTHING},
    ),
)

REPLAY = (
    Parameter(
        "replay_frac",
        Choice((0.0, 0.5)),
        why="share of D's fakes that G made long ago, so that D does not forget (1612.07828)",
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
