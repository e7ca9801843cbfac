from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.job_server import JobServer
from cluster.jobs import Job, JobQueue, _client

SERVER = JobServer.parse("127.0.0.1")


def details(job: str, status: str = "RUNNING", start: int = 0) -> Any:
    return SimpleNamespace(
        submission_id=job,
        job_id=None,
        status=status,
        message=f"{job} it is\nand more",
        metadata={"run_folder": f"/runs/{job}"},
        start_time=start,
    )


class ScriptedClient:
    """Answers as Ray's client does, from a list of jobs that end when they are asked to."""

    def __init__(self, *jobs: Any) -> None:
        self.jobs = {each.submission_id: each for each in jobs}
        self.submitted: dict[str, Any] = {}

    def submit_job(self, **arguments: Any) -> str:
        self.submitted = arguments
        return str(arguments["submission_id"])

    def list_jobs(self) -> list[Any]:
        return [*self.jobs.values(), details("", start=9)]  # one that nobody submitted

    def get_job_info(self, job: str) -> Any:
        if job not in self.jobs:
            raise RuntimeError(f"Request failed with status code 404: Job {job} does not exist.")
        return self.jobs[job]

    def stop_job(self, job: str) -> None:
        self.get_job_info(job).status = "STOPPED"

    def get_job_logs(self, job: str) -> str:
        return f"logs of {self.get_job_info(job).submission_id}\n"

    async def tail_job_logs(self, job: str) -> AsyncIterator[str]:
        for text in ("first\n", "second\n"):
            yield text


def queue(*jobs: Any) -> JobQueue:
    return JobQueue(ScriptedClient(*jobs), SERVER)  # type: ignore[arg-type]


def test_a_job_brings_a_command_and_nothing_else_that_runs() -> None:
    client = ScriptedClient()
    job = JobQueue(client, SERVER).submit(  # type: ignore[arg-type]
        "ganorch run", name="digits", notes={"run_folder": "/runs/a"}
    )
    assert job.startswith("digits-")
    assert client.submitted["submission_id"] == job
    assert client.submitted["entrypoint"] == "ganorch run"
    assert client.submitted["metadata"] == {"run_folder": "/runs/a"}
    assert client.submitted["runtime_env"] == {"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": "120"}}


def test_two_jobs_of_one_name_differ() -> None:
    jobs = queue()
    assert jobs.submit("a", name="n", notes={}) != jobs.submit("a", name="n", notes={})


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "a" * 64])
def test_a_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match=f"^name = '{name}': must be of letters"):
        queue().submit("a", name=name, notes={})


def test_jobs_are_listed_the_latest_first() -> None:
    found = queue(details("a", start=1), details("b", start=2)).jobs()
    assert [job.id for job in found] == ["b", "a"]
    assert found[0].notes == {"run_folder": "/runs/b"}
    assert found[0].message == "b it is"


@pytest.mark.parametrize(
    ("status", "is_over"),
    [("PENDING", False), ("RUNNING", False), ("STOPPED", True), ("FAILED", True)],
)
def test_a_job_is_over_or_not(status: str, is_over: bool) -> None:
    assert Job(id="a", status=status, message="").is_over is is_over


def test_a_job_ends_when_it_is_stopped() -> None:
    assert queue(details("a")).stop("a", wait_s=5).status == "STOPPED"


def test_a_job_that_does_not_end_is_returned_after_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ScriptedClient, "stop_job", lambda *_: None)
    monkeypatch.setattr("cluster.jobs.sleep", lambda _: None)
    assert not queue(details("a")).stop("a", wait_s=0.01).is_over


def test_logs_are_read_at_once_or_as_they_come() -> None:
    jobs = queue(details("a"))
    assert jobs.logs("a") == "logs of a\n"
    assert list(jobs.follow("a")) == ["first\n", "second\n"]


def test_an_unknown_job_is_named() -> None:
    jobs = queue(details("a"))
    for ask in (jobs.logs, jobs.find, lambda job: list(jobs.follow(job))):
        with pytest.raises(ClusterError, match=r"^job 'b': there is none on http://127.0.0.1:8265"):
            ask("b")
    with pytest.raises(ClusterError, match="^job 'b': there is none"):
        jobs.stop("b", wait_s=0)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Request failed with status code 500: No available agent to submit", "no agent takes"),
        ("Request failed:\n long traceback", "Request failed:$"),
    ],
)
def test_other_trouble_is_one_line(said: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(ScriptedClient, "submit_job", fail)
    with pytest.raises(ClusterError, match=f"^http://127.0.0.1:8265: {told}"):
        queue().submit("a", name="n", notes={})


def test_a_part_of_ray_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.dashboard.modules.job.sdk.requests", None)
    with pytest.raises(ClusterError, match=r"pip install 'ray\[default\]', here and"):
        _client(SERVER)
