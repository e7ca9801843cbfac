import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from cluster.jobs import Job
from orchestrator.config.load import config_yaml, load_config

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


class Queue:
    """One job that runs, one that has failed, and whatever is submitted."""

    def __init__(self) -> None:
        self.found = [
            Job(id="b-2", status="RUNNING", message="", notes={"run_folder": "/runs/b"}),
            Job(id="a-1", status="FAILED", message="exit code 2"),
        ]
        self.submitted: list[tuple[str, str, dict[str, str]]] = []

    def submit(self, command: str, *, name: str, notes: dict[str, str]) -> str:
        self.submitted.append((command, name, notes))
        return f"{name}-0"

    def jobs(self) -> list[Job]:
        return self.found

    def find(self, job: str) -> Job:
        return next(each for each in self.found if each.id == job)

    def logs(self, job: str) -> str:
        return f"logs of {job}\n"

    def follow(self, job: str) -> Iterator[str]:
        yield from ("first\n", "second\n")

    def stop(self, job: str, *, wait_s: float) -> Job:
        found = self.find(job)
        status = "STOPPED" if wait_s and not found.is_over else found.status
        return Job(id=job, status=status, message="", notes=found.notes)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    """Stand in for a cluster."""
    stand_in = Queue()

    @contextmanager
    def job_queue(address: str) -> Iterator[Queue]:
        yield stand_in

    monkeypatch.setattr("cluster.jobs.job_queue", job_queue)
    return stand_in


@pytest.fixture
def ray_spec(spec: Path) -> Path:
    """A spec that runs on a cluster."""
    spec.write_text(yaml.safe_dump(yaml.safe_load(spec.read_text()) | {"backend": "ray"}))
    return spec


def test_the_spec_travels_as_the_jobs_standard_input(
    ray_spec: Path, queue: Queue, ganorch: Ganorch
) -> None:
    result = ganorch("submit", ray_spec, "--out", "/runs/a b", "--set", "search.trials=5")
    assert (result.exit_code, result.stdout) == (0, "tiny-0\n"), result.output
    ((command, name, notes),) = queue.submitted
    mask, start, *text = command.splitlines()
    assert (name, notes, mask) == ("tiny", {"run_folder": "/runs/a b"}, "umask 077")
    assert shlex.split(start) == (
        ["exec", "python3", "-m", "orchestrator", "run", "-", "--or-resume"]
        + ["--out", "/runs/a b", "--address", "auto", "<<END_OF_SPEC"]
    )
    assert text[-1] == "END_OF_SPEC"
    sent = "\n".join([*text[:-1], ""])
    assert sent == config_yaml(load_config(ray_spec, ["search.trials=5"]))


def test_only_a_token_that_others_may_hear_is_warned_of(
    ray_spec: Path, queue: Queue, ganorch: Ganorch
) -> None:
    words = ("submit", ray_spec, "--out", "/runs/a")
    assert ganorch(*words).stderr == ""
    assert "token crosses the network" in ganorch(*words, "--address", "http://head:8265").stderr


@pytest.mark.parametrize("out", ["runs/a", "", "~/runs"])
def test_a_run_folder_that_nodes_do_not_share_is_refused(
    out: str, ray_spec: Path, queue: Queue, refused: Refused
) -> None:
    line = refused("submit", ray_spec, "--out", out)
    assert line == f"--out {out}: must be an absolute path on storage that every node sees"
    assert not queue.submitted


def test_a_sweep_that_uses_no_cluster_is_not_submitted(
    spec: Path, queue: Queue, refused: Refused
) -> None:
    assert "backend = 'in-process' joins no cluster" in refused("submit", spec, "--out", "/runs/a")


def test_jobs_are_listed_for_people_and_for_programs(queue: Queue, ganorch: Ganorch) -> None:
    lines = ganorch("jobs").stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["b-2", "running", "/runs/b"],
        ["a-1", "failed"],
    ]
    listed = json.loads(ganorch("jobs", "--json").stdout)["jobs"]
    assert [job["status"] for job in listed] == ["running", "failed"]


def test_logs_are_printed_as_they_are(queue: Queue, ganorch: Ganorch) -> None:
    assert ganorch("logs", "b-2").stdout == "logs of b-2\n"
    assert ganorch("logs", "b-2", "--follow").stdout == "first\nsecond\n"


def test_following_a_job_fails_with_it(queue: Queue, ganorch: Ganorch) -> None:
    result = ganorch("logs", "a-1", "--follow")
    assert result.exit_code == 1
    assert result.stderr == "ganorch: job 'a-1' has failed: exit code 2\n"


def test_a_cancelled_job_says_what_remains(queue: Queue, ganorch: Ganorch) -> None:
    said = ganorch("cancel", "b-2").stdout
    assert said == "job 'b-2' is stopped; submitted again with --out /runs/b, its sweep goes on\n"
    assert ganorch("cancel", "a-1").stdout == "job 'a-1' is failed\n"
    late = ganorch("cancel", "b-2", "--wait", "0")
    assert (late.exit_code, late.stderr) == (1, "ganorch: job 'b-2' is still running after 0 s\n")


def test_a_job_that_has_succeeded_has_nothing_left_to_go_on_with(
    queue: Queue, ganorch: Ganorch
) -> None:
    queue.found = [Job(id="c-3", status="SUCCEEDED", message="", notes={"run_folder": "/runs/c"})]
    assert ganorch("cancel", "c-3").stdout == "job 'c-3' had succeeded before\n"
