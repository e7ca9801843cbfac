"""``ganorch status``: what runs now, and what is left."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.location import LOCATION, Location, run_paths
from orchestrator.cli.output import facts_table, print_json, print_table, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from orchestrator.config.model import SweepConfig
    from orchestrator.history import SweepHistory
    from orchestrator.paths import RunPaths
    from orchestrator.progress.estimate import Tally


@click.command()
@click.argument("run_dir", type=LOCATION)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(run_dir: Location, *, as_json: bool) -> None:
    """Show what runs now, and what is left."""
    from orchestrator.history import SweepHistory
    from orchestrator.journal import open_events
    from orchestrator.run_folder import open_config

    with run_paths(run_dir) as paths:
        config = open_config(paths)
        events = open_events(paths)
    silent_s = max(0.0, time.time() - events[-1]["time_s"]) if events else None
    found = status_mapping(config, SweepHistory.replay(events), silent_s=silent_s)
    found["driver"] = _driver(paths, is_done=found["selected"] is not None)
    if as_json:
        print_json(found)
        return
    print_table(facts_table(_facts(found)))
    for state in ("running", "paused"):
        if found[state]:
            click.echo()
            print_table(_trial_table(state, found[state]))


def _driver(paths: "RunPaths", *, is_done: bool) -> str | None:
    """Say who drives the sweep, or how to go on where nobody does; None where all is done."""
    from orchestrator.driver import has_died, present_driver

    driver, remedy = present_driver(paths), f"`ganorch resume {paths.root}` goes on"
    if driver is not None:
        return f"{driver}, has died: {remedy}" if has_died(driver) else str(driver)
    return None if is_done else f"none: {remedy}"


def status_mapping(
    config: "SweepConfig", history: "SweepHistory", *, silent_s: float | None
) -> dict[str, Any]:
    """Return how a sweep stands as plain data.

    Args:
        config: of the sweep.
        history: what its journal says.
        silent_s: how long ago the journal's last event was; None without events.
    """
    from orchestrator.leaderboard import leaderboard
    from orchestrator.progress.estimate import Plan, tally
    from orchestrator.records import TrialStatus

    end = history.proposing_end
    counts = tally(history.records, Plan.of(config), is_closed=end is not None)
    rows = leaderboard(history)
    by_status = {str(kind): sum(row.status is kind for row in rows) for kind in TrialStatus}
    return {
        "name": config.name,
        "trials": {"planned": counts.num_planned, **by_status},
        "seen_kimg": counts.seen_nimg / 1000,
        "left_kimg": counts.left_nimg / 1000,
        "used_s": round(history.used_s, 3),
        **_spending(config, history, counts),
        "faults": dict(history.faults),
        "proposing_end": None if end is None else dict(end),
        "silent_s": None if silent_s is None else round(silent_s, 3),
        "best": rows[0].to_mapping() if rows else None,
        "running": [row.to_mapping() for row in rows if row.status is TrialStatus.RUNNING],
        "paused": [row.to_mapping() for row in rows if row.status is TrialStatus.PAUSED],
        "retesting": history.retesting,
        "selected": (history.selection or {}).get("trial_id"),
    }


def _spending(
    config: "SweepConfig", history: "SweepHistory", counts: "Tally"
) -> dict[str, dict[str, Any] | list[str]]:
    """Return what was spent, what is expected at the mean pace so far, and what is allowed."""
    from math import nan

    from orchestrator.progress.estimate import Plan
    from orchestrator.progress.projection import project, warnings
    from orchestrator.records import json_ready
    from orchestrator.spending import spent

    pace_s = history.used_s / counts.seen_nimg if counts.seen_nimg else nan
    left_s = counts.left_nimg * pace_s if history.selection is None else 0.0
    expected = project(history, counts, Plan.of(config), left_s)
    budget = config.budget
    return {
        "spent": asdict(spent(config, history)),
        "expected": json_ready(asdict(expected)) | {"ends_at": _ends_at(left_s)},
        "caps": {
            name: getattr(budget, name) for name in ("max_hours", "max_gpu_hours", "max_trials")
        },
        "warnings": warnings(expected, budget),
    }


def _ends_at(left_s: float) -> str | None:
    """Return when the time that is left will be over, None where it is over or not known."""
    from datetime import datetime

    if not left_s > 0:
        return None
    return datetime.fromtimestamp(time.time() + left_s).astimezone().isoformat(timespec="seconds")


def _facts(found: dict[str, Any]) -> dict[str, str]:
    from orchestrator.history import format_faults
    from orchestrator.progress.estimate import format_duration
    from orchestrator.wording import format_fid, format_kimg

    trials, best = found["trials"], found["best"]
    parts = [f"{count} {name}" for name, count in trials.items() if count and name != "planned"]
    facts = {
        "sweep": found["name"],
        "trials": f"{', '.join(parts) or 'none begun'}; {trials['planned']} planned",
        "budget": f"{format_kimg(found['seen_kimg'])} kimg seen, "
        f"about {format_kimg(round(found['left_kimg']))} to come",
    }
    facts |= _time_facts(found)
    if found["faults"]:
        facts["faults"] = format_faults(found["faults"])
    if found["proposing_end"] is not None:
        facts["proposing"] = f"ended: {found['proposing_end']['reason']}"
    if best is not None:
        facts["best"] = f"{best['trial_id']}, smoothed FID {format_fid(best['smoothed_fid'])}"
    retesting = f": testing again {found['retesting']}" if found["retesting"] else ""
    facts["selected"] = found["selected"] or f"not yet{retesting}"
    if found["driver"] is not None:
        facts["driver"] = found["driver"]
    if found["silent_s"] is not None:
        facts["last event"] = f"{format_duration(found['silent_s'])} ago"
    return facts


def _time_facts(found: dict[str, Any]) -> dict[str, str]:
    from datetime import datetime

    from orchestrator.progress.projection import format_end

    spent, expected, caps = found["spent"], found["expected"], found["caps"]
    units = {"hours": "h", "gpu_hours": "GPU h"}
    shown = [name for name in units if spent[name] or caps[f"max_{name}"]]
    facts = {"spent": ", ".join(f"{spent[name]:.3g} {units[name]}" for name in shown) or "nothing"}
    if expected["left_s"]:
        parts = [
            f"{expected[name]:.3g} {units[name]}"
            + (f" of at most {cap:g}" if (cap := caps[f"max_{name}"]) else "")
            for name in shown
        ]
        ends = format_end(expected["left_s"], datetime.now())
        facts["expected"] = f"{', '.join(parts)}; at this pace it ends {ends}"
    if found["warnings"]:
        facts["warning"] = "; ".join(found["warnings"])
    return facts


def _trial_table(state: str, rows: list[dict[str, Any]]) -> "Table":
    from orchestrator.wording import format_fid, format_kimg, format_number, format_verdict

    numbers = ("kimg", "best FID", "coverage")
    table = table_of(state, "network", *numbers, "verdict", "reason", right=numbers)
    for row in rows:
        table.add_row(
            row["trial_id"],
            row["network"],
            format_kimg(row["kimg"]),
            format_fid(row["best_fid"]),
            format_number(row["coverage"], ".3f"),
            format_verdict(row["verdict"]),
            row["reason"],
        )
    return table
