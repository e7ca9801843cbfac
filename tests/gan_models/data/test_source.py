from typing import Any

import pytest

from gan_models.data.source import DataSource
from gan_models.errors import DataError


@pytest.mark.parametrize(
    "mapping", [{"name": "digits"}, {"path": "images"}, {"path": "a", "kind": "folder"}]
)
def test_a_mapping_survives_the_round_trip(mapping: dict[str, str]) -> None:
    assert DataSource.from_mapping(mapping).to_mapping() == mapping


@pytest.mark.parametrize("mapping", [{}, {"name": "digits", "path": "images"}, {"kind": "numpy"}])
def test_exactly_one_of_name_and_path_is_needed(mapping: dict[str, str]) -> None:
    with pytest.raises(DataError, match="give exactly one of 'name', 'path' and 'factory'"):
        DataSource.from_mapping(mapping)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"name": "digit"},
            r"data.name = 'digit': did you mean 'digits'\? allowed: digits, grid25",
        ),
        ({"path": "a", "kind": "numy"}, r"data.kind = 'numy': did you mean 'numpy'\? allowed"),
        ({"nam": "digits"}, r"data.nam: did you mean 'name'\? allowed: factory, kind, name, path"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(mapping: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        DataSource.from_mapping(mapping)
