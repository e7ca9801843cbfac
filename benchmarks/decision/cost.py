"""What a decision costs: a verdict on one curve, and a report among many live trials.

python -m benchmarks.decision.cost
"""

from collections.abc import Callable
from math import exp
from time import perf_counter

import click
import numpy as np

from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.rules import VerdictRules
from orchestrator.decision.verdict import judge
from orchestrator.records import Evaluation

BUDGET_NIMG = 1_000_000


def curve(num_rows: int, seed: int) -> list[Evaluation]:
    """Return a noisy curve that goes on improving, so that every rule is asked."""
    noise = np.random.default_rng(seed).normal(0.0, 0.05, (num_rows, 2))
    every_nimg = BUDGET_NIMG // num_rows
    return [
        Evaluation(
            run=str(seed),
            step=row,
            nimg=every_nimg * (row + 1),
            fid=100 / (1 + row) * exp((a + b) / 2),
            fid_a=100 / (1 + row) * exp(a),
            fid_b=100 / (1 + row) * exp(b),
            coverage=0.9,
        )
        for row, (a, b) in enumerate(noise)
    ]


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long one call took."""
    start = perf_counter()
    call()
    return 1000 * (perf_counter() - start)


def print_times(name: str, times: list[float]) -> None:
    """Print the middle and the worst of some times."""
    worst = max(times)
    click.echo(f"{name:45s} median {np.median(times):6.3f} ms   worst {worst:7.3f} ms")


@click.command()
@click.option("--trials", default=1000, show_default=True, help="Live trials of the sweep.")
def main(trials: int) -> None:
    """Time verdicts on curves of three lengths, and every report of a whole sweep."""
    for num_rows in (60, 100, 600):
        rows = curve(num_rows, 0)
        times = [
            milliseconds(
                lambda rows=rows: judge(  # type: ignore[misc]
                    rows, VerdictRules(), budget_nimg=BUDGET_NIMG, reference_coverage=0.97
                )
            )
            for _ in range(50)
        ]
        print_times(f"a verdict on {num_rows} evaluations", times)
    scheduler = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=BUDGET_NIMG)
    curves = {str(trial): curve(30, trial) for trial in range(trials)}
    times = [
        milliseconds(
            lambda name=name, end=end: scheduler.report(name, curves[name][:end])  # type: ignore[misc]
        )
        for end in range(1, 31)
        for name in curves
    ]
    print_times(f"a report to halving among {trials} live trials", times)


if __name__ == "__main__":
    main()
