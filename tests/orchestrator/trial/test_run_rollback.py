"""Trials that die on purpose, go back, and go on: the same records however they are killed."""

import itertools
import json
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.training.loop import Progress, train
from gan_models.training.state import TrainState
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import TIMING_COLUMNS
from orchestrator.trial import rollback_file
from orchestrator.trial import run as run_module
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import Message, TrialSpec
from orchestrator.trial_history import TrialHistory
from tests.orchestrator.trial.orders import DOOMED, order

Place = tuple[int, float]
Poison = Callable[..., None]
Undisturbed = tuple[TrialSpec, list[Message]]


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    """Let training end in NaN at these image counts, as long as D learns at these rates."""

    def at(*places: Place) -> None:
        monkeypatch.setattr(run_module, "train", poisoned(places))

    return at


def poisoned(places: Collection[Place]) -> Callable[..., Iterator[Progress]]:
    def poisoned_train(
        config: GanConfig, state: TrainState, real: Dataset, *, seed: int, until_nimg: int
    ) -> Iterator[Progress]:
        yield from train(config, state, real, seed=seed, until_nimg=until_nimg)
        if (state.nimg, config.d_lr / GanConfig().d_lr) in places:
            with torch.no_grad():
                next(state.generator.parameters()).fill_(float("nan"))
                next(state.ema.parameters()).fill_(float("nan"))

    return poisoned_train


def paths_of(spec: TrialSpec) -> TrialPaths:
    return RunPaths(Path(spec.run_folder)).trial(spec.trial_id)


def fragile(folder: Path, **changes: Any) -> TrialSpec:
    """Return the order of a trial of evaluations at 0, 256, 512, … that may be rolled back."""
    return replace(order(folder, kimg=1.25), max_rollbacks=2, **changes)


def timeless(value: Any) -> Any:
    """Leave out what time alone decides."""
    if isinstance(value, dict):
        return {
            k: timeless(v) for k, v in value.items() if k not in (*TIMING_COLUMNS, "crc", "sha256")
        }
    return [timeless(each) for each in value] if isinstance(value, list) else value


def told(messages: list[Message]) -> list[tuple[str, int, str]]:
    """Say in short what a trial said."""
    short = []
    for message in messages:
        if message["kind"] == "evaluated":
            nimg, action = message["evaluation"]["nimg"], message["verdict"]["action"]
            short.append(("evaluated", nimg, action))
        if message["kind"] == "adjusted":
            adjustment = message["adjustment"]
            short.append(("adjusted", adjustment["nimg"], f"x {adjustment['lr_factor']:g}"))
    return short


def everything_of(spec: TrialSpec) -> dict[str, Any]:
    """Return all that a trial leaves behind, but for what time alone decides."""
    folder = paths_of(spec).folder
    files = {file: file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file()}
    files = {file: name for file, name in files.items() if "damaged-" not in str(name)}
    return {
        str(name): timeless([json.loads(line) for line in file.read_text().splitlines()])
        if name.suffix == ".jsonl"
        else timeless(json.loads(file.read_text()))
        if name.name == "rollbacks.json"
        else file.read_bytes()
        for file, name in files.items()
    }


def history_of(spec: TrialSpec, messages: list[Message]) -> TrialHistory:
    """Return what a journal would know that heard these messages."""
    identity = {"params": spec.params, "seed": spec.seed, "index": 0}
    history = SweepHistory()
    history.apply({"event": "proposed", "trial_id": spec.trial_id, **identity})
    for message in messages:
        history.apply({**message, "event": message["kind"], "trial_id": spec.trial_id})
    return history.trials[spec.trial_id]


