from math import isnan, nan

import pytest

from orchestrator.decision.optimism import Measured, optimism


def test_distances_without_bias_are_compared_where_they_are_known() -> None:
    found = optimism(
        selected=Measured(fid=4.0, fid_debiased=3.0, standard_error=0.3),
        certified=Measured(fid=9.0, fid_debiased=3.5, standard_error=0.4),
    )
    assert (found.value, found.of) == (0.5, "fid_debiased")
    assert found.standard_error == pytest.approx(0.5)


@pytest.mark.parametrize(("selected", "certified"), [(nan, 3.0), (3.0, nan), (nan, nan)])
def test_else_the_raw_ones_are_and_their_difference_has_no_known_error(
    selected: float, certified: float
) -> None:
    found = optimism(
        selected=Measured(fid=4.0, fid_debiased=selected, standard_error=nan),
        certified=Measured(fid=3.0, fid_debiased=certified, standard_error=nan),
    )
    assert (found.value, found.of) == (-1.0, "fid")
    assert isnan(found.standard_error)
