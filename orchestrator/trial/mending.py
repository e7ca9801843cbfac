"""What a trial does about damage in its folder, before it goes on from what is there.

A trial is determined by its order and its progress. So whatever stands after the last whole state
can be made again, to the same rows; what does not verify is put aside under another name, never
removed, and said in words.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gan_models.errors import CheckpointError, DamageError
from gan_models.files import put_aside
from gan_models.training.checkpoint import latest_nimg, put_aside_after, put_aside_damaged
from orchestrator.paths import TrialPaths
from orchestrator.records import Evaluation
from orchestrator.trial.curve_file import read_evaluations
from orchestrator.trial.rollback_file import read_rollbacks


def put_damage_aside(paths: TrialPaths) -> list[str]:
    """Put aside the states that do not verify, or whose rows or roll backs do not.

    Returns:
        A line on each, and on where the trial goes on from; nothing if all is whole.
    """
    said = list(_damage(paths))
    if said:
        nimg = latest_nimg(paths.checkpoints)
        said.append("it begins anew" if nimg < 0 else f"it goes on from {nimg} images")
    return said


def check_curve(paths: TrialPaths) -> None:
    """Check that the rows on disk reach up to the last state.

    Raises:
        DamageError: if they do not; names the line.
    """
    rows, damaged = read_evaluations(paths.evaluations)
    if latest_nimg(paths.checkpoints) > _last_nimg(rows):
        raise DamageError(f"{paths.evaluations}: {_where(damaged)}")


def check_rows(paths: TrialPaths, curve: Sequence[Evaluation], nimg: int) -> None:
    """Check that the rows reach up to the state from which a trial goes on.

    Raises:
        CheckpointError: if they do not, and cannot be taken again.
    """
    if nimg and (not curve or curve[-1].nimg != nimg):
        raise CheckpointError(
            f"{paths.evaluations}: its rows do not reach the state after {nimg} images, and the "
            "weights before it were given up for another trial's"
        )


def _damage(paths: TrialPaths) -> Iterator[str]:
    for path in put_aside_damaged(paths.checkpoints):
        yield _words(path)
    try:
        read_rollbacks(paths.rollbacks)
    except DamageError:
        yield _words(put_aside(paths.rollbacks))
        put_aside_after(paths.checkpoints, -1)  # how it would train on is not known
    rows, damaged = read_evaluations(paths.evaluations)
    if put_aside_after(paths.checkpoints, _last_nimg(rows)):
        yield f"{paths.evaluations}: {_where(damaged)}; the states after it are put aside"


def _last_nimg(rows: Sequence[Evaluation]) -> int:
    return rows[-1].nimg if rows else -1


def _where(damaged: int | None) -> str:
    return "rows are missing" if damaged is None else f"line {damaged + 1} is damaged"


def _words(aside: Path) -> str:
    name = aside.name.removeprefix("damaged-")
    return f"{aside.with_name(name)}: did not verify, put aside as {aside.name}"
