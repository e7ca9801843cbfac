"""What can be wrong with what a user hands to the models.

GanModelsError
├── DataError        a data set that cannot be read, or cannot be used as asked
├── ParameterError   a hyperparameter with an unknown name or an impossible value
├── FactoryError     code of the user's own that cannot be found, or breaks its contract
├── CheckpointError  a checkpoint or model folder that is missing, torn or of another run
│   └── DamageError      a file that is not what was committed: its checksum does not match
├── MetricError      a score that cannot be computed from these samples
└── GpuMemoryError   a GPU whose memory is taken by others

StorageError stands apart, for nothing is wrong with what the user handed over.
"""

import difflib
from collections.abc import Iterable


class GanModelsError(ValueError):
    """Base of every error that a user of the models can mend."""


class DataError(GanModelsError):
    """A data set that cannot be read, or cannot be used as asked. Names the file."""


class ParameterError(GanModelsError):
    """A hyperparameter with an unknown name or an impossible value."""


class FactoryError(GanModelsError):
    """Code of the user's own that cannot be found, or breaks its contract. Names it."""


class CheckpointError(GanModelsError):
    """A checkpoint or model folder that is missing, torn, or belongs to another run."""


class DamageError(CheckpointError):
    """A file that is not what was committed. Names the file."""


class MetricError(GanModelsError):
    """A score that cannot be computed from these samples."""


class GpuMemoryError(GanModelsError):
    """A GPU that has not as much memory free as was to be there for this process."""


class StorageError(Exception):
    """A disk that is full, read-only or gone. Names the path; what was committed before stands."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which names are allowed, the nearest first: ``did you mean 'hinge'? allowed: …``."""
    names = sorted(allowed)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}allowed: {', '.join(names)}"
