from dataclasses import replace

import pytest

from gan_models.errors import MetricError
from gan_models.metrics.protocol import Protocol, check_comparable

PROTOCOL = Protocol(data="d", split="select", features="f", n_fake=2000, n_real=450, k=5, seed=0)


def test_the_hash_is_stable_across_processes_and_versions() -> None:
    assert PROTOCOL.hash == "16e0e305721d"


@pytest.mark.parametrize(
    "change",
    [
        {"data": "x"},
        {"split": "certify"},
        {"features": "x"},
        {"n_fake": 1000},
        {"n_real": 449},
        {"k": 3},
        {"seed": 1},
        {"version": 1},
    ],
)
def test_anything_that_moves_a_score_changes_the_hash(change: dict[str, object]) -> None:
    assert replace(PROTOCOL, **change).hash != PROTOCOL.hash  # type: ignore[arg-type]


def test_scores_of_one_protocol_may_be_compared() -> None:
    check_comparable(PROTOCOL.to_mapping(), replace(PROTOCOL).to_mapping())


def test_scores_of_unlike_protocols_are_refused_with_the_fields_that_differ() -> None:
    other = replace(PROTOCOL, n_fake=500, features="g")
    message = r"cannot be compared: features \(f, now g\), n_fake \(2000, now 500\)$"
    with pytest.raises(MetricError, match=message):
        check_comparable(other.to_mapping(), PROTOCOL.to_mapping())


def test_a_field_that_one_side_lacks_is_a_difference() -> None:
    older = {name: value for name, value in PROTOCOL.to_mapping().items() if name != "k"}
    with pytest.raises(MetricError, match=r"k \(none, now 5\)"):
        check_comparable(PROTOCOL.to_mapping(), older)
