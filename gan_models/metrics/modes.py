"""Which modes of the real distribution fakes reach, and how evenly."""

from dataclasses import dataclass, replace
from math import ceil, log, nan

import torch
from torch import Tensor

from gan_models.features.base import ModeAssigner

_FOUND_FRAC_OF_FAIR_SHARE = 0.1


@dataclass(frozen=True)
class ModeScores:
    """``modes`` found, their entropy over its maximum, and the share of samples in any mode.

    ``reverse_kl`` is that of the samples within modes from equal modes, in nats.
    """

    modes: float = nan
    mode_entropy: float = nan
    high_quality_frac: float = nan
    reverse_kl: float = nan


def mode_scores(assignment: Tensor, num_modes: int) -> ModeScores:
    """Score N mode indices (−1: none) of a distribution with ``num_modes`` equal modes.

    A mode counts as found when it holds a tenth of its fair share N / K, and at least one sample:
    20 of 2000 for 10 digits, 1 of 5000 for 1000 stacked digits. A fixed count would depend on N;
    "at least one" lets noise, or a classifier's errors, find every mode.

    Entropy H and reverse divergence are those of the M samples within modes, NaN if there are
    none: H / ln K, and KL(p̂ ‖ uniform) = ln K − H as in PacGAN (Lin et al., 1712.04086). The latter
    is ln K for a single mode, and about (K − 1) / 2M for a perfect generator once M exceeds 10 K.
    """
    found = assignment[assignment >= 0]
    counts = torch.bincount(found, minlength=num_modes)
    needed = max(1, ceil(_FOUND_FRAC_OF_FAIR_SHARE * len(assignment) / num_modes))
    return ModeScores(
        modes=float((counts >= needed).sum()),
        mode_entropy=_normalised_entropy(counts),
        high_quality_frac=len(found) / len(assignment),
        reverse_kl=_reverse_kl(counts),
    )


def score_modes(assigner: ModeAssigner | None, stored: Tensor) -> ModeScores:
    """Assign and score; the high-quality share is NaN where the assigner does not judge it.

    Without an assigner all scores are NaN.
    """
    if assigner is None:
        return ModeScores()
    scores = mode_scores(assigner(stored), assigner.num_modes)
    if assigner.judges_quality:
        return scores
    return replace(scores, high_quality_frac=nan)


def _normalised_entropy(counts: Tensor) -> float:
    if not counts.any():
        return nan
    return _entropy(counts) / log(len(counts)) if len(counts) > 1 else 1.0


def _reverse_kl(counts: Tensor) -> float:
    if not counts.any():
        return nan
    return max(0.0, log(len(counts)) - _entropy(counts))  # rounding leaves zeros of either sign


def _entropy(counts: Tensor) -> float:
    return float(torch.special.entr(counts.double() / counts.sum()).sum())
