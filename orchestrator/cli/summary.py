"""What a person wants to read when a sweep has ended."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli.location import Location
from orchestrator.cli.output import facts_table, print_table
from orchestrator.paths import RunPaths

if TYPE_CHECKING:
    from orchestrator.history import SweepHistory


def print_summary(location: Location, history: "SweepHistory") -> None:
    """Print winner, verdict and certificate, and where everything lies."""
    print_table(facts_table(summary_facts(location, history)))


def summary_facts(location: Location, history: "SweepHistory") -> dict[str, str]:
    """Return the lines of the summary by name; the history must hold a selection."""
    from orchestrator.disclosure import disclose
    from orchestrator.leaderboard import trial_losses
    from orchestrator.wording import format_inheritance, format_verdict

    selection, certificate = dict(history.selection or {}), dict(history.certificate or {})
    trial = history.trials[selection["trial_id"]]
    record = trial.record
    inherited = [each for each in trial.exploits if each.nimg < selection["snapshot_nimg"]]
    network = f"{record.params.get('network', '')} {trial_losses(record.params)}".strip()
    end, inside = history.proposing_end, RunPaths(Path())
    return {
        "winner": f"{record.trial_id} of {len(history.trials)} trials ({network})",
        **({} if not inherited else {"inherited": format_inheritance(inherited[-1])}),
        **({} if end is None else {"proposing": f"ended: {end['reason']}"}),
        "verdict": f"{format_verdict(record.verdict)}: {record.reason}",
        "selected": selection["reason"],
        "certificate": _distance(certificate),
        "against real": _ratio(certificate),
        "diversity": _diversity(certificate, selection),
        **disclose(selection, certificate),
        "generator": str(location / inside.best),
        "samples": str(location / inside.best / "samples.png"),
        "report": str(location / inside.report),
        "curves": f"ganorch tensorboard {location}",
    }


def _distance(certificate: dict[str, Any]) -> str:
    from orchestrator.wording import format_fid

    low, high = (format_fid(certificate[name]) for name in ("fid_low", "fid_high"))
    return (
        f"FID {format_fid(certificate['fid'])} [{low}, {high}], {certificate['n_fake']:,} fakes "
        f"against {certificate['n_real']:,} untouched reals, features {certificate['features']}"
    )


def _ratio(certificate: dict[str, Any]) -> str:
    from orchestrator.wording import UNKNOWN, format_fid

    fake, real = certificate["fid_at_real_n"], certificate["real_fid"]
    ratio = format_fid(fake / real) if fake is not None and real else UNKNOWN
    return (
        f"{ratio} times the FID of other reals at n = {certificate['n_chunk']:,} "
        f"({format_fid(fake)} against {format_fid(real)})"
    )


def _diversity(certificate: dict[str, Any], selection: dict[str, Any]) -> str:
    from orchestrator.wording import format_number

    coverage = format_number(certificate["coverage"], ".3f")
    fewer = format_number(certificate["coverage_at_real_n"], ".3f")
    modes = format_number(certificate["modes"], ".0f")
    gate = "" if selection["passed_gate"] else "; below the gate of the spec, or not measured"
    perfect = format_number(certificate["perfect_coverage_at_real_n"], ".3f")
    equal = f"{fewer} with as many fakes as reals; about {perfect} is perfect"
    return f"modes {modes}, coverage {coverage} ({equal}){gate}"
