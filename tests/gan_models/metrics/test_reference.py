from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import torch

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.errors import MetricError
from gan_models.features.classifier import ClassifierFeatures
from gan_models.features.identity import IdentityFeatures
from gan_models.metrics.frechet import frechet_distance
from gan_models.metrics.reference import Reference, build_reference
from gan_models.samples import SampleKind
from tests.gan_models.datasets import make_dataset


def reference_of(real: Dataset, k: int = 5) -> Reference:
    return build_reference(real, Split.SELECT, IdentityFeatures(real.sample), k=k)


def first(real: Dataset, count: int) -> Dataset:
    return replace(real, stored=real.stored[:count], fingerprint=f"first {count}")


def test_the_real_side_is_summarised_in_float64(ring: Dataset) -> None:
    reference = reference_of(ring)
    points = ring.stored.double()
    assert len(reference) == 4000
    assert torch.equal(reference.features, ring.stored)
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
        "version": 2,
    }


@pytest.mark.parametrize(("count", "k", "minimum"), [(6, 5, 7), (0, 5, 7), (3, 2, 4)])
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
        reference_of(replace(ring, stored=stored, fingerprint="broken"))


class Counted(IdentityFeatures):
    """Counts how often features are taken."""

    count = 0

    def __call__(self, stored: torch.Tensor) -> torch.Tensor:
        self.count += 1
        return super().__call__(stored)


def test_a_second_build_computes_nothing_and_gives_the_same_bits(
    ring: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = Counted(ring.sample)
    first_built = build_reference(ring, Split.SELECT, extractor, cache_dir=tmp_path)
    for part in ("fit_gaussian", "squared_radii", "kernel_row_sums", "fit_bins"):
        monkeypatch.setattr(f"gan_models.metrics.reference.{part}", None)  # would fail if called
    again = build_reference(ring, Split.CERTIFY, extractor, cache_dir=tmp_path)
    assert extractor.count == 1
    assert again.split is Split.CERTIFY
    for one, other in zip(tensors_of(first_built), tensors_of(again), strict=True):
        assert torch.equal(one, other)
    assert again.bias_of_reals == first_built.bias_of_reals


def tensors_of(reference: Reference) -> list[torch.Tensor]:
    return [
        *(reference.features, reference.gaussian.mean, reference.gaussian.factor),
        *(reference.squared_radii, reference.kernel_row_sums),
        *(reference.bins.centres, reference.bins.real_counts),
    ]


@pytest.mark.parametrize("change", ["data", "features", "k"])
def test_other_data_features_or_neighbours_are_another_reference(
    ring: Dataset, tmp_path: Path, change: str
) -> None:
    extractor = Counted(ring.sample)
    build_reference(ring, Split.SELECT, extractor, cache_dir=tmp_path)
    real = replace(ring, fingerprint="other") if change == "data" else ring
    if change == "features":
        extractor.fingerprint = "other"
    k = 3 if change == "k" else 5
    build_reference(real, Split.SELECT, extractor, k=k, cache_dir=tmp_path)
    assert len(list(tmp_path.glob("reference-*.safetensors"))) == 2
    assert len(list(tmp_path.glob("features-*.safetensors"))) == (1 if change == "k" else 2)


def test_the_floor_is_what_fresh_reals_score(ring: Dataset) -> None:
    generator = torch.Generator().manual_seed(5)

    def fresh(count: int) -> torch.Tensor:
        assert ring.modes is not None
        which = torch.randint(8, (count,), generator=generator)
        noise = torch.randn(count, 2, generator=generator)
        return ring.modes.centres[which] + ring.modes.standard_deviation * noise

    reference = reference_of(replace(ring, stored=fresh(4000), fingerprint="fresh"))
    distances = [frechet_distance(reference.gaussian, fresh(500)) for _ in range(500)]
    assert reference.frechet_floor(500) == pytest.approx(sum(distances) / 500, rel=0.15)


def test_the_floor_of_a_split_by_class_is_what_fresh_reals_score_against_it(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    """The split has its exact share of every class, so less varies than in a draw at random."""
    everything = torch.cat([digit_classifier(digits[split].stored) for split in Split])
    labels = torch.cat([digits[split].labels for split in Split])  # type: ignore[misc]
    of_class = [(labels == each).nonzero()[:, 0] for each in range(10)]
    generator = torch.Generator().manual_seed(0)
    floors, random_floors, distances = [], [], []
    for repeat in range(12):
        drawn = [rows[torch.randint(len(rows), (30,), generator=generator)] for rows in of_class]
        rows = torch.cat(drawn)
        points = make_dataset("dealt", SampleKind.POINT, everything[rows], labels=labels[rows])
        real = replace(points, is_stratified=True, fingerprint=f"dealt {repeat}")
        reference = reference_of(real)
        fresh = torch.randint(len(labels), (40, 1000), generator=generator)
        distances += [frechet_distance(reference.gaussian, everything[rows]) for rows in fresh]
        floors.append(reference.frechet_floor(1000))
        at_random = reference_of(replace(real, is_stratified=False))
        random_floors.append(at_random.frechet_floor(1000))
    expected = sum(distances) / len(distances)
    assert sum(floors) / 12 == pytest.approx(expected, rel=0.1)
    assert sum(random_floors) / 12 > 1.2 * expected


def test_there_is_no_floor_for_fewer_samples_than_the_bias_needs(ring: Dataset) -> None:
    assert isnan(reference_of(ring).frechet_floor(7))
    assert isnan(reference_of(first(ring, 7)).frechet_floor(500))
    assert reference_of(first(ring, 8)).frechet_floor(8) > 0


def test_features_that_are_all_equal_are_refused_with_the_extractor(ring: Dataset) -> None:
    equal = replace(ring, stored=torch.ones(50, 2), fingerprint="equal")
    message = "ring8: 'identity' gives all 50 real samples equal features"
    with pytest.raises(MetricError, match=message):
        reference_of(equal)
