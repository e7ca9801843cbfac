from dataclasses import replace

import pytest

from gan_models.metrics.protocol import Protocol

PROTOCOL = Protocol(data="d", split="select", features="f", n_fake=2000, n_real=450, k=5, seed=0)


def test_the_hash_is_stable_across_processes_and_versions() -> None:
    assert PROTOCOL.hash == "d12664e87b58"


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
        {"version": 2},
    ],
)
def test_anything_that_moves_a_score_changes_the_hash(change: dict[str, object]) -> None:
    assert replace(PROTOCOL, **change).hash != PROTOCOL.hash  # type: ignore[arg-type]
