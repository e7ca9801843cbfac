"""Metric names as trainers write them: ``fid50k_full``, ``FID``, ``Metrics/fid10k``."""

import re

_WITH_PROTOCOL = re.compile(r"(fid|kid)(?:\d+k)?(?:_full)?")


def column_of(metric: str) -> str:
    """Return the column that a metric belongs to, whatever its protocol and its group.

    >>> column_of("Metrics/fid50k_full")
    'fid'
    >>> column_of("coverage")
    'coverage'
    """
    name = metric.rsplit("/", 1)[-1].lower()
    match = _WITH_PROTOCOL.fullmatch(name)
    return match[1] if match else name
