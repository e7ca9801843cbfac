"""The one owner of every path inside a run folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrialPaths:
    """Where one trial keeps its files."""

    folder: Path

    @property
    def description(self) -> Path:
        """Parameters, seed and outcome of the trial."""
        return self.folder / "trial.json"

    @property
    def attempt(self) -> Path:
        """The number of the order that may write here."""
        return self.folder / "attempt"

    @property
    def evaluations(self) -> Path:
        """One JSON line for each evaluation."""
        return self.folder / "evaluations.jsonl"

    @property
    def rollbacks(self) -> Path:
        """Each return to an earlier checkpoint; missing where there was none."""
        return self.folder / "rollbacks.json"

    @property
    def between(self) -> Path:
        """The full state as it was saved between two evaluations, with the losses so far."""
        return self.folder / "between"

    @property
    def checkpoints(self) -> Path:
        """Full resumable states and EMA snapshots."""
        return self.folder / "checkpoints"

    def milestone(self, nimg: int) -> Path:
        """The full state after ``nimg`` images, from which another trial may go on."""
        return self.milestones / f"{nimg:012d}"

    @property
    def milestones(self) -> Path:
        """Full states from which other trials may go on."""
        return self.folder / "milestones"

    @property
    def samples(self) -> Path:
        """Grids of fakes from a fixed z."""
        return self.folder / "samples"

    def sample_grid(self, nimg: int) -> Path:
        """The grid drawn after ``nimg`` images."""
        return self.samples / f"{nimg:09d}.png"

    @property
    def classes(self) -> Path:
        """Grids of fakes with a row for each class, where the trial is conditioned on them."""
        return self.folder / "classes"

    def class_grid(self, nimg: int) -> Path:
        """The grid by class drawn after ``nimg`` images."""
        return self.classes / f"{nimg:09d}.png"

    def snapshot(self, nimg: int) -> Path:
        """The EMA generator after ``nimg`` images, as a model folder."""
        return self.checkpoints / f"snapshot-{nimg:09d}"


@dataclass(frozen=True)
class RunPaths:
    """Where a sweep keeps its files."""

    root: Path

    @property
    def sweep(self) -> Path:
        """The resolved configuration, written before any work."""
        return self.root / "sweep.yaml"

    @property
    def protocol(self) -> Path:
        """What the scores of all trials are measured by."""
        return self.root / "protocol.json"

    @property
    def journal(self) -> Path:
        """Append-only events: the truth for resume."""
        return self.root / "journal.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the process that drives the sweep."""
        return self.root / ".lock"

    @property
    def driver(self) -> Path:
        """Says which process that is, and that it lives."""
        return self.root / ".driver.json"

    @property
    def trials(self) -> Path:
        """One folder for each trial."""
        return self.root / "trials"

    def trial(self, trial_id: str) -> TrialPaths:
        """The folder of one trial."""
        return TrialPaths(self.trials / trial_id)

    @property
    def tables(self) -> Path:
        """Both tables, and the manifest that vouches for them."""
        return self.root / "tables"

    @property
    def trials_table(self) -> Path:
        """One row for each trial."""
        return self.tables / "trials.parquet"

    @property
    def evaluations_table(self) -> Path:
        """One row for each evaluation of each trial."""
        return self.tables / "evaluations.parquet"

    @property
    def tensorboard(self) -> Path:
        """Event files, one folder for each trial."""
        return self.root / "tensorboard"

    @property
    def best(self) -> Path:
        """The generator that the sweep hands over."""
        return self.root / "best"

    @property
    def real_samples(self) -> Path:
        """A grid of real samples, to hold the fakes against."""
        return self.root / "real.png"

    @property
    def report(self) -> Path:
        """The page that tells the sweep's story."""
        return self.root / "report.html"
