"""The bank of recorded runs with their labels: one Parquet file, written from a recording.

python -m benchmarks.decision.bank FOLDER     # of record_bank; writes bank.parquet
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.decision.labels import Label, TrueCurve, label_run, smoothed
from benchmarks.decision.record_bank import read_rows
from benchmarks.decision.recording import TRUE_COLUMNS, Row
from benchmarks.decision.scenarios import RunPlan, all_plans
from gan_models.metrics.perfect import perfect_coverage
from orchestrator.decision.rules import COVERAGE_NEIGHBOURS
from orchestrator.records import Evaluation

BANK = Path(__file__).parent / "bank.parquet"
_LEFT_OUT = (
    "protocol",
    "duality_gap",
    "worst_d_value",
    "seconds",
    "eval_seconds",
    "kid_standard_error",
)
_NUM_SELECT = {"ring8": 3333, "grid25": 3333, "digits": 300, "stacked-digits": 6000}


@dataclass(frozen=True)
class LabelledRun:
    """A recorded run: what a decision may see, what is true, and what it is called."""

    run: str
    family: str
    scenario: str
    for_testing: bool
    label: Label
    reference_coverage: float
    budget_nimg: int
    untrained: float
    family_best: float
    evaluations: Sequence[Evaluation]
    true_distance: Sequence[float]
    true_mode_mass: Sequence[float]

    @property
    def number(self) -> int:
        """Which of the runs of its scenario in its family it is, from 0 on."""
        return int(self.run.rpartition("-")[2])


def read_bank(file: Path = BANK) -> list[LabelledRun]:
    """Return every run of the bank, in the order of recording."""
    rows = pq.read_table(file).to_pylist()
    return [_labelled(list(group)) for _, group in groupby(rows, key=lambda row: row["run"])]


def _labelled(rows: list[Row]) -> LabelledRun:
    first = rows[0]
    return LabelledRun(
        run=first["run"],
        family=first["family"],
        scenario=first["scenario"],
        for_testing=first["for_testing"],
        label=Label(first["label"], first["is_viable"]),
        reference_coverage=first["reference_coverage"],
        budget_nimg=first["budget_nimg"],
        untrained=true_distance(first),
        family_best=first["family_best"],
        evaluations=[Evaluation.from_mapping(row) for row in rows],
        true_distance=[true_distance(row) if row["finite"] else nan for row in rows],
        true_mode_mass=[row["true_mode_mass"] if row["finite"] else nan for row in rows],
    )


def build_bank(folder: Path) -> pa.Table:
    """Label the runs that were recorded into a folder, and put them into one table."""
    recorded = [(plan, rows) for plan in all_plans() if (rows := read_rows(plan, folder))]
    best = _family_bests(recorded)
    rows = [row for run in recorded for row in _described(*run, family_best=best[_equals(run[0])])]
    table = pa.Table.from_pylist(rows)
    return table.cast(pa.schema([_compact(field) for field in table.schema]))


def true_curve(rows: Sequence[Row]) -> TrueCurve:
    """Return the true side of a recorded run."""
    finite = [row for row in rows if row["finite"]]
    _, mass, spread = ([row[name] for row in finite] for name in TRUE_COLUMNS)
    distance = [true_distance(row) for row in finite]
    return TrueCurve(distance, mass, spread, is_finite=len(finite) == len(rows))


def true_distance(row: Row) -> float:
    """Return how far from perfect a generator is.

    That of points is the mass that has to move plus the mass that no mode has: a blob over all of
    them has little to move, and sharp modes of unlike shares have no mass astray.
    """
    distance: float = row["true_distance"]
    is_points = row["high_quality_frac"] is not None  # no class has a centre to be near to
    return distance + 1.0 - row["true_mode_mass"] if is_points else distance


def _family_bests(recorded: Iterable[tuple[RunPlan, list[Row]]]) -> dict[tuple[str, int], float]:
    bests: dict[tuple[str, int], float] = {}
    for plan, rows in recorded:
        best = min(smoothed(true_curve(rows).distance))
        bests[_equals(plan)] = min(best, bests.get(_equals(plan), best))
    return bests


def _equals(plan: RunPlan) -> tuple[str, int]:
    """Name those that a run is compared with: its family, with as large a budget."""
    return plan.family.name, plan.data.budget_nimg


def _described(plan: RunPlan, rows: list[Row], *, family_best: float) -> list[Row]:
    label = label_run(true_curve(rows), family_best=family_best)
    run: dict[str, Any] = {
        "run": plan.run,
        "family": plan.family.name,
        "scenario": plan.scenario,
        "for_testing": plan.family.for_testing,
        "label": label.kind,
        "is_viable": label.is_viable,
        "family_best": family_best,
        "budget_nimg": plan.data.budget_nimg,
        "reference_coverage": perfect_coverage(
            _NUM_SELECT[plan.data.name], plan.num_samples, COVERAGE_NEIGHBOURS
        ),
    }
    return [
        {key: value for key, value in (row | run).items() if key not in _LEFT_OUT} for row in rows
    ]


def _compact(field: "pa.Field") -> "pa.Field":
    return field.with_type(pa.float32()) if pa.types.is_floating(field.type) else field


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True))
@click.option("--out", default=BANK, show_default=True, type=click.Path(path_type=Path))
def main(folder: Path, out: Path) -> None:
    """Write the bank from a FOLDER of recorded runs."""
    table = build_bank(folder)
    pq.write_table(table, out, compression="zstd", compression_level=19)
    click.echo(f"{table.column('run').unique().__len__()} runs, {len(table)} rows: {out}")


if __name__ == "__main__":
    main()
