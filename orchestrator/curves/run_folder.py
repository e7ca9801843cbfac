"""The curves that a sweep recorded, and by what it judged them."""

from dataclasses import dataclass, replace
from pathlib import Path

from gan_models.data.dataset import Split
from gan_models.data.load import load_splits
from gan_models.metrics.neighbours import DEFAULT_K
from gan_models.metrics.perfect import perfect_coverage
from orchestrator.config.load import load_config
from orchestrator.config.model import SweepConfig
from orchestrator.curves.read import read_curves
from orchestrator.paths import RunPaths
from orchestrator.records import Evaluation


@dataclass(frozen=True)
class RecordedSweep:
    """A run folder as its curves are judged: what was recorded, and the spec it ran by."""

    paths: RunPaths
    config: SweepConfig

    def read_curves(self, path: Path) -> dict[str, list[Evaluation]]:
        """Read the curves in ``path``: the run folder itself, or anything inside it.

        Raises:
            ConfigError: if there is nothing to read, or something that is no curve.
        """
        if path.resolve() == self.paths.root:
            return read_curves(self.paths.evaluations_table)
        curves = read_curves(path)
        if not path.is_dir():
            return curves
        # The step of a sweep's TensorBoard files is the count of images.
        return {run: [replace(row, nimg=row.step) for row in rows] for run, rows in curves.items()}

    def reference_coverage(self) -> float:
        """Return the coverage of a perfect generator, as the sweep's trials took it.

        Raises:
            DataError: if the data of the sweep cannot be read any more.
        """
        num_real = len(load_splits(self.config.source)[Split.SELECT])
        return perfect_coverage(num_real, self.config.evaluation.samples, DEFAULT_K)


def recorded_sweep(path: Path) -> RecordedSweep | None:
    """Return the sweep in whose run folder ``path`` lies, or which it is; None for other curves.

    A spec that merely lies beside some curves makes no run folder of them: a sweep has a journal
    or a table, too.

    Raises:
        ConfigError: if the spec in the run folder cannot be used.
    """
    path = path.resolve()
    for paths in map(RunPaths, (path, *path.parents)):
        has_run = paths.journal.is_file() or paths.evaluations_table.is_file()
        if has_run and paths.sweep.is_file():
            return RecordedSweep(paths, load_config(paths.sweep))
    return None
