"""A trial's own record of its evaluations: one JSON line each, on disk before the next step."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from gan_models.files import write_text
from orchestrator.records import Evaluation


def append_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Add one line and wait until it is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(evaluation))
        file.flush()
        os.fsync(file.fileno())


def rewind_evaluations(path: Path, *, nimg: int) -> list[Evaluation]:
    """Keep the evaluations up to ``nimg`` images, on disk too, and return them.

    A trial that resumes from a checkpoint takes again what came after it; a line torn by a crash
    can only lie there.
    """
    kept: list[Evaluation] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            evaluation = Evaluation.from_mapping(json.loads(line))
        except ValueError:
            break
        if evaluation.nimg <= nimg:
            kept.append(evaluation)
    _rewrite(path, kept)
    return kept


def _rewrite(path: Path, evaluations: Sequence[Evaluation]) -> None:
    write_text(path, "".join(map(_line, evaluations)))


def _line(evaluation: Evaluation) -> str:
    return json.dumps(evaluation.to_mapping(), allow_nan=False) + "\n"
