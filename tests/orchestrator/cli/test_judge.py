import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from orchestrator.paths import RunPaths
from orchestrator.run_folder import open_history
from tests.orchestrator.report.html_page import Page

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """A run that goes on improving, and one that is NaN from its third row on."""
    path = tmp_path / "curves.csv"
    good = [f"good,{step},{step * 1000},{100 / (1 + step)}" for step in range(40)]
    bad = [f"bad,{step},{step * 1000},{50 if step < 2 else 'nan'}" for step in range(40)]
    path.write_text("\n".join(["run,step,nimg,fid", *good, *bad]))
    return path


def test_json_is_a_list_with_an_entry_for_each_run(ganorch: Ganorch, curves: Path) -> None:
    result = ganorch("judge", curves, "--json")
    assert result.exit_code == 0
    good, bad = json.loads(result.stdout)
    keys = ["run", "verdict", "action", "stop_step", "stop_kimg", "best_step", "best_kimg"]
    keys += ["reason", "pauses", "verdicts"]
    assert list(good) == keys
    assert (good["run"], good["verdict"], good["stop_step"]) == ("good", "improving", None)
    assert (bad["run"], bad["verdict"], bad["stop_step"]) == ("bad", "dead", 2)
    assert [entry["step"] for entry in bad["verdicts"]] == list(range(40))


def test_the_table_says_when_and_why(ganorch: Ganorch, curves: Path) -> None:
    heading, good, bad = ganorch("judge", curves).stdout.splitlines()
    assert " ".join(heading.split()) == "run verdict action stop at best at reason"
    assert good.split()[:5] == ["good", "improving", "go", "on", "—"]
    assert bad.split()[:6] == ["bad", "dead", "stop", "reject", "2", "kimg"]


def test_steps_are_told_where_images_were_not_counted(ganorch: Ganorch, tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("step,fid\n" + "\n".join(f"{100 * row},20" for row in range(30)))
    result = ganorch("judge", path, "--budget-kimg", 5)
    assert "step 2700" in result.stdout
    (note,) = result.stderr.splitlines()
    assert note.startswith("no images are counted (nimg), so the budget is not used")


def test_a_default_is_told_where_no_budget_is_known(ganorch: Ganorch, curves: Path) -> None:
    (note,) = ganorch("judge", curves).stderr.splitlines()
    assert note.startswith("no budget is known: judged by the default windows")
    assert ganorch("judge", curves, "--budget-kimg", 60).stderr == ""


def test_a_budget_is_taken_into_account(ganorch: Ganorch, curves: Path) -> None:
    assert "warming up" in ganorch("judge", curves, "--budget-kimg", 5000).stdout


def test_a_run_folder_is_judged_as_its_sweep_did(
    ganorch: Ganorch, finished_sweep: RunPaths
) -> None:
    trials = open_history(finished_sweep).trials
    recorded = {name: [str(each.kind) for each in trial.verdicts] for name, trial in trials.items()}
    for path in (finished_sweep.root, finished_sweep.evaluations_table, finished_sweep.tensorboard):
        result = ganorch("judge", path, "--json")
        judged = {
            run["run"]: [each["verdict"] for each in run["verdicts"]]
            for run in json.loads(result.stdout)
        }
        assert (judged, result.stderr) == (recorded, "")
    assert "improving" in {verdicts[-1] for verdicts in recorded.values()}  # no bare warming up


def test_the_reasons_are_those_of_the_sweep(ganorch: Ganorch, finished_sweep: RunPaths) -> None:
    reasons = {
        run["run"]: run["reason"]
        for run in json.loads(ganorch("judge", finished_sweep.root, "--json").stdout)
    }
    trials = open_history(finished_sweep).trials
    assert reasons == {name: trial.verdicts[-1].reason for name, trial in trials.items()}


def test_a_run_folder_is_judged_by_another_budget_if_one_is_given(
    ganorch: Ganorch, run: RunPaths
) -> None:
    judged = json.loads(ganorch("judge", run.root, "--budget-kimg", 500, "--json").stdout)
    assert {each["verdict"] for each in judged} == {"warming_up"}


def test_a_sweep_whose_data_are_gone_is_judged_by_a_default_that_is_told(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    data = own_run.root / "gone.npz"
    spec = yaml.safe_load(own_run.sweep.read_text())
    own_run.sweep.write_text(yaml.safe_dump(spec | {"data": {"path": str(data)}}))
    result = ganorch("judge", own_run.root)
    assert len(result.stdout.splitlines()) == 3
    (note,) = result.stderr.splitlines()
    assert note.startswith("coverage of real samples taken as 0.97")
    assert str(data) in note


def test_what_is_no_curve_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "no such file or folder" in refused("judge", tmp_path / "none.csv")
    assert "x>0" in refused("judge", tmp_path, "--budget-kimg", 0)


def page_of(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_a_plot_shows_each_curve_and_leaves_the_output_as_it_was(
    ganorch: Ganorch, curves: Path, tmp_path: Path
) -> None:
    for words in ([], ["--json"]):
        plot = tmp_path / f"plot{len(words)}.html"
        plotted = ganorch("judge", curves, "--plot", plot, *words)
        plain = ganorch("judge", curves, *words)
        assert (plotted.exit_code, plotted.stdout) == (0, plain.stdout)
        assert plotted.stderr == plain.stderr
        page = page_of(plot)
        assert [article["id"] for article in page.all("article")] == ["run-1", "run-2"]
        assert "bad dead stop reject 2 kimg" in page.text
        assert "Note: no budget is known" in page.text


def test_the_plot_of_a_run_folder_is_called_after_it(
    ganorch: Ganorch, run: RunPaths, tmp_path: Path
) -> None:
    plot = tmp_path / "plot.html"
    assert ganorch("judge", run.root, "--plot", plot).exit_code == 0
    page = page_of(plot)
    assert len(page.all("article")) == 2
    assert run.root.name in page.text


def test_a_plot_is_only_replaced_by_force(
    ganorch: Ganorch, refused: Refused, curves: Path, tmp_path: Path
) -> None:
    plot = tmp_path / "plot.html"
    plot.write_text("mine")
    assert refused("judge", curves, "--plot", plot).endswith("--force replaces a file")
    assert plot.read_text() == "mine"
    assert ganorch("judge", curves, "--plot", plot, "--force").exit_code == 0
    assert page_of(plot).all("article")


def test_a_plot_that_cannot_be_written_is_refused_before_any_work(
    refused: Refused, tmp_path: Path
) -> None:
    none = tmp_path / "none.csv"  # refused, too, if it were read
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").touch()
    for name, message in (
        ("plot.pdf", "plot.pdf: the name must end in .html"),
        ("folder.html", "folder.html: is a folder; name a file"),
        ("deep/plot.html", f"plot.html: there is no folder {tmp_path / 'deep'}"),
        ("file/plot.html", f"plot.html: there is no folder {tmp_path / 'file'}"),
    ):
        assert refused("judge", none, "--plot", tmp_path / name).endswith(message)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "folder.html"]
