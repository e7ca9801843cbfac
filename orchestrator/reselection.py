"""The finals of a sweep held again, on what its run folder has now."""

from gan_models.files import storing
from orchestrator.config.model import SweepConfig
from orchestrator.driver import sole_driver
from orchestrator.errors import RunFolderError
from orchestrator.export.folder import export_best
from orchestrator.finals import retested_trials, select_and_certify
from orchestrator.history import SweepHistory
from orchestrator.journal import Journal
from orchestrator.measure import check_same_measure
from orchestrator.modules import check_modules
from orchestrator.paths import RunPaths
from orchestrator.records import json_ready
from orchestrator.report.page import write_report
from orchestrator.run_folder import check_config, open_config, open_history
from orchestrator.storage.run import LocalRun, RunStore
from orchestrator.tables import write_tables

_LOCAL = LocalRun()


def reselect(
    paths: RunPaths, store: RunStore = _LOCAL, *, despite_unfinished: bool = False
) -> SweepHistory:
    """Select and certify anew, and write ``best/``, the tables and the report.

    The same trials give the same selection: the draws of a sweep's finals derive from its seed.

    Args:
        paths: of the run folder.
        store: keeps it where it belongs.
        despite_unfinished: whether trials that are not finished may stand as they are.

    Raises:
        RunFolderError: if it is no run folder, another process drives the sweep, or there are
            unfinished trials that were not waived.
        ConfigError: if its data or its measure is not what it was.
        JournalError: if its journal is damaged.
        SweepError: if no trial is worth handing over.
        StorageError: if the disk is full, read-only or gone.
    """
    config = open_config(paths)
    with storing(paths.root), sole_driver(paths):
        history = open_history(paths)
        check_config(paths, config, history)
        check_modules(config)
        if not despite_unfinished:
            _check_finished(paths, history)
        check_same_measure(config, paths, history.evaluations)
        store.fetch_trials(retested_trials(config, history))
        with store.open_journal(paths.journal) as journal:
            _hold_finals(config, paths, history, journal)
        export_best(config, paths, history)
        write_tables(paths, history)
        store.fetch_pictures((each.trial_id, each.nimg) for each in history.records)
        write_report(paths)
        store.publish()
    return history


def _hold_finals(
    config: SweepConfig, paths: RunPaths, history: SweepHistory, journal: Journal
) -> None:
    history.apply(journal.append("opened"))
    selection, certificate = select_and_certify(config, paths, history)
    outcome = {
        "selection": selection.to_mapping(),
        "certificate": json_ready(certificate.to_mapping()),
    }
    history.apply(journal.append("selected", **outcome))


def _check_finished(paths: RunPaths, history: SweepHistory) -> None:
    unfinished = [row.trial_id for row in history.records if not row.status.is_finished]
    if unfinished:
        raise RunFolderError(
            f"{paths.root}: {len(unfinished)} of {len(history.records)} trials are not finished "
            f"({', '.join(unfinished)}): `ganorch resume {paths.root}` goes on with them, "
            "--now selects without them"
        )
