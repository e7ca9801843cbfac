"""One bit of a committed file flips, or its end is cut off: is it always noticed?

Of a checkpoint it is also checked that the one before is used. A journal without its end is that of
an earlier moment: there every event before the cut must be read. See benchmarks/README.md.
"""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from benchmarks.chaos.damage import Target, committed
from orchestrator.errors import JournalError
from orchestrator.journal import Journal, read_journal


def flips(targets: list[Target], count: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Flip ``count`` bits, one at a time; yield the kind of file, and whether it was noticed."""
    rng = random.Random(seed)
    for number in range(count):
        target = targets[number % len(targets)]
        file = rng.choice(target.files)
        whole = file.read_bytes()
        place, bit = rng.randrange(len(whole)), rng.randrange(8)
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
        is_noticed = target.is_noticed()
        file.write_bytes(whole)
        yield target.kind, is_noticed and not target.is_noticed()


def cuts(targets: list[Target], count: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Cut files off, one at a time; yield the kind, and whether it was noticed or harmless."""
    rng = random.Random(seed)
    for number in range(count):
        target = targets[number % len(targets)]
        file = rng.choice(target.files)
        whole = file.read_bytes()
        file.write_bytes(whole[: rng.randrange(len(whole))])
        is_well = target.is_noticed()
        if target.kind == "journal" and not is_well:
            is_well = _goes_on(file, whole)
        file.write_bytes(whole)
        yield target.kind, is_well


def _goes_on(path: Path, whole: bytes) -> bool:
    """Say whether a journal holds every event before the cut, and takes another after them."""
    num_lines = path.read_bytes().count(b"\n")
    with Journal(path) as journal:
        journal.append("opened")
    try:
        events = read_journal(path)
    except JournalError:
        return False
    kept = b"\n".join(path.read_bytes().split(b"\n")[:num_lines])
    return len(events) == num_lines + 1 and whole.startswith(kept)


@click.command()
@click.option("--count", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
def main(count: int, seed: int) -> None:
    """Damage the files of a sweep, so often by a bit and so often by a cut."""
    with tempfile.TemporaryDirectory() as folder:
        targets = committed(Path(folder))
        tables = {
            "bits flipped": Counter(flips(targets, count, seed)),
            "ends cut off": Counter(cuts(targets, count, seed)),
        }
    missed = 0
    for name, table in tables.items():
        click.echo(f"{name:<18}{'count':>8}{'noticed':>10}")
        for kind in dict.fromkeys(target.kind for target in targets):
            noticed, unseen = table[kind, True], table[kind, False]
            missed += unseen
            click.echo(f"  {kind:<16}{noticed + unseen:8d}{noticed:10d}")
    if missed:
        raise click.ClickException(f"{missed} went unseen")


if __name__ == "__main__":
    main()
