"""What may vary in the game: the losses of D and G, and the penalty that keeps D smooth.

The minimax loss of D equals the non-saturating one, so d_loss offers it once; the two differ in
G. A Wasserstein critic means nothing without its gradient penalty, hence the conditions.
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
