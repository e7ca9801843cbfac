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

RAMP = (
    Parameter(
        "ema_ramp",
        Choice((0.0, 0.05)),
        why="lets the averaged G forget the untrained one sooner (1912.04958 takes 0.05)",
    ),
)


def schedules(decay_kimg: Domain) -> tuple[Parameter, ...]:
    """Declare how learning rates move; ``decay_kimg`` should end where the budget does, or later.

    Its lowest value must exceed the longest warm-up, of 5 kimg.
    """
    return (
        Parameter(
            "lr_schedule",
            Choice(("constant", "linear", "cosine")),
            why="rates that decay let the game settle, and an early winner stay",
        ),
        Parameter(
            "lr_decay_kimg",
            decay_kimg,
            why="where the decay ends: too early, and nothing is learnt any more",
            when={"lr_schedule": ("linear", "cosine")},
        ),
        Parameter(
            "lr_warmup_kimg",
            Choice((0.0, 1.0, 5.0)),
            why="small first steps, until Adam knows how large gradients are",
        ),
    )


SCHEDULES = schedules(Float(50.0, 1000.0, log=True))

CLIPPING = (
    Parameter(
        "grad_clip_norm",
        Choice((0.0, 1.0, 10.0)),
        why="bounds what one bad batch can do; Adam's own scale makes it rarely matter",
    ),
)
