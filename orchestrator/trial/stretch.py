"""What a trial knows of its training since the last evaluation, so that it may be saved in between.

With it a trial that is interrupted there goes on to the same row as one that is not.
"""

import json
import time
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Self

from gan_models.files import write_json
from gan_models.training.loop import Progress
from orchestrator.records import json_ready
from orchestrator.trial.meter import LossWindow


@dataclass
class Stretch:
    """Training since the last evaluation; ``earlier_s`` is what earlier attempts spent on it."""

    window: LossWindow
    earlier_s: float
    start_s: float

    @classmethod
    def resume(cls, path: Path, nimg: int) -> Self:
        """Go on with the stretch that was recorded at ``nimg`` images, or begin one."""
        recorded = json.loads(path.read_text("utf-8")) if path.exists() else {}
        window, earlier_s = LossWindow(), 0.0
        if recorded.get("nimg") == nimg:  # not of a state that did not get to the disk, or is old
            sums = {name: nan if sum_ is None else sum_ for name, sum_ in recorded["sums"].items()}
            window, earlier_s = LossWindow(**sums), recorded["seconds"]
        return cls(window, earlier_s, time.perf_counter())

    @property
    def seconds(self) -> float:
        """How long it has been trained on, by all attempts."""
        return self.earlier_s + time.perf_counter() - self.start_s

    def add(self, progress: Progress) -> None:
        """Take in one round."""
        self.window.add(progress)

    def record(self, path: Path, nimg: int) -> None:
        """Write it down; the state that it belongs to is saved after it."""
        sums = json_ready(self.window.sums())
        write_json(path, {"nimg": nimg, "sums": sums, "seconds": self.seconds})
