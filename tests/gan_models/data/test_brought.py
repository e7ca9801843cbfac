import numpy as np
import pytest

from gan_models.data.brought import load_brought_samples
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.errors import DataError, FactoryError
from gan_models.samples import SampleKind
from tests.own_code import DATA, OwnCode

HEAD = "import numpy as np, torch\n"


def test_points_of_a_function_become_splits(own_code: OwnCode) -> None:
    splits = load_splits(DataSource(factory=f"{own_code.write(DATA)}:load"))

    assert splits.sample.kind is SampleKind.POINT
    assert (splits.sample.shape, len(splits.train)) == ((2,), 160)
    assert not splits.train.stored[:, 0].sub(splits.train.stored[:, 1]).any()


@pytest.mark.parametrize("library", ["np", "torch"])
def test_images_may_come_with_labels_from_numpy_or_torch(own_code: OwnCode, library: str) -> None:
    body = f"load = lambda: ({library}.zeros((4, 1, 8, 8)), {library}.arange(4) % 2)"
    data = load_brought_samples(f"{own_code.write(HEAD + body)}:load")

    assert data.kind is SampleKind.IMAGE
    assert data.samples.dtype == np.uint8
    assert data.labels is not None
    assert (data.labels.tolist(), data.class_names) == ([0, 1, 0, 1], ("0", "1"))


def test_what_is_unsplit_already_is_taken_as_it_is(own_code: OwnCode) -> None:
    body = "from gan_models.data.digits import read_digits as load"
    assert load_brought_samples(f"{own_code.write(body)}:load").name == "digits"


def test_a_package_brings_a_data_set_by_name(own_code: OwnCode) -> None:
    own_code.install("fancy", {"ganorch.datasets": {"line": "fancy_line:load"}}, fancy_line=DATA)

    source = DataSource(name="line")

    assert len(load_splits(source).train) == 160
    assert (source.title, source.brought, DataSource(name="digits").brought) == (
        "line",
        "line",
        None,
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("load = 3", "is of type int, must be a function"),
        ("load = lambda: 1 / 0", r"fails: ZeroDivisionError: .* \(own_\d+.py, line 2\)"),
        ("load = lambda: None", "gives NoneType, must be an array of samples, a pair"),
        ("load = lambda path: np.zeros((90, 2))", "fails: TypeError: .*'path'"),
    ],
)
def test_what_is_no_data_set_is_refused(own_code: OwnCode, body: str, message: str) -> None:
    name = f"{own_code.write(HEAD + body)}:load"
    with pytest.raises(FactoryError, match=f"^data.factory = '{name}': {message}"):
        load_brought_samples(name)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        ("np.zeros((90, 2), int)", r"int64 array of shape \(90, 2\); allowed"),
        ("np.full((90, 2), np.nan)", "row 0 holds NaN"),
        ("(np.zeros((90, 2)), np.zeros(3, int))", r"labels of shape \(3,\) for 90 samples"),
        ("np.zeros((20, 2))", "too few samples: 20"),
        ("np.zeros((90, 65))", "points of 65 dimensions"),
    ],
)
def test_samples_that_cannot_be_used_are_refused_as_those_of_files(
    own_code: OwnCode, array: str, message: str
) -> None:
    name = own_code.write(f"{HEAD}load = lambda: {array}")
    with pytest.raises(DataError, match=message):
        load_splits(DataSource(factory=f"{name}:load"))


def test_a_source_names_a_function_by_its_module() -> None:
    with pytest.raises(DataError, match="^data.factory = 'load': must be module:name"):
        DataSource(factory="load")
    mapping = {"factory": "my_data:load"}
    assert DataSource.from_mapping(mapping).to_mapping() == mapping
