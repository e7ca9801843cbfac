"""How numbers, verdicts and endings are written wherever people read them."""

from math import isfinite

from orchestrator.records import (
    Adjustment,
    Exploit,
    LostAttempt,
    Retry,
    StoppedBy,
    TrialRecord,
    VerdictKind,
)

UNKNOWN = "—"

_ENDINGS = {
    StoppedBy.BUDGET: "ran its budget",
    StoppedBy.VERDICT: "stopped by verdict",
    StoppedBy.SCHEDULER: "outclassed",
    StoppedBy.CAP: "cut short by a cap",
    StoppedBy.ERROR: "failed",
}

_RETRIES = {
    Retry.SAME_PLACE: "begun again",
    Retry.ELSEWHERE: "begun again elsewhere",
    Retry.WHOLE_GPU: "begun again with a whole GPU",
    Retry.AFTER_RESUME: "left for a resume",
    Retry.NEVER: "given up",
}


def format_number(value: object, form: str) -> str:
    """Format a number; a dash for anything that is not a finite one.

    >>> format_number(0.95, ".3f"), format_number(float("nan"), ".3f")
    ('0.950', '—')
    """
    is_number = isinstance(value, int | float) and isfinite(value)
    return format(value, form) if is_number else UNKNOWN


def format_fid(value: object) -> str:
    """Write a Fréchet distance with three digits that count, also where the last one is zero.

    >>> format_fid(3.1), format_fid(38.0), format_fid(1234.5)
    ('3.10', '38.0', '1,234')
    """
    if not isinstance(value, int | float) or not isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    if 0 < abs(value) < 0.001:
        return f"{value:.2e}"
    num_decimals = next((n for n, top in ((4, 0.1), (3, 1), (2, 10), (1, 100)) if value < top), 0)
    return f"{value:,.{num_decimals}f}"


def format_kimg(value: object) -> str:
    """Write thousands of images, with a decimal only where there is one.

    >>> format_kimg(1600.0), format_kimg(12.5)
    ('1,600', '12.5')
    """
    return format_number(value, ",.1f").removesuffix(".0")


def format_verdict(verdict: VerdictKind | None) -> str:
    """Return a verdict as words rather than as an identifier."""
    return verdict.replace("_", " ") if verdict else UNKNOWN


def format_regime(adjustment: Adjustment) -> str:
    """Say by what a trial trains since an adjustment: ``D:G 2:1, learning rates x 0.5``."""
    ratio = f"D:G {adjustment.d_steps}:{adjustment.g_steps}"
    factor = adjustment.lr_factor
    return ratio if factor == 1 else f"{ratio}, learning rates x {factor:g}"


def format_adjustment(adjustment: Adjustment) -> str:
    """Say what was adjusted and why: ``rolled back, now D:G 1:1, learning rates x 0.5: ...``."""
    what = "ratio changed" if adjustment.died_nimg is None else "rolled back"
    return f"{what}, now {format_regime(adjustment)}: {adjustment.reason}"


def format_inheritance(exploit: Exploit) -> str:
    """Say what a trial took over: ``weights of ash at 50 kimg, d_lr 0.001 to 0.0012``."""
    changes = [
        f"{name} {_written(old)} to {_written(new)}" for name, (old, new) in exploit.changes.items()
    ]
    donor = f"weights of {exploit.donor} at {format_kimg(exploit.donor_nimg / 1000)} kimg"
    return ", ".join([donor, *changes])


def format_exploit(exploit: Exploit) -> str:
    """Say from what a trial went on and why: ``goes on from the weights of ash at …: reason``."""
    return f"goes on from the {format_inheritance(exploit)}: {exploit.reason}"


def format_lost_attempt(lost: LostAttempt) -> str:
    """Say how an attempt was lost and what followed: ``hung after 12 kimg on 10.0.0.5, …``."""
    where = f" on {lost.host}" if lost.host else ""
    return f"{lost.fault} after {format_kimg(lost.nimg / 1000)} kimg{where}, {_RETRIES[lost.retry]}"


def _written(value: object) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def format_ending(record: TrialRecord) -> str:
    """Say what ended a trial, or how it stands."""
    return _ENDINGS[record.stopped_by] if record.stopped_by else str(record.status)
