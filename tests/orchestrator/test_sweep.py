import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import pytest
import torch

from cluster.errors import ClusterError
from cluster.resources import Capacity
from gan_models.model_folder import load_model
from orchestrator import yardstick
from orchestrator.audit import audit
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.config.load import load_config, save_config
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.hyperband import HyperbandScheduler
from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.pbt import PbtScheduler
from orchestrator.driver import sole_driver
from orchestrator.errors import ConfigError, RunFolderError, SweepError, UsageError
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import TIMING_COLUMNS, StoppedBy, TrialStatus
from orchestrator.run_folder import open_history, open_protocol
from orchestrator.search import Search
from orchestrator.sweep import Place, make_scheduler, resume_sweep, run_sweep
from orchestrator.trial.spec import TrialFunction
from tests.orchestrator.conftest import SMALL_SWEEP
from tests.orchestrator.scripted import InterruptsAfter, events_of, make_config

METRICS_KEYS = {"trial_id", "params", "verdict", "certificate", "selection"}
CERTIFICATE_KEYS = {
    "fid",
    "fid_low",
    "fid_high",
    "coverage",
    "density",
    "precision",
    "recall",
    "modes",
    "n_fake",
    "n_real",
    "features",
    "protocol",
}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Return a table's rows without the columns that time alone decides."""
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return [{k: v for k, v in row.items() if k not in TIMING_COLUMNS} for row in rows]


def trials_of(paths: RunPaths) -> list[dict[str, Any]]:
    """Return the trials without how often they were started."""
    return [row | {"num_attempts": None} for row in rows_of(paths.trials_table)]


def metrics_of(paths: RunPaths) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((paths.best / "metrics.json").read_text())
    return metrics


def assert_same_result(paths: RunPaths, other: RunPaths) -> None:
    assert trials_of(paths) == trials_of(other)
    assert rows_of(paths.evaluations_table) == rows_of(other.evaluations_table)
    assert metrics_of(paths) == metrics_of(other)
    weights = "generator.safetensors"
    assert (paths.best / weights).read_bytes() == (other.best / weights).read_bytes()


def run(tmp_path: Path, **sections: Any) -> RunPaths:
    paths = RunPaths(tmp_path / "run")
    run_sweep(make_config(**SMALL_SWEEP | sections), Place(paths), SilentListener())
    return paths


def test_a_sweep_runs_every_trial_to_an_end_and_stops_the_outclassed(
    finished_sweep: RunPaths,
) -> None:
    records = open_history(finished_sweep).records
    assert len(records) == 4
    assert all(record.status.is_finished for record in records)
    outclassed = [each for each in records if each.stopped_by is StoppedBy.SCHEDULER]
    assert outclassed
    assert all(each.nimg < 2000 for each in outclassed)
    completed = {each.trial_id for each in records if each.status is TrialStatus.COMPLETED}
    assert completed
    assert completed & {event["trial_id"] for event in events_of(finished_sweep.root, "resumed")}


def test_a_sweep_leaves_every_file_that_is_promised(finished_sweep: RunPaths) -> None:
    paths = finished_sweep
    files = [paths.sweep, paths.journal, paths.trials_table, paths.evaluations_table]
    files += [paths.report, paths.real_samples, paths.best / "README.md"]
    files += [paths.best / name for name in ("model.json", "metrics.json", "samples.png")]
    for record in open_history(paths).records:
        trial = paths.trial(record.trial_id)
        files += [trial.description, trial.evaluations, paths.tensorboard / record.trial_id]
    assert [str(file) for file in files if not file.exists()] == []
    assert [str(file) for file in paths.root.rglob(".*") if file != paths.lock] == []


def test_the_configuration_is_saved_as_it_was_resolved(finished_sweep: RunPaths) -> None:
    assert load_config(finished_sweep.sweep) == make_config(**SMALL_SWEEP)


def test_the_numbers_that_are_promised_stand_beside_the_generator(
    finished_sweep: RunPaths,
) -> None:
    metrics = metrics_of(finished_sweep)
    assert metrics.keys() >= METRICS_KEYS
    assert metrics["certificate"].keys() >= CERTIFICATE_KEYS
    assert metrics["selection"].keys() >= {"fid", "candidates", "evaluations"}
    certificate, selection = metrics["certificate"], metrics["selection"]
    assert certificate["fid_low"] <= certificate["fid"] <= certificate["fid_high"]
    assert (certificate["n_fake"], certificate["n_real"]) == (64, 3333)
    assert certificate["features"] == "identity"
    assert selection["candidates"] < selection["evaluations"] < 2 * selection["candidates"]
    assert selection["checkpoints"] == len(open_history(finished_sweep).evaluations)
    assert isfinite(selection["fid"])
    assert metrics["trial_id"] in open_history(finished_sweep).trials


