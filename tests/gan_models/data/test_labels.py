import numpy as np
import pytest

from gan_models.data.labels import class_indices
from gan_models.errors import DataError


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([7, -3, 7, 100]), ("-3", "7", "100")),
        (np.array([7, 3, 7, 100], dtype=np.uint8), ("3", "7", "100")),
        (np.array(["dog", "cat", "dog", "emu"]), ("cat", "dog", "emu")),
    ],
    ids=["int64", "uint8", "text"],
)
def test_distinct_labels_are_numbered_in_sorted_order_and_keep_their_names(
    labels: np.ndarray, expected: tuple[str, ...]
) -> None:
    indices, names = class_indices(labels, 4, "x")

    assert indices.tolist() == [1, 0, 1, 2]
    assert indices.dtype == np.int64
    assert names == expected


@pytest.mark.parametrize("shape", [(3,), (4, 1), ()])
def test_labels_that_are_not_one_for_each_sample_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"^x: labels of shape \(.*\) for 4 samples; give one"):
        class_indices(np.zeros(shape, dtype=np.int64), 4, "x")


@pytest.mark.parametrize("dtype", [np.float64, object, "datetime64[s]"])
def test_labels_of_another_type_are_refused(dtype: str) -> None:
    with pytest.raises(DataError, match=r"^x: labels of type .*; give whole numbers or text"):
        class_indices(np.zeros(4, dtype=dtype), 4, "x")
