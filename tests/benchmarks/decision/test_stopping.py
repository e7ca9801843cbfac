from collections.abc import Callable

import pytest
from click.testing import CliRunner

from benchmarks.decision import stopping
from benchmarks.decision.bank import LabelledRun, read_bank
from benchmarks.decision.scoring import confusion, score_alarms
from benchmarks.decision.stopping import (
    BASELINES,
    main,
    print_patience_at_equal_compute,
    stops_of,
)
from benchmarks.decision.verdicts import replay_run

MakeRun = Callable[..., LabelledRun]


@pytest.fixture(scope="module")
def bank() -> list[LabelledRun]:
    return [run for run in read_bank() if not run.for_testing]


@pytest.fixture
def few(bank: list[LabelledRun], monkeypatch: pytest.MonkeyPatch) -> list[LabelledRun]:
    scenarios = ("good", "early-collapse", "diverging")
    chosen = [run for run in bank if run.scenario in scenarios]
    monkeypatch.setattr(stopping, "read_bank", lambda file: chosen)
    return chosen


def test_the_table_counts_the_runs_that_were_asked_for(few: list[LabelledRun]) -> None:
    runner = CliRunner()
    whole = runner.invoke(main, ["--tuning"], catch_exceptions=False).output
    assert whole.startswith(f"{len(few)} runs of 6 families, ")
    assert "full budget                used 100.0%" in whole
    later = runner.invoke(main, ["--tuning", "--from-number", "1"], catch_exceptions=False).output
    assert later.startswith(f"{sum(run.number > 0 for run in few)} runs of 6 families, ")


def test_no_collapsed_run_is_called_converged_and_alarms_are_right(bank: list[LabelledRun]) -> None:
    some = [run for run in bank if run.number == 0]
    verdicts = {run.run: replay_run(run) for run in some}
    assert ("collapsed", "converged") not in confusion(some, verdicts)
    alarms = score_alarms(some, verdicts)
    assert alarms.precision >= 0.95
    assert alarms.sensitivity >= 0.8


def test_every_baseline_answers_for_every_run(runs: list[LabelledRun]) -> None:
    for rule in BASELINES.values():
        stops = stops_of(rule, runs)
        assert list(stops) == [run.run for run in runs]
        assert all(stop is None or 0 < stop < 16 for stop in stops.values())


def test_patience_is_met_at_our_compute(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    late = make_run("late", [10.0, 6.0, *10 * [7.0], 2.0, *7 * [3.0]])  # patience 10 misses it
    print_patience_at_equal_compute([late, late], {"late": 12})
    lottery = 0.4 * (1 - 13 / 20) / (1 - 5 / 20)  # of patience 3, which ends at row 4, and never
    assert capsys.readouterr().out == (
        f"  patience at equal compute: regret {lottery:.4f}; ours is 100% less\n"
    )
