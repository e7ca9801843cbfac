from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import prdc
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.linalg import sqrtm
from torch import Tensor, nn

from gan_models.data.digits import read_digits
from gan_models.errors import DataError, MetricError
from gan_models.metrics.protocol import Protocol
from orchestrator.errors import UsageError
from orchestrator.scoring import score_sets
from tests.gan_models.features.network_files import save_scripted

Points = NDArray[np.float32]
WritePoints = Callable[[str, Points], Path]


@pytest.fixture
def write_points(tmp_path: Path) -> WritePoints:
    def write(name: str, points: Points) -> Path:
        np.save(tmp_path / f"{name}.npy", points)
        return tmp_path / f"{name}.npy"

    return write


def cloud(count: int, *, seed: int, shift: float = 0.0, dimensions: int = 3) -> Points:
    rng = np.random.default_rng(seed)
    return (shift + rng.normal(size=(count, dimensions))).astype(np.float32)


def frechet(real: Points, fake: Points) -> float:
    """Compute |μ − μ'|² + Tr(Σ + Σ' − 2 (Σ Σ')^½) as it is written."""
    a, b = np.cov(real.T.astype(np.float64)), np.cov(fake.T.astype(np.float64))
    means = real.astype(np.float64).mean(0) - fake.astype(np.float64).mean(0)
    return float(means @ means + np.trace(a + b - 2 * sqrtm(a @ b).real))


def test_points_are_scored_as_other_libraries_score_them(write_points: WritePoints) -> None:
    real, fake = cloud(300, seed=0), cloud(200, seed=1, shift=0.3)
    scored = score_sets(str(write_points("real", real)), write_points("fake", fake))
    metrics = scored.to_mapping()["metrics"]
    assert metrics["fid"]["value"] == pytest.approx(frechet(real, fake), rel=1e-6)
    expected = prdc.compute_prdc(real.astype(float), fake.astype(float), nearest_k=5)
    for name in ("precision", "recall", "density", "coverage"):
        assert metrics[name] == pytest.approx(expected[name]), name


def test_all_of_a_users_samples_are_the_reference_and_the_protocol_says_so(
    write_points: WritePoints,
) -> None:
    real, fake = write_points("real", cloud(300, seed=0)), write_points("fake", cloud(99, seed=1))
    found = score_sets(str(real), fake, seed=3).to_mapping()
    protocol = found["protocol"]
    assert (protocol["split"], protocol["n_real"], protocol["n_fake"]) == ("all", 300, 99)
    named = protocol.pop("features_name")
    assert named == "identity"
    assert Protocol(**protocol).hash == found["protocol_hash"]


def test_a_named_data_set_is_scored_by_its_certify_split(write_points: WritePoints) -> None:
    scored = score_sets("ring8", write_points("fake", cloud(400, seed=1, dimensions=2)))
    found = scored.to_mapping()
    assert (found["protocol"]["split"], found["protocol"]["n_real"]) == ("certify", 3333)
    assert found["metrics"]["modes"] is not None
    assert found["metrics"]["high_quality_frac"] < 0.1


def test_what_does_not_apply_is_null(write_points: WritePoints) -> None:
    real = write_points("real", cloud(60, seed=0))
    metrics = score_sets(str(real), real).to_mapping()["metrics"]
    assert [metrics[name] for name in ("modes", "mode_entropy", "high_quality_frac")] == [None] * 3


def test_fakes_sorted_by_class_are_shuffled_before_they_are_halved(
    write_points: WritePoints,
) -> None:
    two_classes = np.concatenate([cloud(200, seed=0, shift=-5), cloud(200, seed=1, shift=5)])
    real = write_points("real", two_classes)
    fid = score_sets(str(real), real).to_mapping()["metrics"]["fid"]
    assert fid["value"] == pytest.approx(0, abs=1e-6)
    assert max(fid["half_a"], fid["half_b"]) < 5  # sorted halves would be 25 apart in each axis


