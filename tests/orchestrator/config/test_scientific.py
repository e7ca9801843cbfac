import pytest
import yaml

from orchestrator.config.scientific import in_yaml, reads_as_number

NUMBERS = ["1e-4", "1E-4", "-2e3", "+2e+3", "2.5e3", "5.e3", "12e04"]


@pytest.mark.parametrize("text", NUMBERS)
def test_what_yaml_leaves_as_text_is_rewritten_to_the_same_number(text: str) -> None:
    assert yaml.safe_load(text) == text  # the trap
    assert reads_as_number(text)
    assert yaml.safe_load(in_yaml(text)) == float(text)


def test_the_rewritten_number_stays_readable() -> None:
    assert in_yaml("1e-4") == "1.0e-4"
    assert in_yaml("2.5e3") == "2.5e+3"


@pytest.mark.parametrize("text", ["", "hinge", "1e", "e4", "1e-4x", " 1e-4", "1e-4\n", "inf", "7"])
def test_other_texts_are_no_such_numbers(text: str) -> None:
    assert not reads_as_number(text)
    with pytest.raises(ValueError, match="is no number in scientific notation"):
        in_yaml(text)
