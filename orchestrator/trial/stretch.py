"""The training since a trial's last evaluation, which may be saved on the way to the next.

A trial that goes on from there comes to the same row as one that was not interrupted. What was
saved counts only while the trial still stands where that stretch began; damaged, it is passed over.
"""

import time
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any, NamedTuple, Self

from gan_models.config import GanConfig
from gan_models.errors import DamageError
from gan_models.files import discard
from gan_models.manifest import read_sealed, write_sealed
from gan_models.training.checkpoint import (
    checkpoints,
    latest_nimg,
    restore_latest,
    save_checkpoint,
    verified_checkpoint,
)
from gan_models.training.loop import Progress
from gan_models.training.state import TrainState
from orchestrator.records import json_ready
from orchestrator.trial.meter import LossWindow

_FILE = "stretch.json"


class Beginning(NamedTuple):
    """Where a stretch begins: after how many images, roll backs and exchanges of weights."""

    nimg: int
    num_rollbacks: int
    num_exploits: int


@dataclass
class Stretch:
    """Training since the last evaluation; ``earlier_s`` is what earlier attempts spent on it."""

    beginning: Beginning
    window: LossWindow
    earlier_s: float
    start_s: float

    @classmethod
    def resume(
        cls, folder: Path, state: TrainState, config: GanConfig, *, beginning: Beginning
    ) -> Self:
        """Bring ``state`` to where this stretch was saved, or begin it where the state stands."""
        saved = _saved(folder, beginning)
        window, earlier_s = LossWindow(), 0.0
        if saved is not None and restore_latest(folder, state, config):
            sums = {name: nan if total is None else total for name, total in saved["sums"].items()}
            window, earlier_s = LossWindow(**sums), saved["seconds"]
        return cls(beginning, window, earlier_s, time.perf_counter())

    @property
    def seconds(self) -> float:
        """How long it has been trained on, by all attempts."""
        return self.earlier_s + time.perf_counter() - self.start_s

    def add(self, progress: Progress) -> None:
        """Take in one round."""
        self.window.add(progress)

    def save(self, folder: Path, state: TrainState, config: GanConfig) -> None:
        """Save the state in place of what was saved before."""
        if folder.exists():
            discard(folder)
        folder.mkdir(parents=True)
        facts = {"beginning": list(self.beginning), "nimg": state.nimg, "seconds": self.seconds}
        write_sealed(folder / _FILE, {**facts, "sums": json_ready(self.window.sums())})
        save_checkpoint(folder, state, config)


def _saved(folder: Path, beginning: Beginning) -> dict[str, Any] | None:
    try:
        facts = read_sealed(folder / _FILE)
    except DamageError:
        return None
    if facts["beginning"] != list(beginning) or facts["nimg"] != latest_nimg(folder):
        return None
    try:
        verified_checkpoint(checkpoints(folder)[-1])  # not one that lies there from before
    except DamageError:
        return None
    return facts
