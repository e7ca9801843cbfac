from collections.abc import Callable

import pytest

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.comparison import FULL, OURS
from benchmarks.decision.stop_contenders import OUR_SETTING, STOPS, measure_stops, stop_point
from orchestrator.decision.rules import VerdictRules

MakeRun = Callable[..., LabelledRun]


def test_every_contender_is_measured_at_every_setting(runs: list[LabelledRun]) -> None:
    points = measure_stops(runs)
    assert {name: [point.setting for point in each] for name, each in points.items()} == {
        name: list(settings) for name, settings in STOPS.items()
    }
    assert points[FULL][0].used_frac == 1.0
    assert all(0 < point.used_frac <= 1 for each in points.values() for point in each)
    assert {len(point.regrets) for each in points.values() for point in each} == {len(runs)}


def test_more_patience_uses_more(make_run: MakeRun) -> None:
    wavy = [make_run(f"{k}", [9 - 0.1 * row + row % k for row in range(40)]) for k in (4, 7, 11)]
    used = [point.used_frac for point in measure_stops(wavy)["patience"]]
    assert used == sorted(used)
    assert used[0] < used[-1]


def test_compute_is_of_all_runs_and_regret_of_the_viable(make_run: MakeRun) -> None:
    runs = [
        make_run("good", [10.0, 6.0, 8.0, 2.0]),
        make_run("hopeless", [10.0, 10.0, 10.0, 10.0], viable=False),
    ]
    point = stop_point("x", runs, {"good": 1, "hopeless": None})
    assert point.setting == "x"
    assert point.used_frac == pytest.approx(6 / 8)
    assert point.regrets == pytest.approx([(6 - 2) / 10])


def test_our_setting_is_the_default_of_the_rules(runs: list[LabelledRun]) -> None:
    default = f"{VerdictRules().min_gain_frac:g}"
    assert OUR_SETTING.endswith(default)
    assert OUR_SETTING in STOPS[OURS]
