import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gan_models.data.dataset import Split, Splits
from gan_models.data.load import load_splits
from gan_models.data.source import DATASET_NAMES, FILE_KINDS, DataSource
from gan_models.errors import DataError
from gan_models.samples import SampleKind

Pixels = np.ndarray
WriteImages = Callable[[Path, Pixels], None]


@pytest.fixture
def files(tmp_path: Path, greys: Pixels, write_images: WriteImages) -> dict[str, Path]:
    """The same images as a folder, a numpy file and a Parquet file."""
    paths = {
        "folder": tmp_path / "images",
        "numpy": tmp_path / "images.npy",
        "parquet": tmp_path / "images.PARQUET",
    }
    write_images(paths["folder"], greys)
    np.save(paths["numpy"], greys)
    rows = pa.array(greys.reshape(90, -1).tolist(), pa.list_(pa.uint8(), 108))
    table = pa.table({"x": rows}).replace_schema_metadata({"shape": "[1, 9, 12]"})
    pq.write_table(table, paths["parquet"])
    return paths


def fingerprints(splits: Splits) -> list[str]:
    return [splits[split].fingerprint for split in Split]


@pytest.mark.parametrize("name", DATASET_NAMES)
def test_every_named_data_set_loads_under_its_name(name: str) -> None:
    splits = load_splits(DataSource(name=name))

    assert splits.train.name == name
    assert len(splits.train) > len(splits.select) >= 299
    assert splits.certify.labels is not None


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_every_kind_of_file_loads_and_is_guessed_from_the_path(
    kind: str, files: dict[str, Path]
) -> None:
    path = str(files[kind])

    named, guessed = (load_splits(DataSource(path=path, kind=given)) for given in (kind, None))

    assert fingerprints(named) == fingerprints(guessed)
    assert [len(named[split]) for split in Split] == [60, 15, 15]
    assert named.sample.kind is SampleKind.IMAGE


def test_equal_content_gives_equal_splits_whatever_the_file(files: dict[str, Path]) -> None:
    loaded = {
        tuple(fingerprints(load_splits(DataSource(path=str(path))))) for path in files.values()
    }

    assert len(loaded) == 1


@pytest.mark.parametrize("name", DATASET_NAMES)
def test_the_seed_decides_the_splits(name: str) -> None:
    source = DataSource(name=name)

    assert fingerprints(load_splits(source, 1)) == fingerprints(load_splits(source, 1))
    assert load_splits(source, 1).train.fingerprint != load_splits(source).train.fingerprint


def test_points_load_from_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "points.npz", samples=np.random.default_rng(0).normal(size=(90, 2)))

    splits = load_splits(DataSource(path=str(tmp_path / "points.npz")))

    assert splits.sample.kind is SampleKind.POINT
    assert splits.sample.shape == (2,)


def test_points_that_are_likely_flattened_images_train_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "flat.npy", np.zeros((100, 784), np.float32))
    with pytest.raises(DataError, match=r"flat.npy: points of 784 dimensions; allowed: up to 64"):
        load_splits(DataSource(path=str(tmp_path / "flat.npy"), kind="numpy"))


def test_72_samples_are_enough_and_71_are_too_few(tmp_path: Path, greys: Pixels) -> None:
    enough, short = tmp_path / "72.npy", tmp_path / "71.npy"
    np.save(enough, greys[:72])
    np.save(short, greys[:71])

    splits = load_splits(DataSource(path=str(enough)))

    assert [len(splits[split]) for split in Split] == [48, 12, 12]
    with pytest.raises(DataError, match=rf"^{short}: too few samples: 71; at least 72 are needed"):
        load_splits(DataSource(path=str(short)))


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"^{tmp_path / 'none'}: does not exist$"):
        load_splits(DataSource(path=str(tmp_path / "none")))


def test_a_file_of_unknown_kind_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("1,2")

    message = (
        r"data.csv: its kind is unknown from '.csv'; allowed: a folder, .npz, .npy, .parquet, "
        r"or set kind to one of folder, numpy, parquet"
    )
    with pytest.raises(DataError, match=message):
        load_splits(DataSource(path=str(file)))


def test_a_kind_that_contradicts_the_path_is_refused(files: dict[str, Path]) -> None:
    with pytest.raises(DataError, match=r"images.npy: not a folder, but kind is 'folder'"):
        load_splits(DataSource(path=str(files["numpy"]), kind="folder"))
    with pytest.raises(DataError, match=r"images: a folder, but kind is 'numpy'"):
        load_splits(DataSource(path=str(files["folder"]), kind="numpy"))


def test_a_named_kind_overrules_the_suffix(files: dict[str, Path]) -> None:
    renamed = files["numpy"].rename(files["numpy"].with_suffix(".bin"))

    assert len(load_splits(DataSource(path=str(renamed), kind="numpy")).train) == 60


def test_a_file_that_may_not_be_read_is_named(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)

    with pytest.raises(DataError, match=r"000.png: cannot be read \(Permission denied\)$"):
        load_splits(DataSource(path=str(files["folder"])))


def test_a_home_folder_is_expanded(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(files["folder"].parent))

    assert len(load_splits(DataSource(path="~/images")).train) == 60


def test_importing_it_imports_neither_pyarrow_nor_sklearn() -> None:
    heavy = "{'pyarrow', 'sklearn'} & set(sys.modules)"
    code = f"import sys, gan_models.data.load; sys.exit(str({heavy}) if {heavy} else 0)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
