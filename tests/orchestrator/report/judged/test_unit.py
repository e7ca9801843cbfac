from math import nan

import pytest

from orchestrator.report.judged.unit import Unit, common_unit
from tests.orchestrator.report.judged.runs import row

ALL = (Unit.SECONDS, Unit.KIMG, Unit.STEPS)
FULL = [row(0, 9.0), row(1, 8.0), row(2, 7.0)]


def test_the_first_unit_that_every_run_recorded_counts() -> None:
    without_time = [row(1, 9.0, seconds=nan), row(2, 8.0)]
    without_images = [row(1, 9.0, nimg=0), row(2, 8.0, nimg=0)]
    assert common_unit([FULL], ALL) is Unit.SECONDS
    assert common_unit([FULL, without_time], ALL) is Unit.KIMG
    assert common_unit([FULL, without_images], (Unit.KIMG, Unit.STEPS)) is Unit.STEPS
    assert common_unit([without_time, without_images], ALL) is Unit.STEPS


def test_a_clock_that_was_set_back_is_no_measure() -> None:
    assert not Unit.SECONDS.is_recorded([row(1, 9.0, seconds=50.0), row(2, 8.0, seconds=10.0)])
    assert Unit.SECONDS.is_recorded([row(1, 9.0, seconds=50.0), row(2, 8.0, seconds=50.0)])


def test_runs_that_count_nothing_have_steps() -> None:
    assert common_unit([[row(0, 9.0)]], ALL) is Unit.STEPS


def test_images_are_counted_in_thousands() -> None:
    assert [unit.spent(row(2, 7.0)) for unit in ALL] == [3600.0, 10.0, 200.0]


@pytest.mark.parametrize(
    ("unit", "spent", "amount", "place"),
    [
        (Unit.SECONDS, 42.0, "42 s", "42 s"),
        (Unit.SECONDS, 9.5 * 3600, "9:30 h", "9:30 h"),
        (Unit.SECONDS, 1474.2 * 3600, "1,474 h", "1,474 h"),
        (Unit.KIMG, 12.5, "12.5 kimg", "12.5 kimg"),
        (Unit.STEPS, 4000.0, "4,000 steps", "step 4,000"),
        (Unit.STEPS, 1.0, "1 step", "step 1"),
    ],
)
def test_costs_and_places_are_written_with_their_unit(
    unit: Unit, spent: float, amount: str, place: str
) -> None:
    assert (unit.amount(spent), unit.place(spent)) == (amount, place)
