"""The words that the live table and the plain lines have in common."""

from math import isfinite

from orchestrator.records import StoppedBy, TrialRecord

_ENDINGS = {
    StoppedBy.BUDGET: "ran its budget",
    StoppedBy.VERDICT: "stopped by verdict",
    StoppedBy.SCHEDULER: "outclassed",
    StoppedBy.ERROR: "failed",
}


def verdict_text(record: TrialRecord) -> str:
    """Return the verdict as words rather than as an identifier."""
    return record.verdict.replace("_", " ") if record.verdict else "–"


def ending_text(record: TrialRecord) -> str:
    """Say what ended a trial, or how it stands."""
    return _ENDINGS[record.stopped_by] if record.stopped_by else str(record.status)


def number_text(value: float, form: str) -> str:
    """Format a number; a dash where it was not measured."""
    return format(value, form) if isfinite(value) else "–"
