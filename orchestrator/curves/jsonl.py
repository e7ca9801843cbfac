"""Curves in a file of JSON lines: our ``evaluations.jsonl``, or StyleGAN's ``metric-*.jsonl``."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.curves.metric_names import column_of
from orchestrator.curves.rows import Row
from orchestrator.errors import ConfigError

_SNAPSHOT = re.compile(r"network-snapshot-(\d+)")


def read_jsonl(path: Path) -> Iterator[Row]:
    """Yield one row a line; blank lines are passed over.

    A line of StyleGAN's has no step: it is the kimg in the name of the snapshot.

    Raises:
        ConfigError: if a line is no JSON mapping, or one of StyleGAN's without a snapshot.
    """
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                place = f"{path}, line {number}"
                yield Row(_cells(_mapping(line, place), place), place)


def _mapping(line: str, place: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{place}: not JSON ({error})") from None
    if not isinstance(values, dict):
        raise ConfigError(f'{place}: not a mapping such as {{"step": 2000, "fid": 56.4}}')
    return values


def _cells(values: dict[str, Any], place: str) -> dict[str, Any]:
    results = values.get("results")
    if not isinstance(results, dict):
        return values
    match = _SNAPSHOT.search(str(values.get("snapshot_pkl")))
    if match is None:
        raise ConfigError(f"{place}: no kimg, as in snapshot_pkl network-snapshot-000200.pkl")
    kimg = int(match[1])
    scores = {column_of(name): score for name, score in results.items()}
    return scores | {"step": kimg, "nimg": kimg * 1000}
