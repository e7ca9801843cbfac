"""From what nodes report to findings: numbers and names in, opinions out; no Ray, no files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cluster.doctor.finding import Finding, fail, ok, warn

_GB = 1e9
LOW_DISK_BYTES, FULL_DISK_BYTES = 10 * _GB, 1 * _GB
LOW_SHM_BYTES = 0.2 * _GB
CLOCK_WARN_S, CLOCK_FAIL_S = 2.0, 60.0
_OTHERS = 0o077


@dataclass(frozen=True, kw_only=True)
class NodeReport:
    """What a node saw of itself, as :func:`cluster.doctor.probe.examine` returns it.

    Args:
        python: its version.
        versions: of packages, None where one is not installed.
        gpus_seen: by torch; None where it was not asked or gave no answer.
        free_temp_bytes: where Ray keeps its logs and sockets.
        free_shm_bytes: where Ray keeps its objects; None where there is no such place.
        auth_mode: of Ray's processes.
        token_permissions: of the token file; None where it cannot be looked at.
        folder_problem: of the run folder, in words; None if there is none.
        free_folder_bytes: in the run folder.
    """

    python: str
    versions: Mapping[str, str | None]
    gpus_seen: int | None
    free_temp_bytes: int | None
    free_shm_bytes: int | None
    auth_mode: str
    token_permissions: int | None
    folder_problem: str | None
    free_folder_bytes: int | None


def judge_node(node: str, report: NodeReport, driver: NodeReport, gpus: float) -> list[Finding]:
    """Judge what one node says, in the light of what the driver's machine says.

    Args:
        node: its address.
        report: of the node.
        driver: of the machine from which the sweep is driven.
        gpus: how many it offers.
    """
    return [
        *judge_versions(node, report, driver),
        *judge_machine(node, report, gpus),
        judge_token_file(node, report),
    ]


def judge_versions(node: str, report: NodeReport, driver: NodeReport) -> Iterator[Finding]:
    """Compare a node with the driver, name by name; one line where all are equal."""
    pairs: dict[str, tuple[str | None, str | None]] = {"python": (report.python, driver.python)}
    pairs |= {name: (report.versions.get(name), driver.versions[name]) for name in driver.versions}
    differences = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    for name, (there, here) in differences.items():
        seen = f"{name} {there or 'is not installed'}; the driver has {here or 'none'}"
        yield fail("versions", node, seen, f"install the driver's {name} there: {here}")
    if not differences:
        yield ok("versions", node, ", ".join(f"{name} {pair[0]}" for name, pair in pairs.items()))


def judge_machine(node: str, report: NodeReport, gpus: float) -> Iterator[Finding]:
    """Judge what the machine of a node has: GPUs, disk, shared memory, the run folder."""
    if gpus > 0:
        yield _judge_gpus(node, report.gpus_seen, gpus)
    yield _judge_disk(node, "temporary files", report.free_temp_bytes)
    if report.free_shm_bytes is not None:
        yield _judge_shm(node, report.free_shm_bytes)
    if report.folder_problem is not None:
        mend = (
            "create it, or mount it: the same folder at the same path on all nodes, writable by "
            "Ray's user"
        )
        yield fail("run folder", node, report.folder_problem, mend)
    elif report.free_folder_bytes is not None:
        yield ok("run folder", node, "written and read back")
        yield _judge_disk(node, "the run folder", report.free_folder_bytes)


def judge_token_file(node: str, report: NodeReport) -> Finding:
    """Judge whether others on a node can read its token."""
    if report.auth_mode == "disabled":
        mend = "start it with RAY_AUTH_MODE=token: whoever reaches a port runs code"
        return fail("token", node, "Ray asks for no token", mend)
    permissions = report.token_permissions
    if permissions is None:
        return ok("token", node, "no token file; it comes from elsewhere")
    if permissions & _OTHERS:
        mend = "chmod 600 on the token file there"
        return fail("token", node, f"the token file has mode {permissions:04o}", mend)
    return ok("token", node, f"the token file has mode {permissions:04o}")


def judge_clock(node: str, offset_s: float, error_s: float) -> Finding:
    """Judge how far a node's clock is from the driver's, give or take half a round trip."""
    seen = f"{offset_s:+.3f} s from the driver's, within {error_s:.3f} s"
    certain_s = abs(offset_s) - error_s
    if certain_s <= CLOCK_WARN_S:
        return ok("clock", node, seen)
    judge = fail if certain_s > CLOCK_FAIL_S else warn
    return judge("clock", node, seen, "let NTP or chrony set the clocks of all nodes")


def _judge_gpus(node: str, seen: int | None, claimed: float) -> Finding:
    if seen is None:
        mend = "run `python -c 'import torch; print(torch.cuda.device_count())'` there"
        return fail("GPUs", node, f"offers {claimed:g}; torch gives no answer", mend)
    if seen < claimed:
        mend = "install a CUDA build of torch and the driver there, or start it with fewer GPUs"
        return fail("GPUs", node, f"offers {claimed:g}; torch sees {seen}", mend)
    return ok("GPUs", node, f"offers {claimed:g}; torch sees {seen}")


def _judge_disk(node: str, what: str, free_bytes: int | None) -> Finding:
    if free_bytes is None:
        return fail("disk", node, f"the place of {what} cannot be looked at", "see that it exists")
    seen = f"{free_bytes / _GB:.1f} GB free for {what}"
    if free_bytes < FULL_DISK_BYTES:
        return fail("disk", node, seen, "make room: checkpoints will not fit")
    if free_bytes < LOW_DISK_BYTES:
        return warn("disk", node, seen, "make room")
    return ok("disk", node, seen)


def _judge_shm(node: str, free_bytes: int) -> Finding:
    seen = f"{free_bytes / _GB:.1f} GB free in /dev/shm"
    if free_bytes < LOW_SHM_BYTES:
        mend = "make it larger (--shm-size of docker, an emptyDir with medium Memory)"
        return warn("shared memory", node, seen, mend)
    return ok("shared memory", node, seen)
