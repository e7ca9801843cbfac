import pytest

from benchmarks.decision.comparison import (
    FULL,
    OURS,
    normalised,
    percent,
    print_comparison,
    print_points,
)
from benchmarks.decision.front import Point

POINTS = {
    FULL: [Point("", 1.0, [0.0, 0.0])],
    OURS: [Point("default", 0.4, [0.1, 0.1])],
    "rival": [Point("eager", 0.5, [0.6, 0.2]), Point("shy", 0.4, [0.3, 0.5])],
    "perfect": [Point("", 0.4, [0.0, 0.0])],
}


def test_every_setting_has_its_line_the_cheapest_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_points(POINTS, percent)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["full", "budget", "100.0%", "+0.0%", "+0.0%"]
    assert [line[1] for line in lines if line[0] == "rival,"] == ["shy", "eager"]
    assert lines[4] == ["rival,", "eager", "50.0%", "+40.0%", "+56.0%"]


def test_rivals_are_compared_at_our_compute(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(POINTS, POINTS[OURS][0], normalised)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("used 40.0%, regret 0.1000")
    names = [line.split()[0] for line in lines[2:]]
    assert names == ["rival", "perfect"]
    assert lines[2].split()[1:] == ["40.0%", "0.4000", "0.1000", "0.3000", "(0.1000)", "75%"]


def test_a_share_of_no_regret_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    print_comparison(POINTS, POINTS[OURS][0], percent)
    assert capsys.readouterr().out.splitlines()[3].split()[-1] == "-"
