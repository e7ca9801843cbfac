"""How far a Fréchet distance would move with other samples."""

import torch
from torch import Tensor

from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.seeds import torch_generator

_LEVEL = 0.95


def frechet_interval(
    real: Tensor, fakes: Tensor, *, seed: int, resamples: int = 200
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a Fréchet distance, resampling reals and fakes.

    Resampled sets repeat samples, which adds the metric's upward bias a second time: the
    distances D*_b lie around D + bias, not around D. The interval is therefore centred,
    [D + q(2.5 %) − mean D*, D + q(97.5 %) − mean D*], q being quantiles of D*. It is one for the
    distance at these sample counts, and wider than need be for fakes as good as real.

    Args:
        real: n x d features.
        fakes: m x d features.
        seed: of the draws.
        resamples: how many.

    Raises:
        MetricError: if features cannot be compared (see ``checked_features``).
    """
    point = frechet_distance(fit_gaussian(real), fakes)
    generator = torch_generator("cpu", seed, "bootstrap")
    distances = torch.tensor(
        [
            frechet_distance(fit_gaussian(_redraw(real, generator)), _redraw(fakes, generator))
            for _ in range(resamples)
        ],
        dtype=torch.float64,
    )
    tail = (1 - _LEVEL) / 2
    edges = torch.quantile(distances, torch.tensor([tail, 1 - tail], dtype=torch.float64))
    low, high = (point + edges - distances.mean()).clamp(min=0).tolist()
    return low, high


def _redraw(features: Tensor, generator: torch.Generator) -> Tensor:
    return features[torch.randint(len(features), (len(features),), generator=generator)]
