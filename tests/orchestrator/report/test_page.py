import base64
import re
from dataclasses import replace
from math import nan

from orchestrator.paths import RunPaths
from orchestrator.records import Adjustment, TrialStatus
from orchestrator.report.page import (
    MAX_FRONT_ROWS,
    MAX_TRIAL_SECTIONS,
    render_report,
    write_report,
)
from orchestrator.report.view import RunView, TrialView
from tests.orchestrator.exploits import make_exploit
from tests.orchestrator.report.html_page import Page


def read(view: RunView) -> Page:
    return Page(render_report(view))


def change_first(view: RunView, **changes: object) -> RunView:
    first: TrialView = view.trials[0]
    return replace(view, trials=(replace(first, **changes), *view.trials[1:]))  # type: ignore[arg-type]


def test_the_page_is_whole_and_stands_alone(demo_view: RunView) -> None:
    page = read(demo_view)
    assert not page.all("script")
    assert not page.all("link")
    sources = [str(image["src"]) for image in page.all("img")]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    targets = [str(link["href"]) for link in page.all("a")] + [
        str(use["href"]) for use in page.all("use")
    ]
    assert all(target.startswith("#") for target in targets)
    assert "url(" not in render_report(demo_view)
    assert "@import" not in render_report(demo_view)


def test_every_inner_link_leads_somewhere(demo_view: RunView) -> None:
    page = read(demo_view)
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {str(link["href"])[1:] for link in page.all("a")} <= set(ids)


def test_readers_without_eyes_are_told(demo_view: RunView) -> None:
    page = read(demo_view)
    assert all(image.get("alt") for image in page.all("img"))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert all(
        svg.get("aria-hidden") == "true" or svg.get("role") == "img" for svg in page.all("svg")
    )
    assert page.all("html") == [{"lang": "en"}]


def test_the_page_suits_dark_rooms_phones_and_paper(demo_view: RunView) -> None:
    text = render_report(demo_view)
    for query in ("prefers-color-scheme: dark", "max-width: 720px", "@media print"):
        assert query in text
    assert "width=device-width" in text


def test_the_certificate_is_told_with_its_interval_and_its_ratio(demo_view: RunView) -> None:
    text = read(demo_view).text
    assert "Fréchet distance 3.41 95 % interval 3.08 to 3.83" in text
    assert "1.21× 3.66 where as many real samples (180) score 3.02" in text
    assert "Coverage 0.951" in text
    assert "Protocol 8a3f02c7d1be" in text


def test_what_was_selected_on_is_kept_apart(demo_view: RunView) -> None:
    text = read(demo_view).text
    assert "Chosen among 3 candidates by 9 fresh evaluations, where it scored 3.37 ± 0.06" in text
    assert "snapshot of 220 kimg" in text
    assert "0.31 below the runner-up" in text


def test_luck_spread_and_how_much_was_looked_at_are_told(demo_view: RunView) -> None:
    known = {"optimism": 0.2, "optimism_of": "fid", "trials": 14, "checkpoints": 300}
    selection = {**(demo_view.selection or {}), **known}
    text = read(replace(demo_view, selection=selection)).text
    assert "Optimism: certificate +0.200 above the score selected on (3.37" in text
    assert "Looked at: 300 checkpoints of 14 trials in training; 3 of them again" in text
    assert "Optimism" not in read(demo_view).text  # of an earlier journal


def test_a_replicate_says_whose_parameters_it_trains_anew(demo_view: RunView) -> None:
    first, *others = demo_view.trials
    again = replace(first, row=replace(first.row, replicate_of="ash-4f2a"))
    assert "trains ash-4f2a anew" in read(replace(demo_view, trials=(again, *others))).text


def test_a_winner_that_lacks_diversity_is_no_silent_winner(demo_view: RunView) -> None:
    selection = {**(demo_view.selection or {}), "passed_gate": False}
    assert "Short of the diversity asked for." in read(replace(demo_view, selection=selection)).text
    assert "Short of the diversity" not in read(demo_view).text


def test_generated_and_real_samples_stand_side_by_side(demo_view: RunView) -> None:
    images = {image["alt"]: str(image["src"]) for image in read(demo_view).all("img")}
    for alt, png in (
        ("Samples of the selected generator", demo_view.winner_png),
        ("Real samples", demo_view.real_png),
    ):
        assert base64.b64decode(images[alt].partition(",")[2]) == png


