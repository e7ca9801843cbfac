"""What may vary in the game: the losses of D and G, and the penalty that keeps D smooth.

The minimax loss of D equals the non-saturating one, so d_loss offers it once; the two differ in
G. A Wasserstein critic means nothing unless something holds its slope, hence the conditions.
"""

from search_spaces.domains import Choice, Domain, Float
from search_spaces.parameter import Parameter

_CLASSIFYING = ("non-saturating", "hinge")

LOSSES = (
    Parameter(
        "d_loss",
        Choice(("non-saturating", "hinge", "least-squares", "wasserstein")),
        why="what D minimises; which one suits depends on the data",
    ),
    Parameter(
        "g_loss",
        Choice(("non-saturating", "hinge", "minimax")),
        why="how G answers; minimax, the original, fades where D is sure",
        when={"d_loss": _CLASSIFYING},
    ),
    Parameter(
        "g_loss",
        Choice(("least-squares",)),
        why="least squares is one game: G pulls D's values to the label of real",
        when={"d_loss": ("least-squares",)},
    ),
    Parameter(
        "g_loss",
        Choice(("wasserstein",)),
        why="a critic gives values, not labels: G raises them",
        when={"d_loss": ("wasserstein",)},
    ),
)


def penalties(r1_gamma: Domain) -> tuple[Parameter, ...]:
    """Declare which penalty D has, with the weight of R1 over one domain."""
    return (
        Parameter(
            "penalty",
            Choice(("r1", "none")),
            why="R1 flattens D at real data, which lets training settle (1801.04406)",
            when={"d_loss": (*_CLASSIFYING, "least-squares")},
        ),
        Parameter(
            "penalty",
            Choice(("gradient-penalty",)),
            why="holds the critic's slope at 1, as the Wasserstein distance asks (1704.00028)",
            when={"d_loss": ("wasserstein",)},
        ),
        Parameter(
            "r1_gamma",
            r1_gamma,
            why="weight of R1: too little does not settle, too much blinds D",
            when={"penalty": ("r1",)},
        ),
        Parameter(
            "gp_weight",
            Float(1.0, 20.0, log=True),
            why="weight of the gradient penalty; the paper takes 10",
            when={"penalty": ("gradient-penalty",)},
        ),
    )


PENALTIES = penalties(Float(0.01, 10.0, log=True))
GENTLE_PENALTIES = penalties(Float(0.02, 0.5, log=True))  # small images: more R1 only slows G


_LABELLED = ("non-saturating", "least-squares")
_SOFT = (*_CLASSIFYING, "least-squares")
_SMOOTH = Choice((0.0, 0.1))

EVERY_LOSS = (
    Parameter(
        "d_loss",
        Choice(("non-saturating", "hinge", "least-squares", "wasserstein", "relativistic")),
        why="what D minimises; which one suits depends on the data",
    ),
    *LOSSES[1:],
    Parameter(
        "g_loss",
        Choice(("relativistic",)),
        why="pairs are one game: each network compares reals with fakes (2501.05441)",
        when={"d_loss": ("relativistic",)},
    ),
    Parameter(
        "real_label_smoothing",
        _SMOOTH,
        why="keeps D from being sure of reals; D's slope at them stays (1606.03498)",
        when={"d_loss": _LABELLED},
    ),
    Parameter(
        "fake_label_smoothing",
        _SMOOTH,
        why="two-sided smoothing; it rewards G for staying where data is rare",
        when={"d_loss": _LABELLED, "real_label_smoothing": (0.1,)},
    ),
)

EVERY_PENALTY = (
    Parameter(
        "penalty",
        Choice(("r1", "r2", "r1+r2", "dragan", "none")),
        why="flattens D at real data, at fakes or at both; dragan holds its slope around data at 1",
        when={"d_loss": _SOFT},
    ),
    Parameter(
        "penalty",
        Choice(("r1", "r1+r2")),
        why="pairs alone need not settle: R1 and R2 together make them (2501.05441)",
        when={"d_loss": ("relativistic",)},
    ),
    Parameter(
        "penalty",
        Choice(("gradient-penalty", "none")),
        why="what holds the critic: its slope or, without, its weights",
        when={"d_loss": ("wasserstein",)},
    ),
    Parameter(
        "weight_clip",
        Float(0.01, 0.1, log=True),
        why="bound of each weight of the critic; the paper takes 0.01 (1701.07875)",
        when={"d_loss": ("wasserstein",), "penalty": ("none",)},
    ),
    Parameter(
        "r1_gamma",
        Float(0.01, 10.0, log=True),
        why="weight of R1: too little does not settle, too much blinds D",
        when={"penalty": ("r1", "r1+r2")},
    ),
    Parameter(
        "r2_gamma",
        Float(0.01, 10.0, log=True),
        why="weight of R2, which flattens D where G is",
        when={"penalty": ("r2", "r1+r2")},
    ),
    Parameter(
        "gp_weight",
        Float(1.0, 20.0, log=True),
        why="weight of what holds D's slope at 1; both papers take 10",
        when={"penalty": ("gradient-penalty", "dragan")},
    ),
    Parameter(
        "dragan_std",
        Float(0.05, 1.0, log=True),
        why="how far from data D's slope is held; images span -1 to 1",
        when={"penalty": ("dragan",)},
    ),
    Parameter(
        "penalty_interval",
        Choice((1, 4, 16)),
        why="penalties are dear: one in so many updates may do (1912.04958)",
        when={"penalty": ("r1", "r2", "r1+r2", "gradient-penalty", "dragan")},
    ),
)

ORTHOGONALITY = (
    Parameter(
        "g_orthogonal",
        Choice((0.0, 1e-4)),
        why="keeps G's filters from repeating each other; the paper takes 1e-4 (1809.11096)",
    ),
    Parameter(
        "d_orthogonal",
        Choice((0.0, 1e-4)),
        why="keeps D's filters from repeating each other",
    ),
)
