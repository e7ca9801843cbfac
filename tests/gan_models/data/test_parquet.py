from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gan_models.data.parquet import read_parquet
from gan_models.errors import DataError
from gan_models.samples import SampleKind

Pixels = np.ndarray
Encode = Callable[..., bytes]


def save(folder: Path, columns: dict[str, Any], shape: str | None = None) -> Path:
    file = folder / "data.parquet"
    table = pa.table(columns)
    if shape is not None:
        table = table.replace_schema_metadata({"shape": shape})
    pq.write_table(table, file, row_group_size=7)  # several chunks
    return file


def lists(array: np.ndarray, size: int | None = -1) -> pa.Array:
    rows = array.reshape(len(array), -1)
    length = rows.shape[1] if size == -1 else size
    kind = pa.from_numpy_dtype(array.dtype)
    return pa.array(rows.tolist(), pa.list_(kind) if length is None else pa.list_(kind, length))


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_image_bytes_are_decoded(
    tmp_path: Path, colours: Pixels, encode: Encode, kind: pa.DataType
) -> None:
    encoded = pa.array([encode(image) for image in colours], kind)

    data = read_parquet(save(tmp_path, {"picture": encoded}))

    assert np.array_equal(data.samples, colours)
    assert (data.name, data.kind, data.labels) == ("data.parquet", SampleKind.IMAGE, None)


def test_the_struct_of_hugging_face_is_decoded(
    tmp_path: Path, greys: Pixels, encode: Encode
) -> None:
    rows = [{"bytes": encode(image), "path": "a.png"} for image in greys]

    data = read_parquet(save(tmp_path, {"image": rows, "label": [0, 1, 2] * 30}))

    assert np.array_equal(data.samples, greys)
    assert data.num_classes == 3


@pytest.mark.parametrize("size", [-1, None], ids=["fixed-size", "plain"])
def test_lists_without_a_shape_are_points(tmp_path: Path, size: int | None) -> None:
    points = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)

    data = read_parquet(save(tmp_path, {"x": lists(points, size)}))

    assert data.kind is SampleKind.POINT
    assert np.array_equal(data.samples, points)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_lists_take_the_shape_of_the_metadata(tmp_path: Path, colours: Pixels, layout: str) -> None:
    given = colours if layout == "NCHW" else np.moveaxis(colours, 1, -1)

    file = save(tmp_path, {"x": lists(given)}, shape=str(list(given.shape[1:])))

    assert np.array_equal(read_parquet(file).samples, colours)


def test_float_images_in_lists_become_uint8(tmp_path: Path, greys: Pixels) -> None:
    file = save(tmp_path, {"x": lists((greys / 255).astype(np.float32))}, shape="[1, 9, 12]")

    assert np.array_equal(read_parquet(file).samples, greys)


@pytest.mark.parametrize(
    "labels",
    [["b", "a", "c"], pa.array(["b", "a", "c"]).dictionary_encode(), [5, 2, 9]],
    ids=["text", "categories", "numbers"],
)
def test_labels_are_numbered_in_sorted_order(tmp_path: Path, labels: Any) -> None:
    data = read_parquet(save(tmp_path, {"x": lists(np.zeros((3, 2))), "label": labels}))

    assert data.labels is not None
    assert data.labels.tolist() == [1, 0, 2]
    assert data.num_classes == 3


def test_other_columns_are_passed_over(tmp_path: Path) -> None:
    points = lists(np.zeros((3, 2)))

    data = read_parquet(save(tmp_path, {"id": [1, 2, 3], "x": points, "name": ["a", "b", "c"]}))

    assert data.samples.shape == (3, 2)
    assert data.labels is None


def test_no_usable_column_is_refused_with_what_is_there(tmp_path: Path) -> None:
    file = save(tmp_path, {"id": [1], "label": [0]})

    message = rf"^{file}: needs exactly one column .* has 0; columns: id \(int64\), label \(int64\)"
    with pytest.raises(DataError, match=message):
        read_parquet(file)


RECIPE = r'table.replace_schema_metadata\({"shape": "\[1, 8, 8\]"}\)'


@pytest.mark.parametrize(
    ("length", "dtype"), [(64, np.uint8), (2, np.int64), (4097, np.float32), (784, np.uint8)]
)
def test_lists_that_can_only_be_images_are_refused_with_the_way_to_give_their_shape(
    tmp_path: Path, length: int, dtype: type[np.generic]
) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((3, length), dtype=dtype))})

    name = np.dtype(dtype).name
    message = (
        rf"^{file}: lists of {length} {name} numbers without a shape; .*{RECIPE}.* 4096 floats$"
    )
    with pytest.raises(DataError, match=message):
        read_parquet(file)


def test_the_way_to_give_a_shape_that_is_told_works(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 1, 8, 8), dtype=np.uint8)

    file = save(tmp_path, {"x": lists(pixels)}, shape="[1, 8, 8]")

    assert np.array_equal(read_parquet(file).samples, pixels)


def test_the_longest_lists_that_may_be_points_are_points(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((3, 64), dtype=np.float32))})

    assert read_parquet(file).kind is SampleKind.POINT


