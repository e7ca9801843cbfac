"""Ray Jobs: a command that runs on the cluster, whether or not whoever submitted it stays.

The dashboard of the head node serves them, by HTTP.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cluster.environment import environment
from cluster.errors import ClusterError
from cluster.job_server import JobServer, authentication_of, check_server, unproxied
from cluster.runtime_env import checked_runtime_env
from cluster.session import first_line

if TYPE_CHECKING:
    from ray.job_submission import JobDetails, JobSubmissionClient

STOP_WAIT_S = 120  # from a job's SIGTERM until Ray kills it
_POLL_S = 0.5
_OVERRIDES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")  # which Ray's client prefers to its argument
_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A submitted command: its state in Ray's words, and what was noted when it was submitted."""

    id: str
    status: str
    message: str
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self.status in ("STOPPED", "SUCCEEDED", "FAILED")


class JobQueue:
    """The jobs of one cluster; made by :func:`job_queue`."""

    def __init__(self, client: "JobSubmissionClient", server: JobServer) -> None:
        self._client = client
        self._server = server

    def submit(self, command: str, *, name: str, notes: dict[str, str]) -> str:
        """Start a command on the cluster and return the job's name, which begins with ``name``.

        Args:
            command: for the shell of the head node; everybody on the cluster can read it.
            name: letters, digits and ``_ . -``.
            notes: kept with the job, to be read by everybody.

        Raises:
            ClusterError: if the name cannot be used, or the cluster takes no job.
        """
        if not _NAME.fullmatch(name):
            raise ClusterError(f"name = '{name}': must be of letters, digits and _ . -")
        variables = {"RAY_JOB_STOP_WAIT_TIME_S": str(STOP_WAIT_S)}
        with self._answers():
            job_id: str = self._client.submit_job(
                entrypoint=command,
                submission_id=f"{name}-{token_hex(4)}",
                runtime_env=checked_runtime_env({"env_vars": variables}),
                metadata=dict(notes),
            )
        return job_id

    def jobs(self) -> list[Job]:
        """Return the submitted jobs, those that started last first."""
        with self._answers():
            found = self._client.list_jobs()
        submitted = [each for each in found if each.submission_id]
        submitted.sort(key=lambda each: each.start_time or 0, reverse=True)
        return [_job(each) for each in submitted]

    def find(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            ClusterError: if there is none of this name.
        """
        with self._answers(job_id):
            return _job(self._client.get_job_info(job_id))

    def logs(self, job_id: str) -> str:
        """Return what a job has printed so far.

        Raises:
            ClusterError: if there is none of this name.
        """
        with self._answers(job_id):
            text: str = self._client.get_job_logs(job_id)
        return text

    def follow(self, job_id: str) -> Iterator[str]:
        """Yield what a job prints, from its beginning to its end.

        Raises:
            ClusterError: if there is none of this name.
        """
        self.find(job_id)
        with self._answers(job_id), asyncio.Runner() as runner:
            chunks = self._client.tail_job_logs(job_id)
            while (chunk := runner.run(_next(chunks))) is not None:
                yield chunk

    def stop(self, job_id: str, *, wait_s: float) -> Job:
        """Ask a job to end, by SIGTERM, and return it once it has, or once the wait is over.

        Raises:
            ClusterError: if there is none of this name.
        """
        deadline = monotonic() + wait_s
        with self._answers(job_id):
            self._client.stop_job(job_id)
        while not (job := self.find(job_id)).is_over and monotonic() < deadline:
            sleep(_POLL_S)
        return job

    @contextmanager
    def _answers(self, job_id: str = "") -> Iterator[None]:
        """Turn what Ray's client raises, which is almost anything, into one line."""
        try:
            yield
        except ClusterError:
            raise
        except Exception as error:
            text = str(error)
            if job_id and "does not exist" in text:
                raise ClusterError(
                    f"job '{job_id}': there is none on {self._server.url}"
                ) from error
            if "No available agent" in text:
                text = (
                    "no agent takes jobs there: are all Rays of that machine on ports of their own?"
                )
            raise ClusterError(f"{self._server.url}: {first_line(text)}") from error


@contextmanager
def job_queue(address: str) -> Iterator[JobQueue]:
    """Reach the jobs of a cluster.

    Args:
        address: of the head node's dashboard: ``http://HOST:8265``, or only ``HOST[:PORT]``.

    Raises:
        ClusterError: if nothing answers there, or not to our token, within seconds; if the token
            or a job would have to go to another machine unprotected; if a part of Ray is missing.
    """
    server = JobServer.parse(address)
    with authentication_of(server):
        check_server(server)
        with environment({name: server.url for name in _OVERRIDES} | unproxied(server)):
            yield JobQueue(_client(server), server)


def _client(server: JobServer) -> "JobSubmissionClient":
    from ray.job_submission import JobSubmissionClient

    logging.getLogger("ray.dashboard.modules.job.sdk").setLevel(logging.WARNING)
    try:
        return JobSubmissionClient(server.url)
    except Exception as error:
        if "ray[default]" in str(error):
            raise ClusterError(
                "jobs need more of Ray: pip install 'ray[default]', here and on the cluster"
            ) from error
        raise ClusterError(f"{server.url}: {first_line(str(error))}") from error


def _job(details: "JobDetails") -> Job:
    return Job(
        id=details.submission_id or details.job_id or "",
        status=str(details.status),
        message=first_line(details.message or ""),
        notes=dict(details.metadata or {}),
    )


async def _next(chunks: AsyncIterator[str]) -> Any:
    return await anext(chunks, None)