def test_the_leaderboard_has_a_row_for_every_trial(demo_view: RunView) -> None:
    text = read(demo_view).text
    table = text[text.index("Ended by Reason") :]
    places = [table.index(trial.row.trial_id) for trial in demo_view.trials]
    assert places == sorted(places)
    assert "6 yew-55aa dcgan minimax / non-saturating 8.87 7.26 0.429 10 140 collapsed" in table


def test_every_trial_has_its_chart_its_reason_and_what_is_its_own(demo_view: RunView) -> None:
    text = read(demo_view).text
    sections = text[text.index("Trials 1. fir-07de") :]
    assert "distance 1.6 times its own best in 8 evaluations running" in sections
    assert "r1_gamma 0.9 seed 2" in sections
    assert "In every trial latent_dim 64 batch_size 64 beta1 0.5" in sections


def test_a_failed_trial_is_called_failed(demo_view: RunView) -> None:
    text = read(demo_view).text
    assert "rue-3c48 failed" in text
    assert "RuntimeError: the worker died twice" in text


def test_verdicts_that_occur_are_explained(demo_view: RunView) -> None:
    text = read(demo_view).text
    glossary = text[text.index("What the verdicts mean") :]
    assert "collapsed lost its diversity" in glossary
    assert "junk feedback" not in glossary


def test_money_saved_is_told_as_a_share(demo_view: RunView) -> None:
    assert "Saved by early stops 1,600 kimg, 49 %" in read(demo_view).text


def test_an_end_of_proposing_is_told_with_its_reason(demo_view: RunView) -> None:
    assert "No more trials were proposed" not in read(demo_view).text
    reason = "expected gain of 8 more trials 0.4% is below <the> error"
    text = read(replace(demo_view, proposing_end=reason)).text
    assert "No more trials were proposed. Expected gain of 8 more trials 0.4% is below" in text


def test_the_front_is_drawn_and_listed(demo_view: RunView) -> None:
    page = read(demo_view)
    circles = [str(circle["class"]) for circle in page.all("circle")]
    assert circles.count("point winner") == 1
    assert circles.count("point") == 13  # the winner of fourteen is alone on the front
    assert "On the front: no other trial is at least as good in both" in page.text


def test_without_coverage_there_is_no_trade_off_to_show(demo_view: RunView) -> None:
    trials = tuple(
        replace(trial, row=replace(trial.row, coverage=nan)) for trial in demo_view.trials
    )
    assert "against coverage" not in read(replace(demo_view, trials=trials)).text


def test_an_unfinished_sweep_says_so(demo_view: RunView) -> None:
    counts = {TrialStatus.STOPPED: 3, TrialStatus.RUNNING: 2}
    going = replace(
        demo_view, certificate=None, selection=None, num_by_status=counts, winner_png=None
    )
    text = read(going).text
    assert "Unfinished. 3 of 14 trials are done" in text
    assert "Certificate" not in text
    assert "Dashed" not in text
    assert "Unfinished" not in read(demo_view).text


def test_trials_done_but_not_selected_is_told_apart(demo_view: RunView) -> None:
    text = read(replace(demo_view, certificate=None)).text
    assert "All 14 trials are done, but no generator has been selected" in text


def test_a_sweep_that_has_not_begun_has_a_page(demo_view: RunView) -> None:
    empty = replace(
        demo_view, certificate=None, selection=None, trials=(), num_by_status={}, saved_kimg=0.0
    )
    text = read(empty).text
    assert "No trial has begun yet." in text
    assert "Leaderboard" not in text
    assert "In every trial" not in text


def test_a_trial_without_evaluation_or_samples_has_its_place(demo_view: RunView) -> None:
    row = replace(
        demo_view.trials[0].row,
        best_fid=nan,
        smoothed_fid=nan,
        coverage=nan,
        modes=nan,
        verdict=None,
    )
    text = read(change_first(demo_view, row=row, curve=(), grid_png=None)).text
    assert "no samples Not evaluated yet. Best — · coverage — ·" in text


