"""What may vary where reals are few: what D sees of them, so that it does not learn them by heart.

For spaces of images that also declare ``d_loss``, since ADA reads the sign of D's values, which a
critic's do not have. Flips and quarter turns are left to ADA, which keeps them rare enough not to
show in fakes; whoever knows that mirrored images are as good as the others pins ``augment_policy``.
"""

from search_spaces.domains import Choice, Float
from search_spaces.parameter import Parameter

_SIGNED = ("non-saturating", "hinge", "least-squares")

AUGMENTATION = (
    Parameter(
        "augment",
        Choice(("ada", "diff", "none")),
        why="D sees images changed at random: few reals go further, many are blurred",
        when={"d_loss": _SIGNED},
    ),
    Parameter(
        "augment",
        Choice(("diff", "none")),
        why="a critic's values have no sign by which ADA could adapt",
        when={"d_loss": ("wasserstein",)},
    ),
    Parameter(
        "augment_policy",
        Choice(("translation", "translation+cutout", "colour+translation+cutout")),
        why="all images are changed so: more helps with fewer reals (2006.10738)",
        when={"augment": ("diff",)},
    ),
    Parameter(
        "augment_policy",
        Choice(("translation+cutout", "colour+translation+cutout", "auto")),
        why="what some images undergo; auto flips and turns them as well",
        when={"augment": ("ada",)},
    ),
    Parameter(
        "ada_target",
        Float(0.2, 0.8),
        why="how sure of its reals D may be; the paper takes 0.6 (2006.06676)",
        when={"augment": ("ada",)},
    ),
    Parameter(
        "ada_kimg",
        Float(20.0, 500.0, log=True),
        why="how fast ADA reacts; short runs must be quick, the paper takes 500",
        when={"augment": ("ada",)},
    ),
)

CONSISTENCY = (
    Parameter(
        "consistency_weight",
        Choice((0.0, 1.0, 10.0)),
        why="D should say the same of changed copies; the papers take 10 (1910.12027)",
    ),
    Parameter(
        "balanced_consistency",
        Choice((True, False)),
        why="of fakes as well: else G may draw the changes (2002.04724)",
        when={"consistency_weight": (1.0, 10.0)},
    ),
)

OF_EVERY_LOSS = (  # relative losses have no threshold either
    AUGMENTATION[0],
    AUGMENTATION[1].under(d_loss=("wasserstein", "relativistic")),
    *AUGMENTATION[2:],
    *CONSISTENCY,
)

ALL = (*AUGMENTATION, *CONSISTENCY)