def test_the_generator_loads_and_draws(finished_sweep: RunPaths) -> None:
    model = load_model(finished_sweep.best)
    drawn = model.draw(10, seed=0)
    assert drawn.shape == (10, 2)
    assert torch.isfinite(drawn).all()
    metrics = metrics_of(finished_sweep)
    assert model.config.to_params() == metrics["params"]


def test_the_finals_are_announced(finished_sweep: RunPaths) -> None:
    *_, retesting, selected = events_of(finished_sweep.root)
    assert (retesting["event"], selected["event"]) == ("retesting", "selected")
    assert retesting["reason"].endswith("trials, on fresh fakes")


def test_tables_and_journal_tell_the_same_story(finished_sweep: RunPaths) -> None:
    history = open_history(finished_sweep)
    assert len(rows_of(finished_sweep.trials_table)) == len(history.records)
    assert [
        (row["run"], row["step"], row["fid"]) for row in rows_of(finished_sweep.evaluations_table)
    ] == [(row.run, row.step, row.fid) for row in history.evaluations]


def test_two_runs_of_one_spec_and_seed_give_the_same_result(
    finished_sweep: RunPaths, tmp_path: Path
) -> None:
    assert_same_result(run(tmp_path), finished_sweep)


def test_another_seed_gives_other_trials(finished_sweep: RunPaths, tmp_path: Path) -> None:
    other = run(tmp_path, search={"trials": 1, "seed": 1})
    names = {row["trial_id"] for row in trials_of(other)}
    assert not names & {row["trial_id"] for row in trials_of(finished_sweep)}


def test_a_sweep_begins_with_the_recipes_that_it_is_told(tmp_path: Path) -> None:
    known = {"d_loss": "least-squares", "g_loss": "least-squares", "d_lr": 0.002}
    paths = run(tmp_path, search={"trials": 2, "begin_with": [known]})
    first, second = open_history(paths).records
    assert {**first.params, **known} == first.params
    assert second.params["d_lr"] != 0.002


@pytest.mark.parametrize("num_events", [2, 5, 11, 20, -1])
def test_a_sweep_interrupted_after_any_event_resumes_to_the_same_result(
    finished_sweep: RunPaths, tmp_path: Path, num_events: int
) -> None:
    paths = RunPaths(tmp_path / "run")
    config, num_in_all = make_config(**SMALL_SWEEP), len(events_of(finished_sweep.root)) + 1
    with pytest.raises(KeyboardInterrupt):
        run_sweep(config, Place(paths), InterruptsAfter(num_events % num_in_all))
    assert paths.trials_table.exists()  # what was computed can be looked at
    finished = {event["trial_id"] for event in events_of(paths.root, "finished")}
    starts_before = [event["trial_id"] for event in events_of(paths.root, "started")]
    resume_sweep(Place(paths), SilentListener())
    assert_same_result(paths, finished_sweep)
    starts = [event["trial_id"] for event in events_of(paths.root, "started")]
    assert all(starts.count(name) == starts_before.count(name) for name in finished)
    assert len(starts) <= len(set(starts)) + len(events_of(paths.root, "resumed")) + 1
    audited = audit(config, open_protocol(paths), events_of(paths.root), make_scheduler(config))
    assert audited.differences == []


def test_a_finished_sweep_has_nothing_left_to_resume(
    finished_sweep: RunPaths, tmp_path: Path
) -> None:
    paths = RunPaths(Path(shutil.copytree(finished_sweep.root, tmp_path / "copy")))
    before = events_of(paths.root)
    shutil.rmtree(paths.best)
    resume_sweep(Place(paths), SilentListener())
    assert [event["event"] for event in events_of(paths.root)[len(before) :]] == ["opened"]
    assert_same_result(paths, finished_sweep)


