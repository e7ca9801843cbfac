"""What is compared: configurations of our own, each beside the row that was published or noted.

A recipe is named for what it adds to the plain one of its data set. The noted rows of stacked
digits were measured with hand-written networks of the same sizes on the same data; what differs in
ours is said in benchmarks/README.md.
"""

from dataclasses import dataclass, field
from typing import Any

Params = dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """Parameters beside those of the plain recipe, and what others found with the like."""

    params: Params = field(default_factory=dict)
    noted: str = ""


# D: conv 16, conv 32, linear. G: linear to 64 x 2 x 2, conv 32, conv 3, batch norm between.
STACKED_DIGITS: Params = {
    "network": "dcgan",
    "width": 64,
    "d_width": 32,
    "latent_dim": 64,
    "batch_size": 64,
    "penalty": "none",
    "beta1": 0.5,
    "beta2": 0.999,
    "ema_half_life_kimg": 0.0,
}
_BRISK = {"d_lr": 1e-3, "g_lr": 1e-3}
# The noted penalty has pixels in [0, 1], ours in [-1, 1]: its gradients are twice ours.
_R1 = {"penalty": "r1", "r1_gamma": 4.0}
_RELATIVISTIC = {"d_loss": "relativistic", "g_loss": "relativistic", "penalty": "r1+r2"}
_PAIRED = _RELATIVISTIC | _BRISK | {"r1_gamma": 4.0, "r2_gamma": 4.0}
_DISCRIMINATION = {"minibatch": "discrimination"}
# Half of the average is the last 312 updates: short enough to forget the first thousand.
_AVERAGE = {"ema_half_life_kimg": 20.0}

STACKED_DIGITS_RECIPES: dict[str, Recipe] = {
    "plain": Recipe(noted="2-13 modes, KL 5.6-6.7"),
    "pack2": Recipe({"pack": 2, "batch_size": 128}, "343-387 modes, KL 1.93-2.16"),
    "pack2-same-images": Recipe({"pack": 2}),
    "stddev": Recipe({"minibatch": "stddev"}),
    "discrimination": Recipe(_DISCRIMINATION),
    "discrimination-brisk": Recipe(_DISCRIMINATION | _BRISK),
    "discrimination-pack2": Recipe(_DISCRIMINATION | {"pack": 2}),
    "unroll1": Recipe({"unroll_steps": 1}),
    "replay": Recipe({"replay_frac": 0.5}),
    "r1": Recipe(_R1, "692-755 modes, KL .70-.99"),
    "r1-brisk": Recipe(_R1 | _BRISK, "842 modes, KL .58"),
    "relativistic": Recipe(_PAIRED, "895-907 modes, KL .42"),
    "relativistic-no-momentum": Recipe(_PAIRED | {"beta1": 0.0}),
    "relativistic-average": Recipe(_PAIRED | _AVERAGE),
    "discrimination-average": Recipe(_DISCRIMINATION | _AVERAGE),
}

# 3 hidden layers of 128 and z of 2, as the note's small networks for points.
POINTS: Params = {
    "network": "mlp",
    "width": 128,
    "depth": 3,
    "latent_dim": 2,
    "batch_size": 256,
    "penalty": "none",
    "d_lr": 5e-4,
    "g_lr": 5e-4,
    "beta1": 0.5,
    "beta2": 0.999,
    "ema_half_life_kimg": 0.0,
}
# High rates without momentum spread over the grid, their decay draws each mode together, and the
# penalty is light because D has to be steep around modes this narrow.
_PAIRED_POINTS = _RELATIVISTIC | {
    "r1_gamma": 0.06,
    "r2_gamma": 0.06,
    "d_lr": 4e-3,
    "g_lr": 4e-3,
    "beta1": 0.0,
    "beta2": 0.99,
    "lr_schedule": "cosine",
    "lr_decay_kimg": 2048.0,  # the script has it end with the training
}

# The rates and depth of the unrolled GAN's notebook: G runs away from a D that is ten times slower.
_SLOW_D = {"depth": 2, "d_lr": 1e-4, "g_lr": 1e-3}

POINTS_RECIPES: dict[str, Recipe] = {
    "plain": Recipe(noted="ring 1 / 6.3, grid 3.3 / 17.3"),
    "pack2": Recipe({"pack": 2, "batch_size": 512}, "ring 7.9, grid 23.8"),
    "unroll1": Recipe({"unroll_steps": 1}),
    "unroll5": Recipe({"unroll_steps": 5}, "ring 7.6, grid 23.6"),
    "slow-d": Recipe(_SLOW_D),
    "slow-d-unroll1": Recipe(_SLOW_D | {"unroll_steps": 1}),
    "slow-d-unroll5": Recipe(_SLOW_D | {"unroll_steps": 5}, "ring 7.6, grid 23.6"),
    "discrimination": Recipe(_DISCRIMINATION),
    "relativistic": Recipe(_PAIRED_POINTS),
}
