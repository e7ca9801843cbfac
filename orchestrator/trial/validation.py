"""The door through which a trial's messages come in: what is not as agreed is named and refused."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from math import isfinite
from reprlib import repr as shorten
from typing import Any

from orchestrator.records import (
    Action,
    Adjustment,
    Evaluation,
    FaultKind,
    StoppedBy,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.trial.spec import Activity, Message

_MAX_WHOLE = 2**53  # so that every reader of the tables has it exactly
_MAX_FLOAT = sys.float_info.max
_MAX_FID = 1e30  # beyond, squares of its logarithm's neighbours are not finite
_TYPES = {spec.name: spec.type for spec in fields(Evaluation)}
_ENDS_AFTER_NAN = (Action.STOP_KEEP_BEST, Action.STOP_REJECT, Action.ROLL_BACK)


class MessageError(ValueError):
    """A message that is not as agreed; names the value, and the class of the fault."""

    def __init__(self, text: str, fault: FaultKind = FaultKind.BAD_CODE) -> None:
        super().__init__(text)
        self.fault = fault


def check_message(message: Message) -> None:
    """Check that a message is of a known kind and that everything in it can be meant.

    Raises:
        MessageError: otherwise; of class ``non_finite`` for an FID that is no number although the
            trial goes on, of class ``bad_code`` for anything else.
    """
    kind = message.get("kind") if isinstance(message, Mapping) else None
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        raise MessageError(f"kind = {shorten(kind)}: must be one of {', '.join(_CHECKS)}")
    try:
        check(message)
    except MessageError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        missing = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise MessageError(f"a message '{kind}' that cannot be read: {missing}") from error


def _check_started(message: Message) -> None:
    for name in ("node", "host"):
        if not isinstance(message.get(name, ""), str):
            raise MessageError(f"{name} = {shorten(message[name])}: must be text")
    if message.get("pid") is not None:
        _check_whole("pid", message["pid"])


def _check_alive(message: Message) -> None:
    Activity(message["activity"])


def _check_evaluated(message: Message) -> None:
    row, verdict = message["evaluation"], Verdict.from_mapping(message["verdict"])
    if not isinstance(row, Mapping):
        raise MessageError(f"evaluation = {shorten(row)}: must be a mapping")
    for name in ("run", "step", "fid"):
        if name not in row:
            raise MessageError(f"{name} is missing from the evaluation")
    for name, value in row.items():
        if name in _TYPES and not (value is None and name != "step"):
            _CHECK_OF_TYPE[_TYPES[name]](name, value)
    _check_whole("num_rollbacks", message.get("num_rollbacks", 0))
    _check_fid(row["fid"], row["step"], verdict)


def _check_fid(fid: float | None, step: int, verdict: Verdict) -> None:
    is_number = fid is not None and isfinite(fid)
    if is_number and not -_MAX_FID < float(fid or 0.0) < _MAX_FID:
        raise MessageError(f"fid = {shorten(fid)} at step {step}: no distance is that large")
    if not is_number and verdict.action not in _ENDS_AFTER_NAN:
        raise MessageError(
            f"fid = {shorten(fid)} at step {step}: not a number", FaultKind.NON_FINITE
        )


def _check_saved(message: Message) -> None:
    _check_whole("nimg", message["nimg"])


def _check_mended(message: Message) -> None:
    _check_text("note", message["note"])


def _check_adjusted(message: Message) -> None:
    Adjustment.from_mapping(message["adjustment"])


def _check_failed(message: Message) -> None:
    FaultKind(message["fault"])
    _check_text("reason", message["reason"])
    _check_text("cause", message.get("cause", ""))


def _check_finished(message: Message) -> None:
    status = TrialStatus(message["status"])
    if not status.is_finished:
        raise MessageError(f"status = '{status}': does not end a trial")
    StoppedBy(message["stopped_by"])
    _check_text("reason", message["reason"])
    if message["verdict"] is not None:
        VerdictKind(message["verdict"])


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise MessageError(f"{name} = {shorten(value)}: must be text")


def _check_truth_value(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise MessageError(f"{name} = {shorten(value)}: must be true or false")


def _check_whole(name: str, value: Any) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 0 <= value < _MAX_WHOLE:
        raise MessageError(f"{name} = {shorten(value)}: must be a whole number from 0 to 2**53")


def _check_number(name: str, value: Any) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MessageError(f"{name} = {shorten(value)}: must be a number")
    if isinstance(value, int) and abs(value) > _MAX_FLOAT:
        raise MessageError(f"{name} = {shorten(value)}: too large for a number")


_CHECK_OF_TYPE: dict[Any, Callable[[str, Any], None]] = {
    str: _check_text,
    bool: _check_truth_value,
    int: _check_whole,
    float: _check_number,
}
_CHECKS: dict[str, Callable[[Message], None]] = {
    "started": _check_started,
    "alive": _check_alive,
    "evaluated": _check_evaluated,
    "adjusted": _check_adjusted,
    "saved": _check_saved,
    "mended": _check_mended,
    "failed": _check_failed,
    "finished": _check_finished,
}
