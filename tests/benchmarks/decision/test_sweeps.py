from functools import partial

import pytest
from click.testing import CliRunner

from benchmarks.decision import sweeps
from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.cohort_contenders import OUR_SETTING, POLICIES
from benchmarks.decision.comparison import FULL, OURS

FEW = {name: POLICIES[name] for name in (FULL, OURS, "Ray median")}


def test_regret_is_what_is_delivered_above_what_the_full_sweep_delivers(
    runs: list[LabelledRun],
) -> None:
    points = sweeps.measure(runs, num_cohorts=3, log_noise=0.2, policies=FEW)
    assert points[FULL][0].regrets == [0.0, 0.0, 0.0]
    assert sweeps.our_point(points).setting == OUR_SETTING
    assert {len(point.regrets) for each in points.values() for point in each} == {3}
    assert all(point.used_frac < 1 for point in points[OURS])


def test_the_same_cohorts_are_played_again(runs: list[LabelledRun]) -> None:
    first, again = (
        sweeps.measure(runs, num_cohorts=2, log_noise=0.1, policies=FEW) for _ in range(2)
    )
    assert first == again


def test_it_tells_every_noise_and_on_demand_every_setting(
    runs: list[LabelledRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "sweep_runs", lambda bank, for_testing: runs)
    monkeypatch.setattr(sweeps, "measure", partial(sweeps.measure, policies=FEW))
    short, long = (
        CliRunner().invoke(sweeps.main, ["--cohorts", "2", *options], catch_exceptions=False).output
        for options in ([], ["--settings"])
    )
    assert all(f"with {noise}% noise" in short for noise in (0, 5, 10))
    assert short.count("Ray median") == 3
    assert long.count("Ray median") == 3 * (1 + len(POLICIES["Ray median"]))