def test_a_number_of_fakes_is_taken_by_the_seed(write_points: WritePoints) -> None:
    real, fake = write_points("real", cloud(100, seed=0)), write_points("fake", cloud(90, seed=1))

    def fid(seed: int) -> Any:
        scored = score_sets(str(real), fake, num_fakes=40, seed=seed)
        return scored.to_mapping()["metrics"]["fid"]["value"]

    assert fid(0) == fid(0) != fid(1)
    with pytest.raises(UsageError, match="holds 90 samples, but 91 were asked for"):
        score_sets(str(real), fake, num_fakes=91)


def test_real_digits_in_a_folder_reach_every_mode(tmp_path: Path) -> None:
    digits = read_digits()
    for index in range(500):
        Image.fromarray(digits.samples[index, 0]).save(tmp_path / f"{index:04d}.png")
    found = score_sets("digits", tmp_path).to_mapping()
    assert found["metrics"]["modes"] == 10
    assert found["metrics"]["coverage"] > 0.9
    assert found["metrics"]["high_quality_frac"] is None  # a classifier always names a class
    assert found["protocol"]["features_name"] == "digits-classifier"


def test_unequal_shapes_are_refused_naming_both(write_points: WritePoints) -> None:
    fake = write_points("fake", cloud(60, seed=0))
    with pytest.raises(MetricError, match=r"points of 3\) cannot .* digits \(images of 1 x 8 x 8"):
        score_sets("digits", fake)


def test_sides_that_cannot_be_read_are_refused(write_points: WritePoints, tmp_path: Path) -> None:
    real = str(write_points("real", cloud(60, seed=0)))
    with pytest.raises(DataError, match="ring: no such file or folder, nor .* mean 'ring8'"):
        score_sets("ring", Path(real))
    with pytest.raises(DataError, match="none: does not exist"):
        score_sets(real, tmp_path / "none")
    few = write_points("few", cloud(6, seed=0))
    with pytest.raises(MetricError, match="few.npy: 6 samples; at least 10 are needed"):
        score_sets(str(few), Path(real))
    with pytest.raises(MetricError, match="few.npy: 6 samples; at least 10"):
        score_sets(real, few)
    with pytest.raises(MetricError, match="features = 'inception'"):
        score_sets(real, Path(real), features="inception")


class BlindedByLight(nn.Module):
    """Gives NaN for bright images: as a network does that overflows."""

    def forward(self, images: Tensor) -> Tensor:
        means = images.float().mean([2, 3])
        return means / (means < 200)


def test_fakes_that_a_network_cannot_see_are_refused_with_their_number(tmp_path: Path) -> None:
    network = save_scripted(tmp_path / "net.pt", BlindedByLight())
    images = np.random.default_rng(0).integers(0, 100, (40, 3, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "real.npy", images)
    images[:7] = 255
    np.save(tmp_path / "fake.npy", images)
    message = r"fake.npy: 7 of 40 samples have NaN or infinite features"
    with pytest.raises(MetricError, match=message):
        score_sets(
            str(tmp_path / "real.npy"), tmp_path / "fake.npy", features=f"torchscript:{network}"
        )


def test_as_good_as_real_says_only_what_is_known(write_points: WritePoints) -> None:
    real, fake = write_points("real", cloud(300, seed=0)), write_points("fake", cloud(400, seed=1))
    found = score_sets(str(real), fake).to_mapping()["as_good_as_real"]
    assert found["vendi"] is None  # of 400 reals; there are 300
    assert found["bins_differing_frac"] is None  # of 7 bins
    fewer = score_sets(str(real), fake, num_fakes=50).to_mapping()["as_good_as_real"]
    assert 1 < fewer["vendi"] < 4  # of unit vectors in three dimensions
    assert (fewer["density"], fewer["c2st"]) == (1, 0.5)
