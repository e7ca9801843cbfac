from typing import Any

import pytest

from orchestrator.disclosure import disclose

CERTIFICATE = {"fid_debiased": 3.2, "fid_debiased_low": 2.9, "fid_debiased_high": 3.5}
SELECTION: dict[str, Any] = {
    "fid": 3.9,
    "fid_debiased": 3.05,
    "optimism": 0.15,
    "optimism_standard_error": 0.21,
    "optimism_of": "fid_debiased",
    "generation_seed_sd": 0.08,
    "draws": 7,
    "training_seeds": 1,
    "training_seed_sd": None,
    "comparisons": [],
    "trials": 18,
    "checkpoints": 1268,
    "candidates": 39,
    "evaluations": 96,
}
PAIR: dict[str, Any] = {
    "other": "babad",
    "num_pairs": 6,
    "gap_frac": 0.041,
    "gap_low_frac": 0.012,
    "gap_high_frac": 0.07,
    "p_value": 0.03125,
    "is_tie": False,
    "is_better": True,
}


def told(**changes: Any) -> dict[str, str]:
    return disclose(SELECTION | changes, CERTIFICATE)


def test_the_luck_of_the_choice_is_told_at_equal_bias() -> None:
    expected = "certificate +0.150 ± 0.210 above the score selected on (3.05 without bias)"
    assert told()["optimism"] == expected
    assert told(optimism=-0.15)["optimism"].startswith("certificate −0.150 ±")


def test_where_the_bias_is_not_known_it_is_said_to_be_in_it() -> None:
    text = told(optimism_of="fid", optimism_standard_error=None, fid_debiased=None)["optimism"]
    assert text.endswith("+0.150 above the score selected on (3.90, biases of both splits in it)")


def test_both_spreads_are_told_and_one_training_says_nothing_of_another() -> None:
    text = told()["seed spread"]
    assert text.startswith("sd of FID 0.0800 over 7 draws of fakes, ")
    assert text.endswith("not known over training seeds")
    text = told(training_seeds=5, training_seed_sd=0.31)["seed spread"]
    assert text.endswith("0.310 over 5 training seeds")


def test_how_much_was_looked_at_is_counted() -> None:
    expected = "1,268 checkpoints of 18 trials in training; 39 of them again, by 96 fresh scores"
    assert told()["looked at"] == expected


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "better than babad (+4.1 %, 95 % interval +1.2 to +7.0 %, p = 0.031, 6 pairs)"),
        (
            {"is_tie": True, "is_better": False, "p_value": 0.2},
            "no better than babad (+4.1 %, 95 % interval +1.2 to +7.0 %, p = 0.200, 6 pairs)",
        ),
        (
            {"num_pairs": 3, "p_value": None, "is_better": False},
            "ahead of babad (+4.1 % over 3 pairs, too few to claim that it is better)",
        ),
        (
            {"num_pairs": 3, "p_value": None, "is_tie": True, "is_better": False},
            "a tie with babad (+4.1 % over 3 pairs, too few to claim that it is better)",
        ),
        (
            {"num_pairs": 1, "p_value": None, "is_tie": True, "is_better": False},
            "a tie with babad (+4.1 % over 1 pair, too few to claim that it is better)",
        ),
        ({"gap_frac": None}, "no seed in common with babad"),
    ],
)
def test_each_finalist_is_compared_in_words(changes: dict[str, Any], text: str) -> None:
    assert told(comparisons=[PAIR | changes])["compared"] == text


def test_the_distance_without_bias_has_its_interval() -> None:
    assert told()["without bias"] == "3.20 [2.90, 3.50], what very many samples would score"


def test_of_an_earlier_journal_nothing_is_said_that_it_does_not_hold() -> None:
    assert disclose({"fid": 3.9, "reason": "because"}, {"fid": 4.0}) == {}
    assert "without bias" not in disclose(SELECTION, {"fid_debiased_low": None})
