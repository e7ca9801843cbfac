"""One trial in TensorBoard: curves, sample grids, verdicts, and its line in the HParams table.

Written straight as event records, without a thread and without torch. Two habits of TensorBoard
2.21 shape the files. It reads a folder's files in the order of their names and keeps the first
HParams session that it meets, so the session has a small file of its own that sorts first and is
replaced at the end (a TensorBoard that was open all along shows the new verdict after a restart).
And it drops orphaned points of an earlier attempt only from the second session start on, so the
first attempt writes one, too.
"""

import struct
import time
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import metadata as hparams
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)
from tensorboard.plugins.image.metadata import create_summary_metadata as image_metadata
from tensorboard.plugins.text.metadata import create_summary_metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from gan_models.files import whole_file
from orchestrator.records import (
    Adjustment,
    Evaluation,
    Exploit,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.wording import format_exploit

SCALAR_TAGS = {
    "fid": "metrics/fid",
    "fid_a": "metrics/fid_first_half",
    "fid_b": "metrics/fid_second_half",
    "fid_debiased": "metrics/fid_debiased",
    "fid_standard_error": "metrics/fid_standard_error",
    "kid": "metrics/kid",
    "kid_standard_error": "metrics/kid_standard_error",
    "precision": "metrics/precision",
    "recall": "metrics/recall",
    "density": "metrics/density",
    "coverage": "metrics/coverage",
    "vendi": "metrics/vendi",
    "bins_differing_frac": "metrics/bins_differing_frac",
    "modes": "metrics/modes",
    "mode_entropy": "metrics/mode_entropy",
    "reverse_kl": "metrics/reverse_kl",
    "high_quality_frac": "metrics/high_quality_frac",
    "intra_fid": "metrics/intra_fid",
    "class_coverage": "metrics/class_coverage",
    "label_consistency": "metrics/label_consistency",
    "duality_gap": "metrics/duality_gap",
    "worst_d_value": "metrics/worst_d_value",
    "d_real_acc": "discriminator/real_accuracy",
    "d_heldout_acc": "discriminator/heldout_accuracy",
    "d_fake_acc": "discriminator/fake_accuracy",
    "d_real_logit": "discriminator/real_logit",
    "d_fake_logit": "discriminator/fake_logit",
    "d_loss": "loss/d",
    "g_loss": "loss/g",
    "d_grad_norm": "gradient_norm/d",
    "g_grad_norm": "gradient_norm/g",
    "ada_p": "discriminator/ada_p",
    "seconds": "time/seconds",
    "eval_seconds": "time/eval_seconds",
}
_ALWAYS_MEASURED = ("fid", "d_loss", "g_loss")
_SESSION_FILE = "events.out.tfevents.0000.hparams"
_SESSION_STATUS = {
    TrialStatus.COMPLETED: api_pb2.STATUS_SUCCESS,
    TrialStatus.STOPPED: api_pb2.STATUS_SUCCESS,
    TrialStatus.FAILED: api_pb2.STATUS_FAILURE,
}
_FILE_VERSION = "brain.Event:2"


class TrialBoard:
    """Writes one trial's event files; the horizontal axis (``step`` there) is images seen.

    Args:
        folder: the trial's own folder below the sweep's TensorBoard folder.
        trial_id: the name of the trial in the HParams table.
        params: the trial's parameters; those that are None or not finite are left out.
        purge_step: on resume, the count of images from which on (itself included) the points of
            earlier attempts are no longer shown; None keeps them all.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        folder: Path,
        *,
        trial_id: str,
        params: Mapping[str, Any],
        purge_step: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._trial_id, self._params, self._clock = folder, trial_id, params, clock
        self._start_s = clock()
        self._shown: set[str] = set(_ALWAYS_MEASURED)
        self._verdict: VerdictKind | None = None
        self._write_session("running")
        attempt = len(list(folder.glob(_attempt_file("*")))) + 1
        self._writer = RecordWriter((folder / _attempt_file(f"{attempt:04d}")).open("wb"))
        self._write(Event(file_version=_FILE_VERSION))
        if attempt == 1 or purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(step=purge_step or 0, session_log=start))

    def add(
        self, evaluation: Evaluation, verdict: Verdict, *, best: Evaluation | None = None
    ) -> None:
        """Show one evaluation, its verdict where that changed, and the best one so far.

        A NaN is written as a point, which TensorBoard marks; a number that was never finite in
        this trial does not apply to it and gets no chart.
        """
        points = {SCALAR_TAGS[name]: value for name, value in self._numbers(evaluation).items()}
        if best is not None:
            points |= _best_points(best)
        self._add_summary(evaluation.nimg, *map(_scalar, points, points.values()))
        if verdict.kind is not self._verdict:
            self._verdict = verdict.kind
            text = f"**{verdict.kind}**: {verdict.reason}"
            self._add_summary(evaluation.nimg, _text("verdict", text))
        self._writer.flush()

    def add_regime(self, ratio: tuple[int, int], lr_factor: float, nimg: int) -> None:
        """Show the updates of D and G in a round, and the factor of the learning rates."""
        tags = ("training/d_steps", "training/g_steps", "training/lr_factor")
        self._add_summary(nimg, *map(_scalar, tags, map(float, (*ratio, lr_factor))))
        self._writer.flush()

    def add_adjustment(self, adjustment: Adjustment) -> None:
        """Say why training goes on otherwise from here; after a roll back, show nothing later."""
        if adjustment.died_nimg is not None:
            restart = SessionLog(status=SessionLog.START)
            self._write(Event(step=adjustment.nimg + 1, session_log=restart))
        self._add_summary(adjustment.nimg, _text("adjusted", adjustment.reason))
        self._writer.flush()

    def add_exploit(self, exploit: Exploit) -> None:
        """Say whose weights the trial took over, and by what it has trained since."""
        self._add_summary(exploit.nimg, _text("exploited", format_exploit(exploit)))
        self._writer.flush()

    def add_samples(self, png: bytes, nimg: int, *, tag: str = "samples") -> None:
        """Show a grid of fakes, given as the bytes of a PNG file."""
        self._add_summary(nimg, _image(tag, png))
        self._writer.flush()

    def finish(self, verdict: VerdictKind | None, status: TrialStatus) -> None:
        """Put verdict and status into the HParams table; the best scores stand there already."""
        self._write_session(str(verdict or status))
        session_status = _SESSION_STATUS.get(status, api_pb2.STATUS_UNKNOWN)
        end = SessionEndInfo(status=session_status, end_time_secs=self._clock())
        self._add_summary(0, _session_value(hparams.SESSION_END_INFO_TAG, end))
        self._writer.flush()

    def close(self) -> None:
        """Close the event file; everything is on disk. May be called twice."""
        if not self._writer.closed:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _numbers(self, evaluation: Evaluation) -> dict[str, float]:
        numbers = {name: float(getattr(evaluation, name)) for name in SCALAR_TAGS}
        self._shown |= {name for name, value in numbers.items() if isfinite(value)}
        return {name: value for name, value in numbers.items() if name in self._shown}

    def _write_session(self, verdict: str) -> None:
        start = SessionStartInfo(group_name=self._trial_id, start_time_secs=self._start_s)
        for name, value in {**self._params, "verdict": verdict}.items():
            _set_hparam(start, name, value)
        summary = Summary(value=[_session_value(hparams.SESSION_START_INFO_TAG, start)])
        with whole_file(self._folder / _SESSION_FILE) as draft, draft.open("wb") as file:
            for event in (Event(file_version=_FILE_VERSION), Event(summary=summary)):
                event.wall_time = self._start_s
                RecordWriter(file).write(event.SerializeToString())

    def _add_summary(self, nimg: int, *values: Summary.Value) -> None:
        self._write(Event(step=nimg, summary=Summary(value=values)))

    def _write(self, event: Event) -> None:
        event.wall_time = self._clock()
        self._writer.write(event.SerializeToString())


def _attempt_file(attempt: str) -> str:
    """Name an attempt's file: by its number, so that TensorBoard reads attempts in order."""
    return f"events.out.tfevents.{attempt}.attempt"


def _best_points(best: Evaluation) -> dict[str, float]:
    """Return the metrics of the HParams table; one that does not apply stays empty there."""
    points = {"hparam/best_fid": best.fid, "hparam/best_coverage": best.coverage}
    return {tag: value for tag, value in points.items() if isfinite(value)}


def _set_hparam(start: SessionStartInfo, name: str, value: Any) -> None:
    """Set one parameter; None would hide whole trials in the table, so it is left out."""
    if isinstance(value, bool):
        start.hparams[name].bool_value = value
    elif isinstance(value, int | float):
        if isfinite(value):
            start.hparams[name].number_value = value
    elif value is not None:
        start.hparams[name].string_value = str(value)


def _session_value(tag: str, info: SessionStartInfo | SessionEndInfo) -> Summary.Value:
    field = "session_start_info" if isinstance(info, SessionStartInfo) else "session_end_info"
    metadata = hparams.create_summary_metadata(HParamsPluginData(**{field: info}))
    return Summary.Value(tag=tag, metadata=metadata, tensor=hparams.NULL_TENSOR)


def _scalar(tag: str, value: float) -> Summary.Value:
    return Summary.Value(tag=tag, simple_value=value)


def _text(tag: str, markdown: str) -> Summary.Value:
    return _strings(tag, [markdown.encode()], text_metadata(display_name=None, description=None))


def _image(tag: str, png: bytes) -> Summary.Value:
    width, height = struct.unpack(">II", png[16:24])  # the first chunk of a PNG is its header
    content = [str(width).encode(), str(height).encode(), png]
    return _strings(tag, content, image_metadata(display_name=None, description=None))


def _strings(tag: str, content: list[bytes], metadata: SummaryMetadata) -> Summary.Value:
    tensor = make_tensor_proto(content, dtype=DT_STRING)
    return Summary.Value(tag=tag, metadata=metadata, tensor=tensor)
