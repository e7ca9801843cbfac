"""How a spec names its data: ``{name: digits}``, ``{path: images/}`` or ``{factory: m:load}``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gan_models.errors import DataError, nearest
from gan_models.factories import is_factory
from gan_models.plugins import DATASETS, plugins

DATASET_NAMES = {
    "digits": "scikit-learn's 1,797 real handwritten digits, 1x8x8, with labels",
    "ring8": "8 Gaussians on a circle in the plane, known centres",
    "grid25": "25 Gaussians on a 5 x 5 grid in the plane, known centres",
    "stacked-digits": "three random digits as the channels of one 3x8x8 image: 1,000 modes",
}
FILE_KINDS = {
    "folder": "a folder of images; subfolders, if any, are the labels",
    "numpy": "an .npz (arrays 'samples', optional 'labels') or .npy file",
    "parquet": (
        "a Parquet file with one column of image bytes or flat number lists, optional 'label'; "
        "float lists are points, unless the schema's metadata has the shape of images: "
        """table.replace_schema_metadata({"shape": "[1, 8, 8]"})"""
    ),
}


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A named data set, a path with its kind (guessed where it is None), or a user's function."""

    name: str | None = None
    path: str | None = None
    factory: str | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.name, self.path, self.factory)) != 1:
            raise DataError("data: give exactly one of 'name', 'path' and 'factory'")
        if self.name is not None and self.name not in DATASET_NAMES:
            brought = plugins(DATASETS, DATASET_NAMES)
            if self.name not in brought:
                known = nearest(self.name, [*DATASET_NAMES, *brought])
                raise DataError(f"data.name = '{self.name}': {known}")
        if self.factory is not None and not is_factory(self.factory):
            raise DataError(f"data.factory = '{self.factory}': must be module:name of a function")
        if self.kind is not None and self.kind not in FILE_KINDS:
            raise DataError(f"data.kind = '{self.kind}': {nearest(self.kind, FILE_KINDS)}")

    @property
    def title(self) -> str:
        """What a model card calls the data."""
        return self.name or self.factory or Path(str(self.path)).name

    @property
    def brought(self) -> str | None:
        """The user's or a package's name of the function that gives it; None for all others."""
        return self.factory if self.name is None or self.name in DATASET_NAMES else self.name

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "DataSource":
        """Build from a mapping as it stands in a spec.

        Raises:
            DataError: on an unknown key, or a name or kind that does not exist.
        """
        allowed = ("name", "path", "factory", "kind")
        for key in values:
            if key not in allowed:
                raise DataError(f"data.{key}: {nearest(key, allowed)}")
        return cls(**values)

    def to_mapping(self) -> dict[str, str]:
        """Return the plain form that :meth:`from_mapping` reads."""
        return {key: value for key, value in asdict(self).items() if value is not None}
