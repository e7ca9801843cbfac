from pathlib import Path

from orchestrator.paths import RunPaths

RUN = RunPaths(Path("runs/digits"))
TRIAL = RUN.trial("lusab-babad")


def test_a_run_folder_is_laid_out_as_it_is_documented() -> None:
    assert {
        RUN.sweep,
        RUN.journal,
        RUN.trials_table,
        RUN.evaluations_table,
        RUN.tensorboard,
        RUN.best,
        RUN.report,
        RUN.real_samples,
    } == {
        RUN.root / name
        for name in (
            "sweep.yaml",
            "journal.jsonl",
            "tables/trials.parquet",
            "tables/evaluations.parquet",
            "tensorboard",
            "best",
            "report.html",
            "real.png",
        )
    }
    assert TRIAL.folder == RUN.root / "trials" / "lusab-babad"


def test_a_trial_keeps_everything_in_its_own_folder() -> None:
    files = [
        TRIAL.description,
        TRIAL.evaluations,
        TRIAL.checkpoints,
        TRIAL.samples,
        TRIAL.sample_grid(0),
        TRIAL.snapshot(0),
    ]
    assert all(file.is_relative_to(TRIAL.folder) for file in files)
    assert len(set(files)) == len(files)


def test_what_is_counted_sorts_by_name_as_by_count() -> None:
    for path_after in (TRIAL.sample_grid, TRIAL.snapshot):
        paths = [path_after(nimg) for nimg in (0, 9, 10_000, 250_000, 99_999_999)]
        assert paths == sorted(paths)
