"""Learning rates as a pure function of progress, so that nothing needs to be saved."""

from math import cos, pi

from gan_models.config import GanConfig


def rate_factor(config: GanConfig, nimg: int) -> float:
    """Return what multiplies both learning rates once D has seen ``nimg`` images, 1 at the most.

    It grows linearly through ``lr_warmup_kimg``, then falls to ``lr_floor`` until
    ``lr_decay_kimg`` and stays there: linearly, or along half a cosine (1608.03983, eq. 5).
    """
    warmup_nimg, decay_nimg = 1000 * config.lr_warmup_kimg, 1000 * config.lr_decay_kimg
    if nimg < warmup_nimg:
        return nimg / warmup_nimg
    if config.lr_schedule == "constant":
        return 1.0
    done = min(1.0, (nimg - warmup_nimg) / (decay_nimg - warmup_nimg))
    left = 1.0 - done if config.lr_schedule == "linear" else 0.5 * (1.0 + cos(pi * done))
    return config.lr_floor + (1.0 - config.lr_floor) * left


def is_scheduled(config: GanConfig) -> bool:
    """Say whether learning rates move at all."""
    return config.lr_schedule != "constant" or config.lr_warmup_kimg > 0
