"""Everything that the report shows of a sweep, as one plain value read from its run folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

import yaml

from orchestrator.errors import RunFolderError
from orchestrator.history import SweepHistory, format_faults
from orchestrator.journal import open_events
from orchestrator.leaderboard import LeaderboardRow, leaderboard
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import Evaluation, StoppedBy, TrialRecord, TrialStatus
from orchestrator.trial_history import TrialHistory


@dataclass(frozen=True, kw_only=True)
class TrialView:
    """One trial: its line on the leaderboard, its parameters, its curve and its latest grid."""

    row: LeaderboardRow
    params: Mapping[str, Any]
    seed: int
    curve: tuple[Evaluation, ...]
    grid_png: bytes | None


@dataclass(frozen=True, kw_only=True)
class RunView:
    """A sweep as the report tells it; trials stand in the order of the leaderboard.

    ``saved_kimg`` is the budget that stopped trials left unused. ``real_fid`` is what real
    samples score against other real ones, NaN where that is not known. ``proposing_end`` says why
    fewer trials were proposed than planned, None where that is not so. ``faults`` counts the
    attempts that were lost by class, as text. Grids are PNG bytes; ``classes_png`` has a row for
    each class that the winner knows.
    """

    name: str
    data: str
    num_planned: int
    num_by_status: Mapping[TrialStatus, int]
    budget_kimg: float
    spent_kimg: float
    saved_kimg: float
    num_protocols: int
    faults: str
    proposing_end: str | None
    trials: tuple[TrialView, ...]
    selection: Mapping[str, Any] | None
    certificate: Mapping[str, Any] | None
    winner_png: bytes | None
    classes_png: bytes | None
    real_png: bytes | None

    @property
    def has_classes(self) -> bool:
        """Whether any trial was scored by class."""
        return any(isfinite(trial.row.class_coverage) for trial in self.trials)

    @property
    def num_done(self) -> int:
        """How many trials will never run again."""
        return sum(count for status, count in self.num_by_status.items() if status.is_finished)

    @property
    def num_lost_attempts(self) -> int:
        """How many attempts at trials ended by surprise."""
        return sum(len(trial.row.lost_attempts) for trial in self.trials)

    @property
    def is_finished(self) -> bool:
        """Whether a generator was selected and certified."""
        return self.certificate is not None

    @property
    def shared_params(self) -> dict[str, Any]:
        """Parameters that have one value in every trial."""
        first, *others = [trial.params for trial in self.trials] or [{}]
        return {
            name: value
            for name, value in first.items()
            if all(name in params and params[name] == value for params in others)
        }

    @property
    def real_fid(self) -> float:
        """What real samples score against other real ones; NaN where that is not known."""
        return number(self.certificate, "real_fid")

    @property
    def floor_fid(self) -> float:
        """About what as many real samples as there are fakes would score, or NaN.

        There are seldom so many reals to measure it with, so what ``n_chunk`` of them score is
        brought to the count of the fakes by the 1 / n law of the finite-sample bias (1911.07023).
        """
        n_chunk, n_fake, n_real = (
            number(self.certificate, name) for name in ("n_chunk", "n_fake", "n_real")
        )
        return self.real_fid * (1 / n_fake + 1 / n_real) / (1 / n_chunk + 1 / n_real)

    @property
    def ratio_to_real(self) -> float:
        """The winner's FID over that of real samples, both at the same sample count, or NaN."""
        at_same_count = number(self.certificate, "fid_at_real_n")
        return at_same_count / self.real_fid if self.real_fid > 0 else nan


def load_view(paths: RunPaths) -> RunView:
    """Read what the report shows from a run folder, finished or not.

    Raises:
        RunFolderError: if the folder holds no sweep, or its ``sweep.yaml`` cannot be read.
        JournalError: if the journal is damaged.
    """
    history = SweepHistory.replay(open_events(paths))
    return build_view(_load_spec(paths.sweep), history, paths)


