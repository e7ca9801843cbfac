"""Short versions of benchmarks/chaos; flips and cuts in full, for they cost little."""

import os
import pickle
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.chaos.bit_flips import cuts, flips
from benchmarks.chaos.crash_points import resume_after_death, undisturbed
from benchmarks.chaos.damage import Target, committed
from benchmarks.chaos.disk_full import outcome_on, outcome_on_tmpfs
from benchmarks.chaos.tiny_sweep import warm_up

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into /proc")

NUM_DAMAGES = 1000
NUM_HOSTILE = 50
NUM_DEATHS = 8
Undisturbed = tuple[Path, list[str], dict[str, Any]]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The calls and the result of a sweep that nobody disturbs, and a folder to disturb it in."""
    warm_up()
    folder = tmp_path_factory.mktemp("chaos")
    return folder, *undisturbed(folder)


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> list[Target]:
    """What a finished sweep has committed."""
    return committed(tmp_path_factory.mktemp("damage"))


def test_a_sweep_changes_its_folder_often_enough_to_be_worth_killing(sweep: Undisturbed) -> None:
    assert len(sweep[1]) >= 300


@pytest.mark.parametrize("part", range(NUM_DEATHS))
def test_killed_at_any_call_it_resumes_to_the_same_result(sweep: Undisturbed, part: int) -> None:
    folder, names, expected = sweep
    number = part * len(names) // NUM_DEATHS + part
    assert resume_after_death(folder, number, expected) == "same result", names[number]


@pytest.mark.parametrize("fault", ["full", "read-only"])
@pytest.mark.parametrize("place_frac", [0.02, 0.4, 0.95])
def test_a_disk_that_refuses_stops_it_clearly_and_loses_nothing(
    sweep: Undisturbed, fault: str, place_frac: float
) -> None:
    folder, names, expected = sweep
    number = int(place_frac * len(names))
    assert outcome_on(folder, fault, number, expected) == "clear stop, same result"


def test_a_run_folder_that_is_gone_stops_it_clearly(sweep: Undisturbed) -> None:
    folder, names, expected = sweep
    assert outcome_on(folder, "gone", len(names) // 2, expected) == "clear stop"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")
@pytest.mark.parametrize("size_kb", [64, 160])
def test_a_real_disk_that_is_full_stops_it_clearly_and_loses_nothing(
    sweep: Undisturbed, size_kb: int
) -> None:
    folder, _, expected = sweep
    try:
        outcome = outcome_on_tmpfs(folder, size_kb, expected, reserve=0)
    except OSError as error:  # also in a container whose root may not
        pytest.skip(f"cannot mount: {error}")
    assert outcome == "clear stop, same result"


@pytest.mark.parametrize("damage", [flips, cuts])
def test_every_flipped_bit_and_every_missing_end_is_noticed(
    targets: list[Target], damage: Callable[..., Any]
) -> None:
    seen = Counter(damage(targets, NUM_DAMAGES, seed=0))
    assert sum(seen.values()) == NUM_DAMAGES
    assert {kind for kind, is_noticed in seen if not is_noticed} == set()


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_pickles_in_place_of_any_file_are_refused_and_not_run(
    targets: list[Target], tmp_path: Path
) -> None:
    folder = tmp_path / "PWNED"
    files = [(target, file) for target in targets for file in target.files]
    for number in range(NUM_HOSTILE):
        target, file = files[number % len(files)]
        whole = file.read_bytes()
        protocol = number % (pickle.HIGHEST_PROTOCOL + 1)
        file.write_bytes(pickle.dumps([Hostile(folder), number], protocol=protocol))
        assert target.is_noticed(), file
        file.write_bytes(whole)
    assert not folder.exists()
