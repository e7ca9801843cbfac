"""A whole sweep, from a configuration to a generator with a certificate; and its resume."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import partial

from cluster.attached import attached_ray
from cluster.local import local_capacity, local_ray
from cluster.offer import offered_capacity
from cluster.resources import Capacity, TrialResources, concurrent_trials
from cluster.slots import Slots
from gan_models.errors import StorageError
from gan_models.files import remove_drafts, storing, whole_file
from gan_models.grids import draw_grid
from orchestrator.backends.base import Backend
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.config.load import save_config
from orchestrator.config.model import SweepConfig
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.hyperband import HyperbandScheduler
from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.pbt import PbtScheduler
from orchestrator.decision.scheduler import Scheduler
from orchestrator.driver import sole_driver
from orchestrator.errors import SweepHalted, TakenOverError
from orchestrator.export.folder import NUM_SHOWN, export_best
from orchestrator.finals import retested_trials, select_and_certify, sweep_finalists
from orchestrator.history import SweepHistory
from orchestrator.journal import Journal, check_not_lost
from orchestrator.measure import check_same_measure
from orchestrator.mirroring import mirrored
from orchestrator.modules import record_modules
from orchestrator.outcomes import DIRECTIONS
from orchestrator.paths import RunPaths
from orchestrator.preflight import check_gpu, check_sweep, known_recipes
from orchestrator.progress.listener import SweepListener
from orchestrator.records import json_ready
from orchestrator.report.page import write_report
from orchestrator.run_folder import check_config, check_free, new_run_folder, open_config
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.search import Search
from orchestrator.signals import stopping_on_signals
from orchestrator.spending import has_trials_left
from orchestrator.storage.run import LocalRun, RunStore
from orchestrator.tables import write_tables
from orchestrator.trial.run import run_trial
from orchestrator.yardstick import open_yardstick
from search_spaces.space import SearchSpace

_MAX_STARTUP_TRIALS = 10


@dataclass(frozen=True)
class Place:
    """Where a sweep runs: its folder, the cluster to join (None starts one here), and its store."""

    paths: RunPaths
    address: str | None = None
    store: RunStore = field(default_factory=LocalRun)


def run_sweep(config: SweepConfig, place: Place, listener: SweepListener) -> SweepHistory:
    """Carry out a sweep in a new run folder.

    Raises:
        UsageError: if the folder is taken or unwritable, or the spec cannot be carried out here.
        ClusterError: if the cluster cannot hold one trial, or cannot be joined.
        SweepError: if no trial is worth handing over.
        StorageError: if the disk is full, read-only or gone; a resume goes on.
    """
    check_free(place.paths)
    _check_machine(config, place)
    space = check_sweep(config)
    config = record_modules(config, space)
    with storing(place.paths.root), new_run_folder(place.paths), _backend(config, place) as backend:
        save_config(place.paths.sweep, config)  # not before a cluster that does not fit was refused
        check_same_measure(config, place.paths, [])
        with place.store.open_journal(place.paths.journal) as journal:
            return _carry_on(config, space, place, backend, listener, journal=journal)


def resume_sweep(place: Place, listener: SweepListener) -> SweepHistory:
    """Go on with a sweep after any interruption; finished trials are not run again.

    Raises:
        RunFolderError: if there is no sweep in the folder, or another process runs it.
        ConfigError: if its data or its measure is not what it was.
        UsageError: if it asks for a GPU that torch cannot use here.
        ClusterError: if the cluster cannot hold one trial, or cannot be joined.
        JournalError: if its journal is damaged.
        StorageError: if the disk is full, read-only or gone; another resume goes on.
    """
    config = open_config(place.paths)
    with storing(place.paths.root), sole_driver(place.paths):
        _check_machine(config, place)
        with place.store.open_journal(place.paths.journal) as journal:
            space, has_more = _check_journal(config, place.paths, journal)
            if not has_more:  # a cluster would start for nothing
                idle = InProcessBackend()
                return _carry_on(config, space, place, idle, listener, journal=journal)
            with _backend(config, place) as backend:
                return _carry_on(config, space, place, backend, listener, journal=journal)


def _check_journal(
    config: SweepConfig, paths: RunPaths, journal: Journal
) -> tuple[SearchSpace, bool]:
    """Check that a sweep goes on as it began; return its space, and whether trials are left.

    What its journal tells is read again by the search, which decides anew: nothing of it is kept.
    """
    check_not_lost(paths, journal.recalled)
    history = SweepHistory.replay(journal.recalled)
    check_config(paths, config, history)
    space = check_sweep(config)
    remove_drafts(paths.root)
    check_same_measure(config, paths, history.evaluations)
    return space, has_trials_left(config, history)


def _carry_on(
    config: SweepConfig,
    space: SearchSpace,
    place: Place,
    backend: Backend,
    listener: SweepListener,
    *,
    journal: Journal,
) -> SweepHistory:
    paths, store = place.paths, place.store
    _draw_reals(config, paths)
    store.publish()
    listener = mirrored(listener, config, space, paths)
    with stopping_on_signals(), listener:
        search = Search(
            config,
            paths.root,
            sampler=_sampler(config, space),
            scheduler=make_scheduler(config),
            journal=journal,
            listener=listener,
        )
        history = search.history
        run = partial(run_trial, kept=store.kept)
        with _told_in_the_end(paths, store, history):
            backend.run(search, run)
            if history.selection is None and config.selection.retrain_seeds:
                search.replicate(sweep_finalists(config, history), config.selection.retrain_seeds)
                backend.run(search, run)
            if history.selection is None:
                retested = retested_trials(config, history)
                if retested:
                    trials = "a trial" if len(retested) == 1 else f"{len(retested)} trials"
                    search.announce("retesting", f"{trials}, on fresh fakes")
                store.fetch_trials(retested)
                selection, certificate = select_and_certify(config, paths, history)
                search.select(selection.to_mapping(), json_ready(certificate.to_mapping()))
            store.fetch_trials([str((history.selection or {})["trial_id"])])
            export_best(config, paths, history)
    return history


@contextmanager
def _told_in_the_end(paths: RunPaths, store: RunStore, history: SweepHistory) -> Iterator[None]:
    """Write tables and report however it ends, unless nobody can write, or another driver may.

    Raises:
        StoreError: if the store does not answer; also where that is why the sweep ends.
    """
    try:
        with storing(paths.root):
            yield
    except (StorageError, SweepHalted, TakenOverError):
        raise
    except BaseException:
        _tell(paths, store, history)
        raise
    _tell(paths, store, history)


def _tell(paths: RunPaths, store: RunStore, history: SweepHistory) -> None:
    write_tables(paths, history)
    store.fetch_pictures((each.trial_id, each.nimg) for each in history.records)
    write_report(paths)
    store.publish()


def _check_machine(config: SweepConfig, place: Place) -> None:
    """Refuse what this machine cannot hold; a cluster to join is asked once it is joined.

    Raises:
        ClusterError: if there is no room for one trial.
        UsageError: if torch cannot use the GPU that a trial asks for.
    """
    if place.address is not None:
        return
    _num_concurrent(config, local_capacity())
    gpus = config.resources.gpus_per_trial
    if gpus > 0:
        remedy = "set it to 0, or install a torch that is built for CUDA"
        check_gpu(f"resources.gpus_per_trial = {gpus:g}", remedy=remedy)


def _num_concurrent(config: SweepConfig, capacity: Capacity) -> int:
    return concurrent_trials(capacity, _per_trial(config), config.resources.limit)


def _slots(config: SweepConfig) -> Slots:
    limit = config.resources.limit
    return Slots(_per_trial(config), limit, read_capacity=offered_capacity)


def _per_trial(config: SweepConfig) -> TrialResources:
    return TrialResources(config.resources.cpus_per_trial, config.resources.gpus_per_trial)


@contextmanager
def _backend(config: SweepConfig, place: Place) -> Iterator[Backend]:
    """Give the backend that the spec names, with its cluster around it.

    Raises:
        ClusterError: if the cluster cannot hold one trial, or cannot be joined.
    """
    if config.backend == "in-process":
        yield InProcessBackend()
        return

    from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend

    attach = (
        local_ray(worker_env=WORKER_ENVIRONMENT)
        if place.address is None
        else attached_ray(place.address, worker_env=WORKER_ENVIRONMENT)
    )
    # Ray prints of workers that died; standard output is the command's
    with redirect_stdout(sys.stderr), attach as capacity:
        resources = config.resources
        _num_concurrent(config, capacity)  # refuses a cluster that cannot hold a trial
        yield RayTuneBackend(
            _slots(config),
            resources.cpus_per_trial,
            resources.gpus_per_trial,
            keeps_place=bool(place.store.kept.uri),  # a node's working folder spares a download
        )


def make_scheduler(config: SweepConfig) -> Scheduler:
    """Build the scheduler that a spec names."""
    spec = config.scheduler
    if spec.kind == "none":
        return FullScheduler()
    if spec.kind == "median":
        return MedianScheduler(grace_nimg=spec.grace_nimg, min_trials=spec.min_trials)
    if spec.kind == "pbt":
        return PbtScheduler(
            interval_nimg=spec.interval_nimg,
            budget_nimg=config.budget.nimg_per_trial,
            quantile=spec.quantile,
            significant_sds=spec.significant_sds,
            seed=config.search.seed,
        )
    halving = AshaScheduler if spec.kind == "asha" else HyperbandScheduler
    return halving(
        grace_nimg=spec.grace_nimg,
        reduction=spec.reduction,
        budget_nimg=config.budget.nimg_per_trial,
        tie_sds=spec.tie_sds,
    )


def _sampler(config: SweepConfig, space: SearchSpace) -> ParameterSampler:
    search = config.search
    startup = search.startup_trials or min(_MAX_STARTUP_TRIALS, max(1, config.num_trials // 3))
    directions = [DIRECTIONS[name] for name in search.objectives]
    return ParameterSampler(
        space,
        search.sampler,
        search.seed,
        startup,
        directions=directions,
        begin_with=known_recipes(config, space),
    )


def _draw_reals(config: SweepConfig, paths: RunPaths) -> None:
    """Put a grid of real samples beside the fakes, for whoever looks at the report."""
    splits = open_yardstick(config.data, config.evaluation.features).splits
    picture = draw_grid(splits.train.stored[:NUM_SHOWN], splits.sample)
    with whole_file(paths.real_samples) as draft:
        picture.save(draft, format="PNG")