def test_a_certificate_that_says_little_is_shown_with_dashes(demo_view: RunView) -> None:
    text = read(replace(demo_view, certificate={"fid": 3.0, "coverage": None}, selection={})).text
    assert "Fréchet distance 3.00 95 % interval — to —" in text
    assert "Coverage —" in text


def test_nothing_of_a_user_becomes_markup(demo_view: RunView) -> None:
    hostile = "<script>alert(1)</script>\"' onerror=x <img src=x>"
    first = demo_view.trials[0]
    row = replace(first.row, trial_id=hostile, network=hostile, reason=hostile, losses=hostile)
    view = change_first(
        replace(demo_view, name=hostile, data=hostile, selection={"reason": hostile}),
        row=row,
        params={hostile: hostile},
    )
    text = render_report(view)
    assert "<script" not in text
    assert "<img src=x" not in text
    page = Page(text)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert hostile in page.text


def test_the_browser_is_told_to_load_nothing(demo_view: RunView) -> None:
    policies = [meta.get("content") for meta in read(demo_view).all("meta")]
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in policies


def test_mixed_protocols_are_no_silent_comparison(demo_view: RunView) -> None:
    assert "must not be compared" in read(replace(demo_view, num_protocols=2)).text


def test_a_large_sweep_keeps_its_page_small(demo_view: RunView) -> None:
    trials = tuple(
        replace(trial, row=replace(trial.row, rank=rank))
        for rank, trial in enumerate(demo_view.trials * 20, start=1)
    )
    page = read(replace(demo_view, trials=trials))
    assert len(page.all("article")) == MAX_TRIAL_SECTIONS
    assert len(page.all("tr")) == 1 + 280 + 1 + MAX_FRONT_ROWS
    assert "the 60 best trials; the leaderboard has all 280" in page.text


def test_the_report_is_written_beside_the_sweep(demo_run: RunPaths) -> None:
    write_report(demo_run)
    first = demo_run.report.read_text(encoding="utf-8")
    assert re.search(r"<h1>digits-demo</h1>", first)
    write_report(demo_run)
    assert demo_run.report.read_text(encoding="utf-8") == first


def test_what_was_taken_over_is_told(demo_view: RunView) -> None:
    first, *others = demo_view.trials
    row = replace(first.row, exploits=(make_exploit(30_000, reason="<far> worse"),))
    page = read(replace(demo_view, trials=(replace(first, row=row), *others)))
    assert "At 30 kimg goes on from the weights of ash at 30 kimg, d_lr 0.0001 to" in page.text
    assert ": <far> worse" in page.text


def test_what_was_adjusted_is_told_in_its_order(demo_view: RunView) -> None:
    first, *others = demo_view.trials
    common = {"step": 1, "d_steps": 2, "g_steps": 1}
    adjustments = (
        Adjustment(nimg=30_000, lr_factor=1.0, num_rollbacks=0, reason="D <is> blind", **common),
        Adjustment(
            nimg=40_000, lr_factor=0.5, num_rollbacks=1, reason="NaN", died_nimg=50_000, **common
        ),
    )
    row = replace(first.row, adjustments=adjustments)
    page = read(replace(demo_view, trials=(replace(first, row=row), *others)))
    ratio = "At 30 kimg ratio changed, now D:G 2:1: D <is> blind"
    rollback = "At 40 kimg rolled back, now D:G 2:1, learning rates x 0.5: NaN"
    assert f"{ratio} {rollback}" in page.text


def test_scores_by_class_are_shown_where_there_are_any(demo_view: RunView) -> None:
    plain = Page(render_report(demo_view))
    assert "Class by class" not in plain.text
    assert "Consistent" not in plain.text

    first, *others = demo_view.trials
    row = replace(first.row, class_coverage=0.871, label_consistency=0.962, intra_fid=12.25)
    conditional = replace(first, row=row)
    run = replace(demo_view, trials=(conditional, *others), classes_png=demo_view.winner_png)
    page = Page(render_report(run))
    assert page.text.count("0.871") == 3  # of the winner, on the leaderboard, beside its curve
    assert page.text.count("0.962") == 3
    assert "Distance within classes 12.2" in page.text
    grids = [image["alt"] for image in page.all("img")]
    assert "Samples of the selected generator, a row for each class" in grids
