from dataclasses import replace
from math import nan

from orchestrator.report.figures import draw_figures
from orchestrator.report.view import RunView


def with_curve(view: RunView, *fids: float) -> RunView:
    """Give every trial the same FIDs."""
    trials = tuple(
        replace(
            trial,
            curve=tuple(
                replace(trial.curve[0], fid=fid, nimg=1000 * n) for n, fid in enumerate(fids)
            ),
        )
        for trial in view.trials
    )
    return replace(view, trials=trials)


def test_there_is_one_small_chart_for_each_trial_in_their_order(demo_view: RunView) -> None:
    small = draw_figures(demo_view).small
    assert len(small) == len(demo_view.trials)
    for trial, markup in zip(demo_view.trials, small, strict=True):
        assert trial.row.trial_id in markup


def test_the_legend_explains_the_marks_that_occur(demo_view: RunView) -> None:
    legend = [text for _, text in draw_figures(demo_view).legend]
    assert legend == [
        "ran its budget",
        "no further gain expected",
        "outclassed by others",
        "going wrong",
        "broken",
    ]


def test_the_page_is_told_of_points_that_are_not_as_they_seem(demo_view: RunView) -> None:
    figures = draw_figures(with_curve(demo_view, 10, 5, 4))
    assert (figures.has_points, figures.has_nan, figures.ceiling) == (True, False, None)
    figures = draw_figures(with_curve(demo_view, 10, nan, 900))
    assert (figures.has_points, figures.has_nan) == (True, True)
    assert figures.ceiling is not None
    assert 40 <= figures.ceiling < 50


def test_a_sweep_without_a_number_has_no_points(demo_view: RunView) -> None:
    assert not draw_figures(with_curve(demo_view, nan)).has_points
    assert not draw_figures(replace(demo_view, trials=())).has_points


def test_the_snapshot_that_is_handed_over_is_ringed_once_a_chart(demo_view: RunView) -> None:
    figures = draw_figures(demo_view)
    assert figures.wide.count("handed over, from 220 kimg") == 1
    assert sum("handed over" in markup for markup in figures.small) == 1
