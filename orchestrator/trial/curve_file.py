"""A trial's own record of its evaluations: one JSON line each, on disk before the next step.

Each line carries a checksum that starts from its number; lines of before there were any are read
as well.
"""

import json
import os
import zlib
from pathlib import Path

from gan_models.files import write_text
from orchestrator.records import Evaluation
from orchestrator.sealed_lines import seal_line, split_seal

_FORMER = b'{"run": '  # before there were checksums, lines had spaces


def append_evaluation(path: Path, evaluation: Evaluation, *, number: int) -> None:
    """Add line ``number``, counted from 0, and wait until it is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(evaluation, number))
        file.flush()
        os.fsync(file.fileno())


def read_evaluations(path: Path) -> tuple[list[Evaluation], int | None]:
    """Return the rows before the first line that is damaged, and its number; None if none is."""
    rows: list[Evaluation] = []
    *lines, tail = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines):
        try:
            rows.append(_row(line, number))
        except (ValueError, AttributeError):
            return rows, number
    return rows, len(rows) if tail else None


def rewind_evaluations(path: Path, *, nimg: int) -> list[Evaluation]:
    """Keep the evaluations up to ``nimg`` images, on disk too, and return them.

    A trial that resumes from a checkpoint takes again what came after it; a line torn by a crash
    can only lie there.
    """
    kept = [row for row in read_evaluations(path)[0] if row.nimg <= nimg]
    lines = [_line(row, number) for number, row in enumerate(kept)]
    write_text(path, "".join(lines))
    return kept


def _line(evaluation: Evaluation, number: int) -> str:
    return seal_line(evaluation.to_mapping(), number)[0].decode() + "\n"


def _row(line: bytes, number: int) -> Evaluation:
    body, seal = split_seal(line)
    if seal != zlib.crc32(body, number) and not line.startswith(_FORMER):
        raise ValueError("its checksum does not match")
    return Evaluation.from_mapping(json.loads(body))
