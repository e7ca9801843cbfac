"""Contenders for one number take turns on one thread, so that a busy machine slows all alike."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from time import process_time

OURS = "ours"


@dataclass
class Turns:
    """The number that a contender found, and the CPU seconds of each of its turns."""

    value: float = 0.0
    cpu_s: list[float] = field(default_factory=list)


def take_turns(contenders: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, Turns]:
    """Let all compute their number ``repeats`` times, in alternating order."""
    turns = {name: Turns() for name in contenders}
    names = list(contenders)
    for repeat in range(repeats):
        for name in names if repeat % 2 else reversed(names):
            start_s = process_time()
            turns[name].value = contenders[name]()
            turns[name].cpu_s.append(process_time() - start_s)
    return turns


def describe(turns: Mapping[str, Turns], strict: float) -> Iterator[str]:
    """Give each contender's median time, as a multiple of ours turn by turn, and its error."""
    for name, theirs in turns.items():
        ratios = [one / ours for one, ours in zip(theirs.cpu_s, turns[OURS].cpu_s, strict=True)]
        error = abs(theirs.value - strict) / abs(strict)
        yield (
            f"  {name:<34}{median(theirs.cpu_s):9.3f} CPU s   x {spread(ratios):<24}"
            f"relative error {error:.0e}"
        )


def spread(values: list[float]) -> str:
    """Return the median with the lowest and the highest value."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
