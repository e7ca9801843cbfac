"""Samples that a user's own function gives: ``data: {factory: my_data:load}``."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_models.data.interpret import interpret_array
from gan_models.data.labels import class_indices
from gan_models.data.unsplit import UnsplitData
from gan_models.errors import FactoryError
from gan_models.factories import blamed_on
from gan_models.plugins import DATASETS, load_brought

_EXPECTED = (
    "must be an array of samples, a pair of samples and labels, or a "
    "gan_models.data.unsplit.UnsplitData"
)


def load_brought_samples(name: str) -> UnsplitData:
    """Call the function and return what it gives, in stored form.

    Every process of a sweep calls it, and all must be given the same samples.

    Args:
        name: ``module:name`` of a function without arguments, or that of a package's data set. It
            gives samples as numpy or torch arrays that :func:`interpret_array` knows the meaning
            of, with or without one label for each, or an ``UnsplitData``.

    Raises:
        FactoryError: if there is no such function, it fails, or gives something else.
        DataError: if samples or labels cannot be used.
    """
    place = _place(name)
    load = load_brought(DATASETS, name, object, "data.factory")
    if not callable(load):
        raise FactoryError(f"{place}: is of type {type(load).__name__}, must be a function")
    with blamed_on(place, "fails"):
        given = load()
    if isinstance(given, UnsplitData):
        return given
    samples, labels = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    kind, stored = interpret_array(_array(samples, place), place)
    if labels is None:
        return UnsplitData(name=name, kind=kind, samples=stored)
    indices, names = class_indices(_array(labels, place), len(stored), place)
    return UnsplitData(
        name=name,
        kind=kind,
        samples=stored,
        labels=indices,
        class_names=names,
    )


def _array(values: Any, place: str) -> NDArray[Any]:
    with blamed_on(place, _EXPECTED):
        array = np.asarray(values)
    if array.dtype == object or array.ndim == 0:
        raise FactoryError(f"{place}: gives {type(values).__name__}, {_EXPECTED}")
    return array


def _place(name: str) -> str:
    return f"data.factory = '{name}'"
