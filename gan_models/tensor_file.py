"""Named tensors in one file, as safetensors: no code in it, and errors that name the file."""

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_models.errors import DamageError

_OS_ERROR = re.compile(r"\(os error (\d+)\)")  # in words alone; nothing else holds the number


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors to a file.

    Raises:
        OSError: if the file cannot be written.
    """
    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    except SafetensorError as error:
        found = _OS_ERROR.search(str(error))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number), str(path)) from error


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read every tensor of a file.

    Raises:
        DamageError: if it is no safetensors file.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamageError(f"{path}: not a safetensors file ({error})") from error
