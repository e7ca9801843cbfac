from math import inf, nan

import pytest

from orchestrator.records import Adjustment, StoppedBy, TrialRecord, TrialStatus, VerdictKind
from orchestrator.wording import (
    format_adjustment,
    format_ending,
    format_exploit,
    format_fid,
    format_inheritance,
    format_kimg,
    format_number,
    format_verdict,
)
from tests.orchestrator.exploits import make_exploit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01234, "0.0123"),
        (0.5, "0.500"),
        (3.14159, "3.14"),
        (38.0, "38.0"),
        (412.3, "412"),
        (12345.6, "12,346"),
        (0.0000123, "1.23e-05"),
        (-0.00001, "-1.00e-05"),
        (nan, "—"),
        (inf, "—"),
        (None, "—"),
    ],
)
def test_a_distance_has_three_digits_that_count(value: object, text: str) -> None:
    assert format_fid(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (250.0, "250"), (3.84, "3.8"), (1600.0, "1,600"), (nan, "—")]
)
def test_kimg_shows_a_decimal_only_where_there_is_one(value: float, text: str) -> None:
    assert format_kimg(value) == text


def test_what_is_no_number_becomes_a_dash() -> None:
    assert [format_number(value, ".1f") for value in (1, nan, None, "1")] == ["1.0", "—", "—", "—"]


def test_a_verdict_is_words() -> None:
    assert format_verdict(VerdictKind.DISCRIMINATOR_OVERPOWERED) == "discriminator overpowered"
    assert format_verdict(None) == "—"


def test_a_trial_that_goes_on_has_its_status_for_an_ending() -> None:
    running = TrialRecord(trial_id="a", index=0, status=TrialStatus.RUNNING)
    assert format_ending(running) == "running"


@pytest.mark.parametrize("cause", StoppedBy)
def test_every_ending_has_words_of_its_own(cause: StoppedBy) -> None:
    ended = TrialRecord(trial_id="a", index=0, status=TrialStatus.STOPPED, stopped_by=cause)
    others = {
        format_ending(TrialRecord(trial_id="a", index=0, stopped_by=other))
        for other in StoppedBy
        if other is not cause
    }
    assert format_ending(ended) not in others


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "ratio changed, now D:G 2:1: D is blind"),
        (
            {"lr_factor": 0.5, "died_nimg": 900},
            "rolled back, now D:G 2:1, learning rates x 0.5: D is blind",
        ),
    ],
)
def test_an_adjustment_is_told_with_what_holds_from_now_on(
    changes: dict[str, float], text: str
) -> None:
    values = {"step": 1, "nimg": 64, "d_steps": 2, "g_steps": 1, "reason": "D is blind"}
    adjustment = Adjustment.from_mapping({**values, "lr_factor": 1.0, "num_rollbacks": 0} | changes)
    assert format_adjustment(adjustment) == text


def test_what_was_taken_over_is_told_with_every_parameter_that_changed() -> None:
    exploit = make_exploit(nimg=50_000, donor_nimg=50_500)
    taken = (
        "weights of ash at 50.5 kimg, d_lr 0.0001 to 0.0008, penalty r1 to none, r1_gamma 1 to —"
    )
    assert format_inheritance(exploit) == taken
    assert format_exploit(exploit) == f"goes on from the {taken}: worse by 1.8"
