from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.decision import pareto
from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.cohort_contenders import POLICIES
from benchmarks.decision.sweeps import measure


@pytest.fixture
def bank(runs: list[LabelledRun], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command read made-up runs, and play them under the policies that are drawn."""
    drawn = {name: POLICIES[name] for name in pareto.DRAWN}
    monkeypatch.setattr(pareto, "read_bank", lambda file: runs)
    monkeypatch.setattr(pareto, "sweep_runs", lambda bank, for_testing: runs)
    monkeypatch.setattr(pareto, "measure", partial(measure, policies=drawn))


@pytest.mark.usefixtures("bank")
def test_it_prints_both_tables_and_draws_both_panels(tmp_path: Path) -> None:
    out = tmp_path / "fronts.svg"
    options = ["--tuning", "--cohorts", "2", "--out", str(out)]
    output = CliRunner().invoke(pareto.main, options, catch_exceptions=False).output
    assert output.count("at equal compute") == 2
    assert "  patience, 10 rows  " in output
    assert "  Optuna Wilcoxon, p 0.1  " in output
    svg = out.read_text(encoding="utf-8")
    assert svg.startswith("<svg ")
    for text in ("a. Stopping a single run (families for tuning)", "b. Whole sweeps, 5 % noise"):
        assert text in svg


def test_a_page_holds_the_picture(tmp_path: Path) -> None:
    pareto.write_chart(tmp_path / "a.html", "<svg/>")
    pareto.write_chart(tmp_path / "a.svg", "<svg/>")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "<svg/>" in page
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == "<svg/>"


def test_other_kinds_of_pictures_are_refused_before_any_work() -> None:
    result = CliRunner().invoke(pareto.main, ["--out", "fronts.png"])
    assert result.exit_code == 2
    assert "fronts.png: the name must end in .svg or .html" in result.output