def test_a_dead_trial_goes_back_and_ends_well(tmp_path: Path, poison: Poison) -> None:
    poison((768, 1.0))
    spec = fragile(tmp_path)
    messages = list(run_trial(spec))
    assert told(messages) == [
        ("evaluated", 0, "go_on"),
        ("evaluated", 256, "go_on"),
        ("evaluated", 512, "go_on"),
        ("evaluated", 768, "roll_back"),
        ("adjusted", 512, "x 0.5"),
        ("evaluated", 768, "go_on"),
        ("evaluated", 1024, "go_on"),
        ("evaluated", 1280, "go_on"),
    ]
    dead, adjustment = messages[3], messages[4]["adjustment"]
    assert dead["verdict"]["kind"] == "dead"
    assert dead["verdict"]["reason"] == (
        "training is no longer finite at 0.768 kimg: roll back 1 of 2 to 0.512 kimg, "
        "learning rates x 0.5"
    )
    assert (adjustment["died_nimg"], adjustment["num_rollbacks"]) == (768, 1)
    assert messages[-1]["status"] == "completed"
    rows = [json.loads(line) for line in paths_of(spec).evaluations.read_text().splitlines()]
    assert [row["nimg"] for row in rows] == [0, 256, 512, 768, 1024, 1280]
    assert all(row["finite"] for row in rows)


def test_after_a_roll_back_the_draws_are_others_and_both_rates_are_halved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[int, float, float]] = []
    original = poisoned([(768, 1.0)])

    def watched(config: GanConfig, *arguments: Any, seed: int, **others: Any) -> Any:
        used.append((seed, config.d_lr, config.g_lr))
        return original(config, *arguments, seed=seed, **others)

    monkeypatch.setattr(run_module, "train", watched)
    list(run_trial(fragile(tmp_path)))
    (first, *_), (second, *_) = used[:4], used[4:]
    assert used == 4 * [first] + 3 * [second]
    assert first[0] != second[0]
    assert second[1:] == (first[1] / 2, first[2] / 2)


def test_it_is_dead_for_good_after_two_roll_backs(tmp_path: Path, poison: Poison) -> None:
    poison((768, 1.0), (512, 0.5), (1024, 0.5), (1024, 0.25))
    messages = list(run_trial(fragile(tmp_path)))
    assert told(messages)[3:] == [
        ("evaluated", 768, "roll_back"),
        ("adjusted", 512, "x 0.5"),
        ("evaluated", 768, "go_on"),
        ("evaluated", 1024, "roll_back"),
        ("adjusted", 768, "x 0.25"),
        ("evaluated", 1024, "stop_reject"),
    ]
    last = messages[-1]
    assert (last["status"], last["stopped_by"], last["verdict"]) == ("stopped", "verdict", "dead")
    assert last["reason"] == ("training is no longer finite at 1.024 kimg, after 2 of 2 roll backs")


def test_a_trial_that_dies_at_once_goes_back_to_the_untrained_state(tmp_path: Path) -> None:
    spec = replace(order(tmp_path, DOOMED), max_rollbacks=1)
    assert told(list(run_trial(spec))) == [
        ("evaluated", 0, "go_on"),
        ("evaluated", 256, "roll_back"),
        ("adjusted", 0, "x 0.5"),
        ("evaluated", 256, "stop_reject"),
    ]


def test_a_death_at_the_budget_is_undone_too(tmp_path: Path, poison: Poison) -> None:
    poison((1280, 1.0))
    messages = list(run_trial(fragile(tmp_path)))
    assert told(messages)[-3:] == [
        ("evaluated", 1280, "roll_back"),
        ("adjusted", 1024, "x 0.5"),
        ("evaluated", 1280, "go_on"),
    ]
    assert messages[-1]["status"] == "completed"


def test_time_counts_the_stretch_that_was_abandoned(tmp_path: Path, poison: Poison) -> None:
    poison((768, 1.0))
    messages = list(run_trial(fragile(tmp_path)))
    rows = [message["evaluation"] for message in messages if message["kind"] == "evaluated"]
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds)


def test_without_leave_a_dead_trial_ends(tmp_path: Path, poison: Poison) -> None:
    poison((768, 1.0))
    messages = list(run_trial(replace(fragile(tmp_path), max_rollbacks=0)))
    assert told(messages)[-1] == ("evaluated", 768, "stop_reject")
    assert not paths_of(fragile(tmp_path)).rollbacks.exists()