def test_a_sweep_in_which_everything_dies_says_so_and_keeps_its_records(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    config = make_config(**SMALL_SWEEP | {"fixed": {"g_lr": 1e38, "width": 8, "depth": 1}})
    with pytest.raises(SweepError, match="none of 4 trials is worth handing over: see `ganorch"):
        run_sweep(config, Place(paths), SilentListener())
    assert {row["verdict"] for row in trials_of(paths)} == {"dead"}
    assert not events_of(paths.root, "retesting")
    assert paths.report.exists()
    assert not paths.best.exists()


def test_a_taken_folder_is_left_alone(finished_sweep: RunPaths) -> None:
    before = finished_sweep.journal.read_bytes()
    with pytest.raises(RunFolderError, match="exists already and is not overwritten"):
        run_sweep(make_config(**SMALL_SWEEP), Place(finished_sweep), SilentListener())
    assert finished_sweep.journal.read_bytes() == before


def test_a_spec_that_cannot_be_carried_out_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="batch_size = 1"):
        run(tmp_path, fixed={"batch_size": 1})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"gpus_per_trial": 1}, "a trial asks for 1 GPU; the largest node has 0: set"),
        ({"cpus_per_trial": 5}, "a trial asks for 5 CPUs; the largest node has 4: set"),
        ({"gpus_per_trial": 1.5}, "resources.gpus_per_trial = 1.5: must be a whole number"),
    ],
)
def test_a_spec_that_does_not_fit_the_machine_leaves_no_folder(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    resources: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.setattr("orchestrator.sweep.local_capacity", lambda: Capacity(4, 0))
    with pytest.raises(ClusterError, match=message):
        run(tmp_path, resources=resources)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("backend", ["in-process", "ray"])
def test_a_gpu_that_torch_cannot_use_is_refused_before_a_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setattr("orchestrator.sweep.local_capacity", lambda: Capacity(4, 1))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UsageError, match=r"resources.gpus_per_trial = 0.5: torch .* sees no GPU"):
        run(tmp_path, backend=backend, resources={"gpus_per_trial": 0.5})
    assert not (tmp_path / "run").exists()


def test_a_sweep_for_gpus_is_not_resumed_where_torch_cannot_use_one(
    finished_sweep: RunPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = RunPaths(Path(shutil.copytree(finished_sweep.root, tmp_path / "copy")))
    save_config(paths.sweep, make_config(**SMALL_SWEEP, resources={"gpus_per_trial": 1}))
    before = paths.journal.read_bytes()
    monkeypatch.setattr("orchestrator.sweep.local_capacity", lambda: Capacity(4, 1))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UsageError, match="resources.gpus_per_trial = 1: torch .* sees no GPU"):
        resume_sweep(Place(paths), SilentListener())
    assert paths.journal.read_bytes() == before


def test_the_gpus_of_a_cluster_need_not_be_seen_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: RayTuneBackend, search: Search, run_trial: TrialFunction) -> None:
        raise KeyboardInterrupt

    def join(address: str, *, worker_env: dict[str, str]) -> nullcontext[Capacity]:
        return nullcontext(Capacity(4, 2))

    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("orchestrator.sweep.attached_ray", join)
    monkeypatch.setattr(RayTuneBackend, "run", stop)
    config = make_config(**SMALL_SWEEP, backend="ray", resources={"gpus_per_trial": 1})
    with pytest.raises(KeyboardInterrupt):  # as far as to the first trial
        run_sweep(config, Place(RunPaths(tmp_path / "run"), "10.0.0.5:6379"), SilentListener())


def test_a_second_sweep_started_while_the_first_starts_its_cluster_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = RunPaths(tmp_path / "run")
    refusals: list[str] = []

    @contextmanager
    def slow_start(*, worker_env: dict[str, str]) -> Iterator[Capacity]:
        with pytest.raises(RunFolderError) as refused:
            run(tmp_path, search={"trials": 1, "seed": 1})
        refusals.append(str(refused.value))
        assert set(paths.root.iterdir()) == {paths.lock, paths.driver}
        yield Capacity(1)

    def in_process(self: RayTuneBackend, search: Search, run_trial: TrialFunction) -> None:
        InProcessBackend().run(search, run_trial)

    monkeypatch.setattr("orchestrator.sweep.local_ray", slow_start)
    monkeypatch.setattr(RayTuneBackend, "run", in_process)
    run(tmp_path, backend="ray", search={"trials": 1, "seed": 0})
    (refusal,) = refusals
    assert "another process is running this sweep" in refusal
    assert load_config(paths.sweep).search.seed == 0


def test_a_folder_whose_cluster_could_not_be_joined_may_be_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(address: str, *, worker_env: dict[str, str]) -> nullcontext[Capacity]:
        raise ClusterError(f"{address}: no answer")

    monkeypatch.setattr("orchestrator.sweep.attached_ray", unreachable)
    paths = RunPaths(tmp_path / "run")
    config = make_config(**SMALL_SWEEP, backend="ray")
    with pytest.raises(ClusterError, match="no answer"):
        run_sweep(config, Place(paths, "10.0.0.5:6379"), SilentListener())
    assert not paths.sweep.exists()
    run(tmp_path, search={"trials": 1})
    assert paths.report.exists()


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str | None, RayTuneBackend]]:
    """Pretend a cluster of three CPUs; collect what was joined and the backend on it."""
    seen: list[tuple[str | None, RayTuneBackend]] = []
    addresses: list[str | None] = []

    @contextmanager
    def join(address: str | None = None, *, worker_env: dict[str, str]) -> Iterator[Capacity]:
        assert worker_env == WORKER_ENVIRONMENT
        print("(raylet) A worker died or was killed")
        addresses.append(address)
        yield Capacity(3, 0)

    def run(self: RayTuneBackend, search: Search, run_trial: TrialFunction) -> None:
        seen.append((addresses[-1], self))
        InProcessBackend().run(search, run_trial)

    monkeypatch.setattr("orchestrator.sweep.local_ray", join)
    monkeypatch.setattr("orchestrator.sweep.attached_ray", join)
    monkeypatch.setattr("orchestrator.sweep.offered_capacity", lambda: Capacity(3, 0))
    monkeypatch.setattr(RayTuneBackend, "run", run)
    return seen


