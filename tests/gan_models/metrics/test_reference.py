from dataclasses import replace

import pytest
import torch

from gan_models.data.dataset import Dataset, Split
from gan_models.errors import MetricError
from gan_models.metrics.identity import IdentityFeatures
from gan_models.metrics.reference import Reference, build_reference


def reference_of(real: Dataset, k: int = 5) -> Reference:
    return build_reference(real, Split.SELECT, IdentityFeatures(real.sample), k=k)


def first(real: Dataset, count: int) -> Dataset:
    return replace(real, stored=real.stored[:count])


def test_the_real_side_is_summarised_in_float64(ring: Dataset) -> None:
    reference = reference_of(ring)
    points = ring.stored.double()
    assert len(reference) == 4000
    assert torch.equal(reference.features, points)
    assert reference.squared_radii.shape == (4000,)
    factor = reference.gaussian.factor
    torch.testing.assert_close(factor @ factor.T, torch.cov(points.T))


def test_the_protocol_names_everything_that_moves_a_score(ring: Dataset) -> None:
    protocol = reference_of(ring, k=3).protocol(n_fake=2000, seed=7)
    assert protocol.to_mapping() == {
        "data": ring.fingerprint,
        "split": "select",
        "features": IdentityFeatures(ring.sample).fingerprint,
        "n_fake": 2000,
        "n_real": 4000,
        "k": 3,
        "seed": 7,
        "version": 1,
    }


@pytest.mark.parametrize(("count", "k", "minimum"), [(6, 5, 7), (0, 5, 7), (2, 1, 3)])
def test_too_few_reals_are_refused_with_count_and_minimum(
    ring: Dataset, count: int, k: int, minimum: int
) -> None:
    message = f"ring8, select split: {count} samples; at least {minimum} are needed for k = {k}"
    with pytest.raises(MetricError, match=message):
        reference_of(first(ring, count), k)
    assert len(reference_of(first(ring, minimum), k)) == minimum


def test_reals_that_are_not_finite_are_refused(ring: Dataset) -> None:
    stored = ring.stored.clone()
    stored[3, 0] = torch.nan
    with pytest.raises(MetricError, match="1 of 4000 samples have NaN"):
        reference_of(replace(ring, stored=stored))