def build_view(spec: Mapping[str, Any], history: SweepHistory, paths: RunPaths) -> RunView:
    """Join a sweep's resolved spec, its history and the pictures in its folder."""
    records = history.records
    budget_kimg = number(_section(spec, "budget"), "kimg_per_trial")
    is_closed = history.proposing_end is not None
    return RunView(
        name=str(spec.get("name", paths.root.resolve().name)),
        data=_data_name(_section(spec, "data")),
        num_planned=len(records) if is_closed else max(_num_to_plan(spec), len(records)),
        num_by_status=Counter(record.status for record in records),
        budget_kimg=budget_kimg,
        spent_kimg=sum(record.nimg for record in records) / 1000,
        saved_kimg=sum(_saved_kimg(record, budget_kimg) for record in records),
        num_protocols=len({row.protocol for row in history.evaluations}),
        faults=format_faults(history.faults),
        proposing_end=(history.proposing_end or {}).get("reason"),
        trials=tuple(_trial(row, history, paths) for row in leaderboard(history)),
        selection=history.selection,
        certificate=history.certificate,
        winner_png=_winner_png(history, paths),
        classes_png=_classes_png(history, paths),
        real_png=_read_png(paths.real_samples),
    )


def number(values: Mapping[str, Any] | None, key: str) -> float:
    """Return a number of a mapping that may lack it, or be lacking; NaN then."""
    value = (values or {}).get(key)
    return float(value) if isinstance(value, int | float) else nan


def _load_spec(path: Path) -> Mapping[str, Any]:
    try:
        spec = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise RunFolderError(f"{path.parent}: not a run folder (it holds no {path.name})") from None
    except yaml.YAMLError as error:
        raise RunFolderError(f"{path}: not readable as YAML ({error})") from error
    if not isinstance(spec, dict):
        raise RunFolderError(f"{path}: must be a mapping, is {type(spec).__name__}")
    return spec


def _section(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = spec.get(key)
    return value if isinstance(value, dict) else {}


def _num_to_plan(spec: Mapping[str, Any]) -> int:
    """Count the trials that a spec asks for, the finalists' replicates among them."""
    rule, trials = _section(spec, "selection"), int(_section(spec, "search").get("trials", 0))
    num_trials = min(trials, int(_section(spec, "budget").get("max_trials") or trials))
    finalists = min(int(rule.get("finalists", 0)), num_trials)
    return num_trials + finalists * int(rule.get("retrain_seeds", 0))


def _data_name(data: Mapping[str, Any]) -> str:
    return str(data.get("name") or data.get("path") or "unnamed data")


def _saved_kimg(record: TrialRecord, budget_kimg: float) -> float:
    is_stopped = record.status is TrialStatus.STOPPED and isfinite(budget_kimg)
    if record.stopped_by is StoppedBy.CAP:
        return 0.0  # that was not a decision about this trial
    return max(budget_kimg - record.nimg / 1000, 0.0) if is_stopped else 0.0


def _trial(row: LeaderboardRow, history: SweepHistory, paths: RunPaths) -> TrialView:
    trial: TrialHistory = history.trials[row.trial_id]
    return TrialView(
        row=row,
        params=trial.record.params,
        seed=trial.record.seed,
        curve=tuple(trial.evaluations),
        grid_png=_latest_png(paths.trial(row.trial_id)),
    )


def _latest_png(trial: TrialPaths) -> bytes | None:
    grids = sorted(trial.samples.glob("*.png"))
    return _read_png(grids[-1]) if grids else None


def _winner_png(history: SweepHistory, paths: RunPaths) -> bytes | None:
    selection = history.selection or {}
    if "trial_id" not in selection:
        return None
    trial = paths.trial(selection["trial_id"])
    candidates: Sequence[bytes | None] = (
        _read_png(paths.best / "samples.png"),
        _read_png(trial.sample_grid(int(selection.get("snapshot_nimg") or 0))),
        _latest_png(trial),
    )
    return next((png for png in candidates if png), None)


def _classes_png(history: SweepHistory, paths: RunPaths) -> bytes | None:
    selection = history.selection or {}
    if "trial_id" not in selection:
        return None
    drawn = paths.trial(selection["trial_id"]).class_grid(int(selection.get("snapshot_nimg") or 0))
    return _read_png(paths.best / "classes.png") or _read_png(drawn)


def _read_png(path: Path) -> bytes | None:
    """Read a picture; None where it is missing or torn: the report goes on without it."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    return content if content.startswith(b"\x89PNG") and b"IEND" in content[-12:] else None
