import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from cluster.resources import Capacity
from orchestrator.config.load import load_config
from orchestrator.errors import SweepError
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_a_sweep_leaves_everything_that_a_run_folder_holds(run: RunPaths) -> None:
    assert run.sweep.is_file()
    assert run.journal.is_file()
    assert run.report.is_file()
    assert {file.name for file in run.best.iterdir()} == {
        "README.md",
        "generator.safetensors",
        "metrics.json",
        "model.json",
        "samples.png",
    }


def test_the_summary_goes_to_stdout_and_progress_to_stderr(
    finished: tuple[RunPaths, Result],
) -> None:
    paths, result = finished
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    winner = json.loads((paths.best / "metrics.json").read_text())["trial_id"]
    assert facts["winner"].startswith(f"{winner} of 2 trials (mlp")
    assert facts["report"] == str(paths.report)
    progress = result.stderr.splitlines()
    assert progress[-1].endswith(f"selected {winner}")
    assert sum("ran its budget" in line for line in progress) == 2


def test_the_run_folder_is_called_after_the_sweep_and_quiet_is_quiet(
    ganorch: Ganorch, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(spec.parent)
    result = ganorch("run", spec, "--set", "search.trials=1", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert (spec.parent / "runs" / "tiny" / "best").is_dir()
    assert load_config(spec.parent / "runs/tiny/sweep.yaml").search.trials == 1


def test_a_dry_run_prints_a_spec_that_is_the_same_sweep_and_does_nothing(
    ganorch: Ganorch, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(spec.parent)
    result = ganorch("run", spec, "--set", "search.trials=7", "--dry-run")
    assert result.exit_code == 0
    again = spec.with_name("again.yaml")
    again.write_text(result.stdout)
    assert load_config(again) == load_config(spec, ["search.trials=7"])
    assert not (spec.parent / "runs").exists()


def test_a_dry_run_tells_the_plan_and_its_cost(ganorch: Ganorch, spec: Path) -> None:
    asha = ["--set", "scheduler={kind: asha, reduction: 2, grace_kimg: 0.2}"]
    result = ganorch("run", spec, "--set", "search.trials=8", *asha, "--dry-run")
    plan = [line for line in result.stdout.splitlines() if line.startswith("# ")]
    assert plan == [
        "# 8 trials of up to 0.4 kimg, 3 evaluations each, 1 at once",
        "# rung at 0.2 kimg: about 8 trials come, 4 go on",
        "# about 2 kimg, 75% of the full 3; where scores tie, up to half as many more go on; "
        "trials that prove broken or flat cost less",
        "# about 20 evaluations, of at most 24; the finals make 9 more at most",
        "# hours: not known without a measured pace; --time takes seconds to measure one",
        "# caps: none",
    ]


def test_a_dry_run_takes_the_pace_of_what_ran_where_it_would_go(
    ganorch: Ganorch, run: RunPaths
) -> None:
    spec = run.root.parents[1] / "spec.yaml"
    caps = ["--set", "search.trials=500", "--set", "budget.max_hours=0.001"]
    result = ganorch("run", spec, "--out", run.root, *caps, "--dry-run")
    lines = result.stdout.splitlines()
    assert lines[-3].startswith("# about ")
    assert lines[-3].endswith(f" s an evaluation: {run.root})")
    assert lines[-2:] == [
        "# budget.max_hours = 0.001 would cut the sweep short",
        "# caps: budget.max_hours = 0.001",
    ]
    other = ganorch("run", spec, "--out", run.root, "--set", "fixed.batch_size=8", "--dry-run")
    assert "# hours: not known" in other.stdout


@pytest.mark.parametrize("options", [["--time"], ["--dry-run", "--time"], ["--time", "--dry-run"]])
def test_a_dry_run_can_time_one_trial(
    ganorch: Ganorch, spec: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.timing._TIMED_S", 0.01)
    monkeypatch.chdir(spec.parent)
    result = ganorch("run", spec, *options)
    assert result.exit_code == 0
    assert "s an evaluation: one trial timed for" in result.stdout
    assert not (spec.parent / "runs").exists()


def test_a_dry_run_counts_what_fits_this_machine_at_once(
    ganorch: Ganorch, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cluster.local.usable_cpus", lambda: 6)
    options = ["--set", "backend=ray", "--set", "resources.cpus_per_trial=2"]
    assert " 3 at once" in ganorch("run", spec, *options, "--dry-run").stdout
    limited = [*options, "--set", "resources.concurrent=2"]
    assert " 2 at once" in ganorch("run", spec, *limited, "--dry-run").stdout


def test_a_dry_run_with_an_address_counts_what_fits_that_cluster(
    ganorch: Ganorch, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_nodes = Capacity.of_nodes([Capacity(4.0), Capacity(8.0)])
    monkeypatch.setattr("cluster.attached.attached_ray", lambda address: nullcontext(two_nodes))
    options = ["--set", "backend=ray", "--set", "resources.cpus_per_trial=3"]
    result = ganorch("run", spec, *options, "--address", "10.0.0.1:6379", "--dry-run")
    assert " 3 at once" in result.stdout


def test_a_bad_spec_fails_a_dry_run(refused: Refused, spec: Path) -> None:
    line = refused("run", spec, "--set", "fixed.d_lr=-1", "--dry-run")
    assert line == "fixed.d_lr = -1: must be greater than 0.0"


@pytest.mark.parametrize("command", ["run", "resume"])
def test_an_address_that_would_not_be_used_is_refused(
    refused: Refused, spec: Path, run: RunPaths, command: str
) -> None:
    target = {"run": spec, "resume": run.root}[command]
    line = refused(command, target, "--address", "10.0.0.1:6379")
    assert line.startswith("--address 10.0.0.1:6379: backend = 'in-process' joins no cluster")


def test_a_sweep_without_a_generator_fails_with_1(
    ganorch: Ganorch, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> None:
        raise SweepError("none of 2 trials is worth handing over")

    monkeypatch.setattr("orchestrator.sweep.select_and_certify", nothing)
    result = ganorch("run", spec, "--out", tmp_path / "out", "--quiet")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "ganorch: none of 2 trials is worth handing over\n"


def test_an_interruption_exits_with_130_and_resume_goes_on(
    ganorch: Ganorch, spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("orchestrator.sweep.select_and_certify", interrupt)
        result = ganorch("run", spec, "--out", out, "--quiet")
    assert result.exit_code == 130
    assert result.stderr == f"ganorch: interrupted; `ganorch resume {out}` goes on\n"
    resumed = ganorch("resume", out)
    assert resumed.exit_code == 0
    assert "ran its budget" not in resumed.stderr  # no finished trial ran again


@pytest.mark.ray
@pytest.mark.integration
def test_ctrl_c_ends_a_sweep_on_ray_within_seconds_and_it_can_go_on(
    repository: Path, spec: Path, tmp_path: Path
) -> None:
    """As a terminal does it: the signal goes to every process of the group, Ray's included."""
    paths = RunPaths(tmp_path / "out")
    values: dict[str, Any] = yaml.safe_load(spec.read_text())
    long = {"backend": "ray", "budget": {"kimg_per_trial": 5000}}
    spec.write_text(yaml.safe_dump(values | long))
    command = [sys.executable, "-m", "orchestrator", "run", str(spec), "--out", str(paths.root)]
    with subprocess.Popen(
        command, cwd=repository, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            wait_for_an_evaluation(paths, process)
            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors.splitlines()[-1].endswith(f"`ganorch resume {paths.root}` goes on")
    assert not paths.best.exists()
    assert paths.report.is_file()


def wait_for_an_evaluation(paths: RunPaths, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not (paths.journal.exists() and '"evaluated"' in paths.journal.read_text()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_requeued_run_goes_on_with_its_own_folder(
    halted_run: RunPaths, tmp_path: Path, ganorch: Ganorch, refused: Refused
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_bytes(halted_run.sweep.read_bytes())
    words = ("run", spec, "--out", halted_run.root)
    assert "exists already and is not overwritten" in refused(*words)
    other = refused(*words, "--or-resume", "--set", "search.seed=7")
    assert "holds another sweep (search.seed = 0, and 7 is asked for)" in other
    result = ganorch(*words, "--or-resume")
    assert result.exit_code == 0, (result.output, result.exception)
    assert halted_run.report.is_file()


def test_a_run_that_may_resume_begins_where_nothing_has_begun(
    spec: Path, tmp_path: Path, ganorch: Ganorch
) -> None:
    result = ganorch("run", spec, "--out", tmp_path / "new", "--or-resume")
    assert result.exit_code == 0, (result.output, result.exception)
