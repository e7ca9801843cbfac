"""Examining a cluster: every node at once, within a time that is known."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from time import monotonic, time
from typing import Any

from cluster.attached import attached_ray
from cluster.doctor import probe
from cluster.doctor.doors import judge_dashboard, judge_head_door, judge_metrics_door, judge_ports
from cluster.doctor.finding import Finding, fail, warn
from cluster.doctor.judge import (
    NodeReport,
    judge_clock,
    judge_machine,
    judge_node,
    judge_token_file,
)
from cluster.errors import ClusterError
from cluster.local import local_capacity

NODE_TIMEOUT_S = 60.0
_CLOCK_TIMEOUT_S = 10.0
DRIVER = "driver"


def examine_machine(run_folder: Path | None = None) -> list[Finding]:
    """Examine this machine alone."""
    report = _own_report(run_folder, has_gpus=local_capacity().gpus > 0)
    return [
        *judge_machine(DRIVER, report, local_capacity().gpus),
        judge_token_file(DRIVER, report),
    ]


def examine_cluster(
    address: str, run_folder: Path | None = None, *, timeout_s: float = NODE_TIMEOUT_S
) -> list[Finding]:
    """Join a cluster and examine each of its nodes, its doors, and this machine.

    Args:
        address: ``HOST:PORT`` of its head.
        run_folder: that trials are to write to, under the same path on every node.
        timeout_s: how long a node may take to answer.

    Raises:
        ClusterError: if it cannot be joined.
    """
    driver = _own_report(run_folder, has_gpus=False)
    findings = [*judge_machine(DRIVER, driver, 0), judge_token_file(DRIVER, driver)]
    findings.append(judge_head_door(address))
    with attached_ray(address), _stamped(run_folder) as stamp:
        import ray
        from ray._private.worker import global_worker

        dashboard = global_worker.node.webui_url  # type: ignore[union-attr]
        findings += judge_dashboard(dashboard)
        entries = sorted(ray.nodes(), key=lambda entry: entry["NodeManagerAddress"])
        for entry in (entry for entry in entries if not entry["Alive"]):
            seen = f"dead: {entry.get('DeathReasonMessage') or 'no reason is known'}"
            mend = "start it again if it is missed; trials go on elsewhere"
            findings.append(warn("node", entry["NodeManagerAddress"], seen, mend))
        live = [entry for entry in entries if entry["Alive"]]
        findings += _examine_nodes(live, driver, run_folder, stamp, timeout_s=timeout_s)
    return findings


def _examine_nodes(
    entries: list[dict[str, Any]],
    driver: NodeReport,
    run_folder: Path | None,
    stamp: str | None,
    *,
    timeout_s: float,
) -> Iterator[Finding]:
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(probe)
    folder = None if run_folder is None else str(run_folder)
    asked = {
        entry["NodeID"]: _ask(
            entry, "examine", has_gpus=_gpus(entry) > 0, run_folder=folder, stamp=stamp
        )
        for entry in entries
    }
    deadline = monotonic() + timeout_s
    for entry in entries:
        node = entry["NodeManagerAddress"]
        try:
            report = NodeReport(**_answer(asked[entry["NodeID"]], deadline - monotonic()))
            offset_s, error_s = _clock_offset(entry)
        except ClusterError as error:
            mend = f"look at that machine, and at Ray's logs there; {timeout_s:.0f} s were given"
            yield fail("node", node, str(error), mend)
            continue
        yield from judge_node(node, report, driver, _gpus(entry))
        yield judge_clock(node, offset_s, error_s)
        yield judge_ports(node, entry)
        yield judge_metrics_door(node, entry.get("MetricsExportPort") or 0)


def _ask(entry: Mapping[str, Any], question: str, **arguments: Any) -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(entry["NodeID"], soft=False)
    task = ray.remote(getattr(probe, question)).options(
        num_cpus=0, scheduling_strategy=there, max_retries=0
    )
    return task.remote(**arguments)


def _answer(asked: Any, timeout_s: float) -> Any:
    import ray

    try:
        return ray.get(asked, timeout=max(0.1, timeout_s))
    except ray.exceptions.GetTimeoutError:
        raise ClusterError("does not answer") from None
    except Exception as error:  # Ray raises almost anything here
        lines = str(error).strip().splitlines()
        raise ClusterError(f"cannot be examined: {lines[-1] if lines else error!r}") from error


def _clock_offset(entry: Mapping[str, Any]) -> tuple[float, float]:
    """Return how far its clock is ahead of ours, and half of the round trip, both in seconds."""
    before = time()
    there = _answer(_ask(entry, "clock"), _CLOCK_TIMEOUT_S)
    after = time()
    return there - (before + after) / 2, (after - before) / 2


def _gpus(entry: Mapping[str, Any]) -> float:
    return float(entry["Resources"].get("GPU", 0.0))


def _own_report(run_folder: Path | None, *, has_gpus: bool) -> NodeReport:
    folder = None if run_folder is None else str(run_folder)
    return NodeReport(**probe.examine(has_gpus=has_gpus, run_folder=folder, stamp=None))


@contextmanager
def _stamped(run_folder: Path | None) -> Iterator[str | None]:
    """Put a file into the run folder for a while, for the nodes to read; its name is its content.

    Nothing where that is not possible: the driver's own report says so.
    """
    if run_folder is None:
        yield None
        return
    stamp = f".doctor-{token_hex(8)}"
    try:
        (run_folder / stamp).write_text(stamp)
    except OSError:
        yield stamp
        return
    try:
        yield stamp
    finally:
        (run_folder / stamp).unlink(missing_ok=True)
