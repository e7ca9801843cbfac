from math import inf, nan

import pytest

from orchestrator.sampling.outcome import FAILURE, Outcome


@pytest.mark.parametrize("values", [(), (nan,), (inf,), (1.0, nan)])
def test_nothing_finite_in_every_objective_is_a_failure(values: tuple[float, ...]) -> None:
    assert Outcome(values=values).is_failure


def test_a_score_is_none() -> None:
    assert not Outcome(values=(0.0, -1.0)).is_failure
    assert FAILURE.is_failure
