"""What the draw of one of the two sets does to their Fréchet distance: bias and standard error.

Notation of :mod:`gan_models.metrics.frechet_error`. Samples drawn with a fixed number from each
class (a stratified split) vary less than samples drawn at random: whatever is between the classes
stays put. Moments are then taken within classes, p_c being a class's share, C classes in all:

    b = tr S_w + ½ Σ_ij V_ij / (s_i s_j (s_i + s_j)) + tr (1 − T)(S − S_w),
    V_ij = E[y_i² y_j²] − Σ_c p_c E_c[y_i y_j]²,   S_w = Σ_c p_c S_c,

and ψ scatters within classes only. The last term of b is there because S is estimated as if the
samples were drawn at random. Random samples are one class, where it vanishes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.metrics.symmetric import gram

_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class View:
    """How one set is looked at beside the other.

    ``whitening`` (d x r) gives z = y / s, of variance 1 in each of r directions; ``roots`` are the
    s, and ``shift`` is this set's mean less the other's.
    """

    mean: Tensor
    whitening: Tensor
    roots: Tensor
    shift: Tensor


@dataclass(frozen=True)
class SamplingError:
    """``bias`` is how much the draw raises the distance on average."""

    bias: float
    standard_error: float


@dataclass(frozen=True)
class _Stratum:
    """Sums over the samples of one class, in the view of its set."""

    num_samples: int
    fourth: Tensor  # Σ z_i² z_j²
    second: Tensor  # mean of z_i z_j
    within: float  # Σ |x − class mean|²
    between: float  # |class mean − mean|² beyond what T maps it to
    influence: float  # Σ (ψ − class mean of ψ)²


def sampling_error(features: Tensor, view: View, strata: Tensor | None = None) -> SamplingError:
    """Sum up one side.

    Args:
        features: n x d.
        view: with the mean of these features.
        strata: the class of each sample, where each class has a fixed number of them; None for
            samples drawn at random.
    """
    groups = [_gather(group, view) for group in _apart(features, strata)]
    num_samples, freedom = len(features), len(features) - len(groups)
    shares = [group.num_samples / num_samples for group in groups]
    spread = sum(
        group.fourth / num_samples - share * group.second.square()
        for group, share in zip(groups, shares, strict=True)
    ) * (num_samples / freedom)
    curvature = spread * torch.outer(view.roots, view.roots) / (view.roots + view.roots[:, None])
    within = sum(group.within for group in groups) / freedom
    between = sum(share * group.between for group, share in zip(groups, shares, strict=True))
    variance = sum(group.influence for group in groups) / freedom
    return SamplingError(
        bias=(within + float(curvature.sum()) / 2 + between) / num_samples,
        standard_error=(variance / num_samples) ** 0.5,
    )


def _apart(features: Tensor, strata: Tensor | None) -> Iterator[Tensor]:
    if strata is None:
        yield features
        return
    for stratum in strata.unique():
        yield features[strata == stratum]


def _gather(features: Tensor, view: View) -> _Stratum:
    fourth = torch.zeros(len(view.roots), len(view.roots), dtype=torch.float64)
    second, offset, influences, length = fourth.clone(), torch.zeros_like(view.mean), [], 0.0
    for chunk in features.split(_CHUNK_ROWS):
        centred = chunk.double() - view.mean
        white = centred @ view.whitening
        squares, lengths = white.square(), centred.square().sum(dim=1)
        fourth += gram(squares)
        second += gram(white)
        offset += centred.sum(dim=0)
        length += float(lengths.sum())
        influences.append(2 * (centred @ view.shift) + lengths - squares @ view.roots)
    num_samples, influence = len(features), torch.cat(influences)
    offset /= num_samples
    distance = float(offset.square().sum())
    return _Stratum(
        num_samples=num_samples,
        fourth=fourth,
        second=second / num_samples,
        within=length - num_samples * distance,
        between=distance - float((offset @ view.whitening).square() @ view.roots),
        influence=float((influence - influence.mean()).square().sum()),
    )
