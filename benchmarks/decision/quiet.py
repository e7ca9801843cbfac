"""Libraries called as they are shipped, without what they warn of."""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def quietly(call: Callable[..., T], *args: Any, **options: Any) -> T:
    """Call without warnings: of what is experimental, and of NaN, which is what is measured."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **options)
