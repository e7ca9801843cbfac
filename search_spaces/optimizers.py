"""What may vary in how the game is played: learning rates, momentum, the rhythm of D and G."""

from search_spaces.domains import Choice, Domain, Float, Integer
from search_spaces.parameter import Parameter


def learning_rates(domain: Domain) -> tuple[Parameter, Parameter]:
    """Declare Adam's learning rates of D and G over one domain."""
    return (
        Parameter("d_lr", domain, why="how fast D learns; it must lead G, not by too much"),
        Parameter("g_lr", domain, why="how fast G learns; too fast and it hops between modes"),
    )


WIDE = learning_rates(Float(1e-5, 1e-2, log=True))
MODERATE = learning_rates(Float(2e-4, 5e-3, log=True))
BRISK = learning_rates(Float(5e-4, 5e-3, log=True))  # for runs of minutes

MOMENTUM = (
    Parameter(
        "beta1",
        Choice((0.0, 0.5, 0.9)),
        why="Adam's momentum: opponents that move make old gradients misleading",
    ),
)

RHYTHM = (Parameter("d_steps", Integer(1, 4), why="D updates for each round of G: a better judge"),)
SHORT_RHYTHM = (
    Parameter("d_steps", Integer(1, 2), why="D updates for each round of G: a better judge"),
)

AVERAGING = (
    Parameter(
        "ema_half_life_kimg",
        Float(0.1, 20.0, log=True),
        why="how long the averaged G remembers: longer is smoother and later",
    ),
)
