from pathlib import Path

import pytest

from gan_models.metrics.perfect import perfect_coverage
from orchestrator.curves.run_folder import RecordedSweep, recorded_sweep
from orchestrator.errors import ConfigError
from orchestrator.paths import RunPaths
from orchestrator.run_folder import open_history, open_protocol


@pytest.fixture
def sweep(finished_sweep: RunPaths) -> RecordedSweep:
    found = recorded_sweep(finished_sweep.root)
    assert found is not None
    return found


def test_a_sweep_is_found_from_its_folder_and_from_all_within(finished_sweep: RunPaths) -> None:
    for path in (finished_sweep.root, finished_sweep.evaluations_table, finished_sweep.tensorboard):
        found = recorded_sweep(path)
        assert found is not None
        assert found.paths.root == finished_sweep.root.resolve()
        assert found.config.budget.nimg_per_trial == 2000


def test_a_spec_beside_curves_makes_no_run_folder(tmp_path: Path, finished_sweep: RunPaths) -> None:
    (tmp_path / "sweep.yaml").write_bytes(finished_sweep.sweep.read_bytes())
    assert recorded_sweep(tmp_path / "curves.csv") is None
    assert recorded_sweep(tmp_path) is None


def test_the_folder_holds_the_curves_of_its_table(sweep: RecordedSweep) -> None:
    trials = open_history(sweep.paths).trials
    curves = sweep.read_curves(sweep.paths.root)
    assert {run: [row.fid for row in rows] for run, rows in curves.items()} == {
        name: [row.fid for row in trial.evaluations] for name, trial in trials.items()
    }


def test_images_are_counted_in_tensorboard_files_too(sweep: RecordedSweep) -> None:
    from_table = sweep.read_curves(sweep.paths.evaluations_table)
    from_events = sweep.read_curves(sweep.paths.tensorboard)
    assert {run: [row.nimg for row in rows] for run, rows in from_events.items()} == {
        run: [row.nimg for row in rows] for run, rows in from_table.items()
    }


def test_a_sweep_without_a_table_yet_is_refused(tmp_path: Path, sweep: RecordedSweep) -> None:
    running = RecordedSweep(RunPaths(tmp_path), sweep.config)
    with pytest.raises(ConfigError, match=r"evaluations\.parquet: no such file"):
        running.read_curves(tmp_path)


def test_the_coverage_of_real_samples_is_that_of_the_trials(sweep: RecordedSweep) -> None:
    protocol = open_protocol(sweep.paths)
    expected = perfect_coverage(protocol.n_real, protocol.n_fake, protocol.k)
    assert sweep.reference_coverage() == expected != 0.96875
