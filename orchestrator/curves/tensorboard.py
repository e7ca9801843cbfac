"""Curves in a folder of TensorBoard event files: one run for each folder that holds a FID."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.curves.metric_names import column_of
from orchestrator.curves.rows import Row
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

if TYPE_CHECKING:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

_EVENT_FILES = "*tfevents*"
_MOST_TAGS_SHOWN = 10


def read_tensorboard(root: Path) -> Iterator[Row]:
    """Yield one row for each point of a FID, with the other metrics of the same step.

    A tag belongs to a column if it is ours (``metrics/fid``), or if its last part is the name of
    the column, with or without a protocol (``Metrics/fid50k_full``). A run is called after its
    folder below ``root``, or after ``root`` itself.

    Raises:
        ConfigError: if there are no event files, or none with a FID.
    """
    folders = sorted({file.parent for file in root.rglob(_EVENT_FILES)})
    if not folders:
        raise ConfigError(f"{root}: no TensorBoard event files ({_EVENT_FILES}) in this folder")
    seen: set[str] = set()
    has_fid = False
    for folder in folders:
        events = _load(folder)
        tags = events.Tags()["scalars"]
        seen.update(tags)
        columns = _tag_of_column(tags)
        if "fid" in columns:
            has_fid = True
            run = folder.name if folder == root else folder.relative_to(root).as_posix()
            yield from _rows(events, columns, run)
    if not has_fid:
        raise ConfigError(f"{root}: no scalar called fid or metrics/fid; found: {_list(seen)}")


def _load(folder: Path) -> "EventAccumulator":
    from tensorboard.backend.event_processing import event_accumulator as events

    # By default it keeps a random sample of the scalars; 0 keeps them all.
    accumulator = events.EventAccumulator(str(folder), size_guidance={events.SCALARS: 0})
    return accumulator.Reload()


def _tag_of_column(tags: Collection[str]) -> dict[str, str]:
    from orchestrator.tensorboard import SCALAR_TAGS

    named = {column_of(tag): tag for tag in sorted(tags, reverse=True)}
    ours = {column: tag for column, tag in SCALAR_TAGS.items() if tag in tags}
    known = {spec.name for spec in fields(Evaluation)} - {"run", "step"}
    return {column: tag for column, tag in (named | ours).items() if column in known}


def _rows(events: "EventAccumulator", columns: Mapping[str, str], run: str) -> Iterator[Row]:
    values = {
        column: {point.step: point.value for point in events.Scalars(tag)}
        for column, tag in columns.items()
    }
    for step in values["fid"]:
        measured = {column: points[step] for column, points in values.items() if step in points}
        yield Row({"run": run, "step": step, **measured}, f"{run}, step {step}")


def _list(tags: Collection[str]) -> str:
    shown = sorted(tags)[:_MOST_TAGS_SHOWN]
    return ", ".join(shown) + (", …" if len(tags) > len(shown) else "") or "none"
