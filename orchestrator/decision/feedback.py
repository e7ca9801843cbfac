"""D's health: does G still learn from it? It explains a failure; it never declares success.

An accuracy near one half is no sign of convergence: in recorded runs it predicted nothing.
"""

from math import isfinite, nan, sqrt
from statistics import fmean, median

from orchestrator.decision.alarms import reference_log_fid
from orchestrator.decision.case import Case
from orchestrator.decision.noise import metric_noise
from orchestrator.records import Evaluation

_NUM_LATEST = 4  # evaluations over which an accuracy is averaged: one alone is coarse
_EARLY = slice(1, 8)  # evaluations in which G's gradient is as large as it should be
_SIGNIFICANT_SDS = 1.28 * sqrt(2.0)  # one-sided 10 %, of the difference of two measurements


def balanced_accuracy(row: Evaluation) -> float:
    """Return the mean of D's accuracies on reals and fakes, held-out reals where they were seen."""
    real = row.d_heldout_acc if isfinite(row.d_heldout_acc) else row.d_real_acc
    return (real + row.d_fake_acc) / 2.0


def recent_accuracy(case: Case, index: int) -> float:
    """Return the mean balanced accuracy of the latest evaluations; NaN where one is unknown."""
    latest = case.curve.rows[max(0, index + 1 - _NUM_LATEST) : index + 1]
    accuracies = [balanced_accuracy(row) for row in latest]
    return fmean(accuracies) if all(0.0 <= each <= 1.0 for each in accuracies) else nan


def is_uninformative(case: Case, index: int) -> bool:
    """Whether D tells reals from fakes hardly better than a coin, or worse."""
    return recent_accuracy(case, index) < case.rules.junk_accuracy


def gradient_left(case: Case, index: int) -> float:
    """Return the norm of G's gradient as a share of what it was early; NaN if unknown."""
    norms = [row.g_grad_norm for row in case.curve.rows[_EARLY] if isfinite(row.g_grad_norm)]
    if not norms or not median(norms) > 0.0:
        return nan
    return case.curve.rows[index].g_grad_norm / median(norms)


def is_overpowered(case: Case, index: int) -> bool:
    """Whether D is always right, G's gradient has vanished, and FID does not fall any more.

    One of them alone is normal: a lopsided D can still teach.
    """
    rules = case.rules
    if not recent_accuracy(case, index) > rules.overpowered_accuracy:
        return False
    if not gradient_left(case, index) < rules.overpowered_gradient_frac:
        return False
    fell = reference_log_fid(case.curve, index) - case.curve.log_fid[index]
    return not fell > _SIGNIFICANT_SDS * metric_noise(case.curve, index + 1, rules)


def accuracy_in_words(case: Case) -> str:
    """Say how well D does: ``D right on 0.52 of held-out reals and fakes``."""
    return f"D right on {recent_accuracy(case, case.last):.2f} of held-out reals and fakes"


def overfitting_in_words(case: Case) -> str:
    """Say that D knows its training reals by heart; nothing if it does not."""
    row = case.curve.rows[-1]
    if not row.d_real_acc - row.d_heldout_acc > case.rules.overfitted_gap:
        return ""
    return (
        f"; D overfits: right on {row.d_real_acc:.2f} of the reals it learnt from, "
        f"{row.d_heldout_acc:.2f} of others"
    )