DEATHS = ((768, 1.0), (512, 0.5), (1024, 0.5))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Run a trial of two deaths that nobody kills."""
    spec = fragile(tmp_path_factory.mktemp("whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "train", poisoned(DEATHS))
        return spec, list(run_trial(spec))


@pytest.mark.parametrize("num_pulled", [3, 4, 5, 6, 7, 8, 9])
def test_killed_between_two_messages_it_reaches_the_same_records(
    tmp_path: Path, poison: Poison, undisturbed: Undisturbed, num_pulled: int
) -> None:
    poison(*DEATHS)
    spec = fragile(tmp_path)
    stream = run_trial(spec)
    before = list(itertools.islice(stream, num_pulled))
    stream.close()
    assert_same_records(spec, [*before, *run_trial(spec)], undisturbed)


@pytest.mark.parametrize(
    ("module", "moment", "num_calls"),
    [
        (run_module, "keep_snapshot", 4),  # while the first death is being recorded
        (run_module, "save_checkpoint", 4),
        (run_module, "record_rollbacks", 1),
        (rollback_file, "drop_snapshots_after", 1),  # the checkpoints are gone, nothing is written
        (rollback_file, "write_sealed", 1),
        (run_module, "_restore", 2),  # it is written, but nothing was restored
        (run_module, "draw_grid", 5),  # the first row after it
        (rollback_file, "write_sealed", 2),  # the second roll back
        (run_module, "_restore", 3),
    ],
)
def test_killed_in_the_middle_of_a_roll_back_it_reaches_the_same_records(
    tmp_path: Path,
    poison: Poison,
    undisturbed: Undisturbed,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    moment: str,
    num_calls: int,
) -> None:
    poison(*DEATHS)
    spec = fragile(tmp_path)
    heard: list[Message] = []
    with monkeypatch.context() as patch:
        patch.setattr(module, moment, dies_at(num_calls, getattr(module, moment)))
        with pytest.raises(KeyboardInterrupt):
            heard.extend(run_trial(spec))
    heard.extend(run_trial(spec))
    assert_same_records(spec, heard, undisturbed)


def test_a_trial_whose_folder_is_lost_repeats_itself_to_the_same_records(
    tmp_path: Path, poison: Poison, undisturbed: Undisturbed
) -> None:
    poison(*DEATHS)
    spec = fragile(tmp_path)
    stream = run_trial(spec)
    before = list(itertools.islice(stream, 6))
    stream.close()
    shutil.rmtree(paths_of(spec).folder)
    assert_same_records(spec, [*before, *run_trial(spec)], undisturbed)


def test_a_damaged_checkpoint_at_the_place_of_a_roll_back_is_made_again(
    tmp_path: Path, poison: Poison, undisturbed: Undisturbed
) -> None:
    poison(*DEATHS)
    spec = fragile(tmp_path)
    stream = run_trial(spec)
    before = list(itertools.islice(stream, 6))
    stream.close()
    for weights in paths_of(spec).checkpoints.glob("checkpoint-*/state.safetensors"):
        weights.write_bytes(b"damaged")
    assert_same_records(spec, [*before, *run_trial(spec)], undisturbed)


def assert_same_records(spec: TrialSpec, heard: list[Message], undisturbed: Undisturbed) -> None:
    """Check that files, the last message and what a journal knows are as they would have been."""
    whole, messages = undisturbed
    assert everything_of(spec) == everything_of(whole)
    assert heard[-1] == messages[-1]
    first, second = history_of(spec, heard), history_of(whole, messages)
    assert timeless(first.to_mapping()) == timeless(second.to_mapping())
    assert first.verdicts == second.verdicts
    assert [row.nimg for row in first.abandoned] == [768, 1024]
    for one, other in zip(first.evaluations, second.evaluations, strict=True):
        assert timeless(one.to_mapping()) == timeless(other.to_mapping())


def dies_at(num_calls: int, function: Callable[..., Any]) -> Callable[..., Any]:
    calls = itertools.count(1)

    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        if next(calls) == num_calls:
            raise KeyboardInterrupt
        return function(*arguments, **keywords)

    return wrapped
