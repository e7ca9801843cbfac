"""Samples in a Parquet file: encoded images, or lists of numbers; the one door of pyarrow."""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gan_models.data.images import decode_image, stack_images
from gan_models.data.interpret import MAX_POINT_DIMENSIONS, interpret_array
from gan_models.data.labels import class_indices
from gan_models.data.unsplit import UnsplitData
from gan_models.errors import DataError
from gan_models.samples import SampleKind

_LABEL = "label"
_HOW_TO_SHAPE = (
    "images are flat lists with their shape in the schema's metadata, as by "
    'table.replace_schema_metadata({"shape": "[1, 8, 8]"})'
)


def read_parquet(file: Path) -> UnsplitData:
    """Read the one column of image bytes or number lists, and ``label`` where there is one.

    Image bytes are PNG, JPEG and so on, as binary or as Hugging Face's ``struct<bytes, path>``.
    Lists have one length; they are points, or arrays of the shape that the schema's metadata
    gives under ``shape`` as JSON: ``table.replace_schema_metadata({"shape": "[1, 8, 8]"})``.
    Other columns are passed over.

    Raises:
        DataError: naming the file, and the row where it is one row's fault.
    """
    if not file.stat().st_size:
        raise DataError(f"{file}: empty")
    try:
        return _read(file)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(f"{file}: not a Parquet file, or a broken one ({error})") from error


def _read(file: Path) -> UnsplitData:
    table = _read_table(file)
    column = table.column(_sample_column(table.schema, file))
    _refuse_nulls(column, f"{file}: samples")
    if _is_number_list(column.type):
        kind, samples = interpret_array(_shaped(column, table.schema, file), str(file))
    else:
        kind, samples = SampleKind.IMAGE, _decode_images(column, file)
    labels, names = None, None
    if _LABEL in table.column_names:
        labels, names = _read_labels(table.column(_LABEL), file)
    return UnsplitData(
        name=file.name,
        kind=kind,
        samples=samples,
        labels=labels,
        class_names=names,
    )


def _read_table(file: Path) -> pa.Table:
    with pq.ParquetFile(file) as parquet:
        schema = parquet.schema_arrow
        wanted = {_sample_column(schema, file), _LABEL} & set(schema.names)
        table = parquet.read(columns=sorted(wanted))
    if not len(table):
        raise DataError(f"{file}: a table without rows")
    return table


def _sample_column(schema: pa.Schema, file: Path) -> str:
    usable = [
        field.name
        for field in schema
        if field.name != _LABEL and (_is_image_bytes(field.type) or _is_number_list(field.type))
    ]
    if len(usable) == 1:
        return str(usable[0])
    found = ", ".join(f"{field.name} ({field.type})" for field in schema)
    raise DataError(
        f"{file}: needs exactly one column of image bytes or number lists beside '{_LABEL}', "
        f"has {len(usable)}; columns: {found}{_nesting_hint(schema)}"
    )


def _nesting_hint(schema: pa.Schema) -> str:
    nested = any(_is_list(field.type) and _is_list(field.type.value_type) for field in schema)
    return f"; lists of lists are not read: {_HOW_TO_SHAPE}" if nested else ""


def _is_image_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _is_image_bytes(kind.field(index).type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_number_list(kind: pa.DataType) -> bool:
    return _is_list(kind) and bool(
        pa.types.is_integer(kind.value_type) or pa.types.is_floating(kind.value_type)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind)
    )


def _refuse_nulls(column: pa.ChunkedArray, place: str) -> None:
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise DataError(f"{place}: row {row} is null")


def _shaped(column: pa.ChunkedArray, schema: pa.Schema, file: Path) -> NDArray[Any]:
    lengths = pc.list_value_length(column).to_numpy()
    usual = int(np.median(lengths))
    if (lengths != usual).any():
        row = int(np.argmax(lengths != usual))
        raise DataError(f"{file}: row {row} has {lengths[row]} numbers, others have {usual}")
    # Chunk by chunk: joined lists would overflow the 32-bit offsets of large files.
    flat = [chunk.flatten() for chunk in column.chunks]
    for values in flat:
        if values.null_count:
            raise DataError(f"{file}: a list holds a null; every number must be there")
    joined = np.concatenate([values.to_numpy(zero_copy_only=False) for values in flat])
    text = (schema.metadata or {}).get(b"shape")
    if text is None:
        _check_points(joined, usual, file)
        return joined.reshape(len(column), usual)
    return joined.reshape(len(column), *_sample_shape(text, usual, file))


def _check_points(numbers: NDArray[Any], length: int, file: Path) -> None:
    """Refuse lists without a shape that can only be images."""
    if numbers.dtype.kind != "f" or length > MAX_POINT_DIMENSIONS:
        raise DataError(
            f"{file}: lists of {length} {numbers.dtype} numbers without a shape; {_HOW_TO_SHAPE}; "
            f"points are lists of up to {MAX_POINT_DIMENSIONS} floats"
        )


def _sample_shape(text: bytes, length: int, file: Path) -> tuple[int, ...]:
    try:
        shape = tuple(int(size) for size in json.loads(text))
    except (ValueError, TypeError) as error:
        raise DataError(f"{file}: metadata shape = {text!r}; give JSON like [1, 8, 8]") from error
    if prod(shape) != length:
        raise DataError(f"{file}: metadata shape {shape} does not fit lists of {length} numbers")
    return shape


def _decode_images(column: pa.ChunkedArray, file: Path) -> NDArray[np.uint8]:
    cells = (cell.get("bytes") if isinstance(cell, dict) else cell for cell in column.to_pylist())
    places = [f"{file}: row {row}" for row in range(len(column))]
    images = [decode_image(cell or b"", place) for cell, place in zip(cells, places, strict=True)]
    return stack_images(images, places)


def _read_labels(column: pa.ChunkedArray, file: Path) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    _refuse_nulls(column, f"{file}: column '{_LABEL}'")
    return class_indices(np.asarray(column.to_pylist()), len(column), str(file))
