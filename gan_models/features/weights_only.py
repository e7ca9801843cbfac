"""Foreign code that loads weights, kept from unpickling objects."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCH = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


@contextmanager
def weights_only_loads() -> Iterator[None]:
    """Make every ``torch.load`` of this process refuse anything but tensors and plain data.

    That holds for libraries, too, that ask for ``weights_only=False``: a pickle can run code.
    """
    before = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = "1"
    try:
        yield
    finally:
        del os.environ[_SWITCH]
        if before is not None:
            os.environ[_SWITCH] = before
