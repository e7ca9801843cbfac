from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gan_models.data.arrays import read_arrays
from gan_models.errors import DataError
from gan_models.samples import SampleKind

Pixels = np.ndarray


def save(folder: Path, **arrays: Any) -> Path:
    file = folder / "data.npz"
    np.savez_compressed(file, **arrays)
    return file


def test_npy_holds_samples_without_labels(tmp_path: Path, colours: Pixels) -> None:
    file = tmp_path / "colours.npy"
    np.save(file, colours)

    data = read_arrays(file)

    assert np.array_equal(data.samples, colours)
    assert (data.name, data.kind, data.labels) == ("colours.npy", SampleKind.IMAGE, None)


def test_npz_holds_samples_and_labels(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)

    data = read_arrays(save(tmp_path, samples=points, labels=np.array([5, 9, 5, 5])))

    assert np.array_equal(data.samples, points)
    assert data.kind is SampleKind.POINT
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 0, 0]
    assert data.num_classes == 2


def test_npz_may_come_without_labels(tmp_path: Path, greys: Pixels) -> None:
    assert read_arrays(save(tmp_path, samples=greys)).labels is None


@pytest.mark.parametrize("name", ["images", "arr_0"])
def test_the_only_array_besides_labels_is_the_samples_whatever_its_name(
    tmp_path: Path, greys: Pixels, name: str
) -> None:
    file = save(tmp_path, **{name: greys, "labels": np.zeros(90, dtype=int)})
    assert np.array_equal(read_arrays(file).samples.reshape(greys.shape), greys)


def test_labels_of_another_length_are_refused(tmp_path: Path, greys: Pixels) -> None:
    file = save(tmp_path, samples=greys, labels=np.zeros(89, dtype=int))

    with pytest.raises(DataError, match=rf"^{file}: labels of shape \(89,\) for 90 samples"):
        read_arrays(file)


def test_a_misspelt_array_is_refused_with_the_nearest_name(tmp_path: Path, greys: Pixels) -> None:
    file = save(tmp_path, samples=greys, label=np.zeros(90, dtype=int))

    message = rf"^{file}: array 'label': did you mean 'labels'\? allowed: labels, samples"
    with pytest.raises(DataError, match=message):
        read_arrays(file)


@pytest.mark.parametrize(
    ("arrays", "found"), [({"labels": np.zeros(3, dtype=int)}, "labels"), ({}, "none")]
)
def test_npz_without_samples_is_refused(tmp_path: Path, arrays: dict[str, Any], found: str) -> None:
    file = save(tmp_path, **arrays)

    with pytest.raises(DataError, match=rf"^{file}: no array 'samples'; found: {found}$"):
        read_arrays(file)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_python_objects_are_refused_and_never_unpickled(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"objects.{suffix}"
    objects = np.array([{"a": 1}, None], dtype=object)
    if suffix == "npy":
        np.save(file, objects, allow_pickle=True)
    else:
        np.savez(file, samples=objects)

    with pytest.raises(DataError, match=rf"^{file}: holds Python objects; store plain numbers"):
        read_arrays(file)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.npy"
    file.touch()

    with pytest.raises(DataError, match=rf"^{file}: empty$"):
        read_arrays(file)


def test_a_file_that_is_not_numpy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.npy"
    file.write_bytes(b"hello world")

    with pytest.raises(DataError, match=rf"^{file}: not a numpy file"):
        read_arrays(file)


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("kept_frac", [0.003, 0.5, 0.99])
def test_a_cut_off_file_is_refused(
    tmp_path: Path, greys: Pixels, suffix: str, kept_frac: float
) -> None:
    file = tmp_path / f"cut.{suffix}"
    if suffix == "npy":
        np.save(file, greys)
    else:
        np.savez_compressed(file, samples=greys)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept_frac * len(whole))])

    with pytest.raises(DataError, match=rf"^{file}: a broken numpy file"):
        read_arrays(file)


def test_unusable_samples_are_refused_with_the_file(tmp_path: Path) -> None:
    file = save(tmp_path, samples=np.full((50, 2), np.nan))

    with pytest.raises(DataError, match=rf"^{file}: row 0 holds NaN"):
        read_arrays(file)