@pytest.mark.parametrize(
    ("address", "limit", "concurrent"), [(None, "auto", 3), ("10.0.0.5:6379", 2, 2)]
)
def test_a_sweep_on_ray_takes_what_the_cluster_has_and_keeps_standard_output_clean(
    tmp_path: Path,
    joined: list[tuple[str | None, RayTuneBackend]],
    capsys: pytest.CaptureFixture[str],
    address: str | None,
    limit: int | str,
    concurrent: int,
) -> None:
    sections = SMALL_SWEEP | {"search": {"trials": 1}, "backend": "ray"}
    config = make_config(**sections, resources={"concurrent": limit})
    run_sweep(config, Place(RunPaths(tmp_path / "run"), address), SilentListener())
    ((joined_at, backend),) = joined
    assert joined_at == address
    assert callable(backend.concurrent)
    assert backend.concurrent() == concurrent
    assert (backend.cpus_per_trial, backend.gpus_per_trial) == (1.0, 0.0)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "(raylet) A worker died" in printed.err


def test_a_cluster_is_started_only_where_something_is_left_to_run(
    tmp_path: Path, joined: list[tuple[str | None, RayTuneBackend]]
) -> None:
    paths = RunPaths(tmp_path / "run")
    sections = SMALL_SWEEP | {"backend": "ray"}
    run_sweep(make_config(**sections | {"search": {"trials": 1}}), Place(paths), SilentListener())
    shutil.rmtree(paths.best)
    resume_sweep(Place(paths), SilentListener())
    assert (len(joined), paths.best.is_dir()) == (1, True)
    save_config(paths.sweep, make_config(**sections | {"search": {"trials": 2}}))
    resume_sweep(Place(paths), SilentListener())
    assert len(joined) == 2
    assert len(open_history(paths).records) == 2


def test_a_sweep_that_another_process_drives_is_not_resumed(finished_sweep: RunPaths) -> None:
    before = finished_sweep.journal.read_bytes()
    with (
        sole_driver(finished_sweep),
        pytest.raises(RunFolderError, match="another process is running this sweep"),
    ):
        resume_sweep(Place(finished_sweep), SilentListener())
    assert finished_sweep.journal.read_bytes() == before


def test_a_sweep_whose_data_have_changed_is_not_resumed(tmp_path: Path) -> None:
    file = tmp_path / "points.npy"
    rng = np.random.default_rng(0)
    np.save(file, rng.normal(size=(400, 2)).astype(np.float32))
    paths = run(tmp_path, data={"path": str(file)}, search={"trials": 1})
    resume_sweep(Place(paths), SilentListener())
    np.save(file, rng.normal(size=(400, 2)).astype(np.float32))
    yardstick._open.cache_clear()  # as in another process
    before = paths.journal.read_bytes()
    with pytest.raises(ConfigError, match=r"protocol.json: .* cannot be compared: data \(.*, now "):
        resume_sweep(Place(paths), SilentListener())
    assert paths.journal.read_bytes() == before


def test_a_folder_without_a_sweep_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="not a run folder"):
        resume_sweep(Place(RunPaths(tmp_path)), SilentListener())
    assert list(tmp_path.iterdir()) == []


def test_the_scheduler_is_the_one_that_the_spec_names() -> None:
    assert isinstance(make_scheduler(make_config(scheduler={"kind": "none"})), FullScheduler)
    config = make_config(
        budget={"kimg_per_trial": 10}, scheduler={"kind": "asha", "grace_kimg": 2, "reduction": 2}
    )
    scheduler = make_scheduler(config)
    assert isinstance(scheduler, AshaScheduler)
    assert [rung.nimg for rung in scheduler.rungs] == [2000, 4000, 8000]
    median = make_config(scheduler={"kind": "median"})
    assert isinstance(make_scheduler(median), MedianScheduler)
    hyperband = make_scheduler(make_config(scheduler={"kind": "hyperband", "grace_kimg": 1}))
    assert isinstance(hyperband, HyperbandScheduler)
    assert [len(bracket.rungs) for bracket in hyperband.brackets] == [1, 0]
    population = make_scheduler(
        make_config(
            search={"trials": 4}, scheduler={"kind": "pbt", "interval_kimg": 1, "quantile": 0.5}
        )
    )
    assert isinstance(population, PbtScheduler)
    assert list(population.places_nimg) == [1000, 2000]