def test_nested_lists_are_refused_with_the_way_to_give_a_shape(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": np.zeros((3, 8, 8), dtype=np.uint8).tolist()})

    with pytest.raises(DataError, match=rf"has 0; .*; lists of lists are not read: .*{RECIPE}$"):
        read_parquet(file)


def test_two_usable_columns_are_refused(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((3, 2))), "y": [b"a", b"b", b"c"]})

    with pytest.raises(DataError, match=r"has 2; columns: x \(fixed_size_list.*, y \(binary\)"):
        read_parquet(file)


@pytest.mark.parametrize(("cell", "fault"), [(b"", "empty"), (b"hello", "not an image")])
def test_a_broken_image_is_named_by_its_row(
    tmp_path: Path, greys: Pixels, encode: Encode, cell: bytes, fault: str
) -> None:
    cells = [encode(image) for image in greys]
    cells[9] = cell
    file = save(tmp_path, {"image": cells})

    with pytest.raises(DataError, match=rf"^{file}: row 9: {fault}"):
        read_parquet(file)


def test_an_image_of_another_size_is_named_by_its_row(
    tmp_path: Path, greys: Pixels, encode: Encode
) -> None:
    cells = [encode(image) for image in greys]
    cells[9] = encode(greys[9, :, :8])
    file = save(tmp_path, {"image": cells})

    with pytest.raises(DataError, match=rf"^{file}: row 9: 12 x 8 pixels .* 89 of 90"):
        read_parquet(file)


def test_a_null_sample_is_named_by_its_row(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": pa.array([[0.0]] * 11 + [None], pa.list_(pa.float32()))})

    with pytest.raises(DataError, match=rf"^{file}: samples: row 11 is null$"):
        read_parquet(file)


def test_a_null_label_is_named_by_its_row(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((12, 2))), "label": [0] * 10 + [None, 1]})

    with pytest.raises(DataError, match=rf"^{file}: column 'label': row 10 is null$"):
        read_parquet(file)


def test_a_null_within_a_list_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": pa.array([[0.0, 1.0], [None, 1.0]], pa.list_(pa.float32(), 2))})

    with pytest.raises(DataError, match=rf"^{file}: a list holds a null"):
        read_parquet(file)


def test_lists_of_unequal_length_are_refused(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": [[0.0, 1.0]] * 8 + [[0.0]] + [[0.0, 1.0]]})

    with pytest.raises(DataError, match=rf"^{file}: row 8 has 1 numbers, others have 2"):
        read_parquet(file)


@pytest.mark.parametrize("shape", ["8x8", "8", "[null]"])
def test_a_shape_that_is_no_list_of_sizes_is_refused(tmp_path: Path, shape: str) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((3, 64), dtype=np.uint8))}, shape=shape)

    with pytest.raises(DataError, match=rf"^{file}: metadata shape = .*; give JSON like \[1, 8, 8"):
        read_parquet(file)


def test_a_shape_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((3, 64), dtype=np.uint8))}, shape="[1, 8, 9]")

    with pytest.raises(DataError, match=rf"^{file}: metadata shape \(1, 8, 9\) does not fit .* 64"):
        read_parquet(file)


def test_values_that_are_not_finite_are_named_by_their_row(tmp_path: Path) -> None:
    points = np.zeros((12, 2))
    points[8, 0] = np.nan
    file = save(tmp_path, {"x": lists(points)})

    with pytest.raises(DataError, match=rf"^{file}: row 8 holds NaN"):
        read_parquet(file)


def test_a_table_without_rows_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": pa.array([], pa.list_(pa.float32(), 2))})

    with pytest.raises(DataError, match=rf"^{file}: a table without rows$"):
        read_parquet(file)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty.parquet"
    file.touch()

    with pytest.raises(DataError, match=rf"^{file}: empty$"):
        read_parquet(file)


@pytest.mark.parametrize("kept_frac", [0.01, 0.5, 0.99])
def test_a_cut_off_file_is_refused(tmp_path: Path, kept_frac: float) -> None:
    file = save(tmp_path, {"x": lists(np.zeros((60, 2)))})
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept_frac * len(whole))])

    with pytest.raises(DataError, match=rf"^{file}: not a Parquet file, or a broken one"):
        read_parquet(file)


def test_damage_in_the_middle_is_refused(tmp_path: Path) -> None:
    file = save(tmp_path, {"x": lists(np.random.default_rng(0).normal(size=(60, 2)))})
    whole = bytearray(file.read_bytes())
    whole[4:400] = b"\xff" * 396
    file.write_bytes(bytes(whole))

    with pytest.raises(DataError, match=rf"^{file}: not a Parquet file, or a broken one"):
        read_parquet(file)


def test_a_label_that_is_no_text_is_refused(tmp_path: Path) -> None:
    not_utf8 = pa.array([b"\xff"] * 3).view(pa.string())
    file = save(tmp_path, {"x": lists(np.zeros((3, 2))), "label": not_utf8})

    with pytest.raises(DataError, match=rf"^{file}: not a Parquet file, or a broken one .*utf-8"):
        read_parquet(file)
