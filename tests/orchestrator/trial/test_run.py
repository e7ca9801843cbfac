import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from gan_models.errors import CheckpointError, ParameterError
from gan_models.model_folder import load_model
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import TIMING_COLUMNS, Evaluation, TrialStatus, VerdictKind
from orchestrator.tensorboard import TrialBoard
from orchestrator.trial import run as run_module
from orchestrator.trial.meter import Meter
from orchestrator.trial.run import run_trial
from orchestrator.trial.snapshots import snapshot_nimg, snapshots
from orchestrator.trial.spec import Message, TrialSpec
from tests.orchestrator.trial.orders import CRITIC, DIGITS, DOOMED, POINTS, RUNAWAY, order

Params = dict[str, Any]

POINTS_BY_CRITIC: dict[str, Any] = {"params": CRITIC}
DIGITS_BY_DCGAN: dict[str, Any] = {
    "params": DIGITS,
    "data": "digits",
    "features": "random-conv",
    "kimg": 0.5,
    "every_kimg": 0.1,
}
every_kind = pytest.mark.parametrize(
    "kind", [POINTS_BY_CRITIC, DIGITS_BY_DCGAN], ids=["critic", "dcgan"]
)


def paths_of(spec: TrialSpec) -> TrialPaths:
    return RunPaths(Path(spec.run_folder)).trial(spec.trial_id)


def rows_of(spec: TrialSpec) -> list[dict[str, Any]]:
    """Return the rows on disk without the columns that time alone decides."""
    lines = paths_of(spec).evaluations.read_text().splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k not in (*TIMING_COLUMNS, "crc")} for row in rows]


def weights_of(spec: TrialSpec) -> dict[str, bytes]:
    """Return every weight and picture of a trial, byte for byte."""
    folder = paths_of(spec).folder
    files = [*folder.rglob("*.safetensors"), *folder.rglob("*.png")]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def steps_in(messages: list[Message]) -> list[int]:
    return [message["evaluation"]["step"] for message in messages[:-1]]


def tags_in(event_file: Path) -> list[str]:
    events = EventFileLoader(str(event_file)).Load()
    return [value.tag for event in events for value in event.summary.value]


def test_a_trial_is_evaluated_at_the_start_at_intervals_and_at_the_budget(tmp_path: Path) -> None:
    *evaluated, last = run_trial(order(tmp_path, kimg=0.9, every_kimg=0.25))
    assert [message["kind"] for message in evaluated] == 5 * ["evaluated"]
    nimg = [message["evaluation"]["nimg"] for message in evaluated]
    assert nimg == [0, 256, 512, 768, 960]  # whole batches of 64, up to each point or past it
    assert [message["evaluation"]["step"] for message in evaluated] == [0, 4, 8, 12, 15]
    assert last["kind"] == "finished"
    assert (last["status"], last["stopped_by"]) == ("completed", "budget")
    assert last["reason"].startswith("budget of 0.9 kimg used; FID ")


def test_rounds_longer_than_an_interval_skip_what_they_pass(tmp_path: Path) -> None:
    spec = order(tmp_path, POINTS | {"batch_size": 300}, kimg=0.9, every_kimg=0.1)
    nimg = [message["evaluation"]["nimg"] for message in list(run_trial(spec))[:-1]]
    assert nimg == [0, 300, 600, 900]


def test_messages_are_plain_data_with_a_verdict_on_each_row(tmp_path: Path) -> None:
    spec = order(tmp_path)
    messages = list(run_trial(spec))
    assert json.loads(json.dumps(messages, allow_nan=False)) == messages
    first, *_, latest, _ = messages
    assert first["verdict"]["kind"] == "warming_up"
    assert first["evaluation"]["d_loss"] is None  # nothing was trained yet
    assert latest["evaluation"]["run"] == spec.trial_id
    for column in ("fid", "fid_a", "fid_b", "coverage", "modes", "d_real_acc", "d_loss", "g_loss"):
        assert latest["evaluation"][column] is not None
    assert latest["evaluation"]["g_grad_norm"] > 0
    assert len({message["evaluation"]["protocol"] for message in messages[:-1]}) == 1


def test_time_only_counts_up(tmp_path: Path) -> None:
    rows = [message["evaluation"] for message in list(run_trial(order(tmp_path)))[:-1]]
    seconds = [row["seconds"] for row in rows]
    assert seconds == sorted(seconds)
    assert seconds[0] < 0.1 < 60 > seconds[-1] > 0
    assert all(row["eval_seconds"] > 0 for row in rows)


def test_a_trial_leaves_its_curve_grids_and_best_generators(tmp_path: Path) -> None:
    spec = order(tmp_path, **{**DIGITS_BY_DCGAN, "params": DIGITS}, num_snapshots=3)
    messages = list(run_trial(spec))
    paths = paths_of(spec)
    assert rows_of(spec) == [
        {k: v for k, v in message["evaluation"].items() if k not in TIMING_COLUMNS}
        for message in messages[:-1]
    ]
    nimg = [row["nimg"] for row in rows_of(spec)]
    for each in nimg:
        with Image.open(paths.sample_grid(each)) as picture:
            assert picture.size[0] == picture.size[1]
    best = sorted(rows_of(spec)[1:], key=lambda row: row["fid"])[:3]
    kept = [snapshot_nimg(folder) for folder in snapshots(paths)]
    assert kept == sorted({row["nimg"] for row in [*best, rows_of(spec)[-1]]})
    assert load_model(snapshots(paths)[0]).draw(5, seed=0).shape == (5, 1, 8, 8)


def test_a_score_that_is_infinite_is_judged_as_a_resumed_trial_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Meter.measure

    def infinite(self: Meter, *args: Any, **kwargs: Any) -> Evaluation:
        return replace(measure(self, *args, **kwargs), fid=inf)

    monkeypatch.setattr(Meter, "measure", infinite)
    spec = order(tmp_path)
    told = list(run_trial(spec))
    assert told[0]["verdict"]["reason"] == "FID is nan at step 0"
    assert list(run_trial(spec)) == told


def test_a_trial_whose_weights_are_not_finite_is_dead_and_says_so(tmp_path: Path) -> None:
    spec = order(tmp_path, DOOMED)
    *_, dead, last = run_trial(spec)
    assert (dead["verdict"]["kind"], dead["verdict"]["action"]) == ("dead", "stop_reject")
    assert (dead["evaluation"]["fid"], dead["evaluation"]["finite"]) == (None, False)
    assert (last["status"], last["stopped_by"], last["verdict"]) == ("stopped", "verdict", "dead")
    assert last["reason"] == "training is no longer finite at 0.256 kimg"
    assert snapshots(paths_of(spec)) == []  # nobody ships an untrained generator


def test_a_trial_that_diverges_is_stopped_when_that_is_sure(tmp_path: Path) -> None:
    *evaluated, last = run_trial(order(tmp_path, RUNAWAY, kimg=3))
    assert len(evaluated) == 4  # three in a row after the first
    assert (last["verdict"], last["stopped_by"]) == ("collapsed", "verdict")  # far off, all alike


def test_equal_orders_give_equal_records(tmp_path: Path) -> None:
    specs = [order(tmp_path / name) for name in ("one", "two")]
    for spec in specs:
        list(run_trial(spec))
    assert rows_of(specs[0]) == rows_of(specs[1])
    assert weights_of(specs[0]) == weights_of(specs[1])


@every_kind
@pytest.mark.parametrize("num_pulled", [1, 3, 6])
def test_a_trial_that_was_closed_goes_on_to_the_same_records(
    tmp_path: Path, kind: dict[str, Any], num_pulled: int
) -> None:
    whole, parted = order(tmp_path / "whole", **kind), order(tmp_path / "parted", **kind)
    messages = list(run_trial(whole))
    stream = run_trial(parted)
    list(itertools.islice(stream, num_pulled))
    stream.close()
    again = list(run_trial(parted))
    assert steps_in(again) == steps_in(messages)  # known rows are sent again
    assert again[-1] == messages[-1]
    assert rows_of(parted) == rows_of(whole)
    assert weights_of(parted) == weights_of(whole)


@every_kind
def test_a_trial_whose_process_vanished_goes_on_to_the_same_records(
    tmp_path: Path, kind: dict[str, Any]
) -> None:
    whole = order(tmp_path / "whole", **kind)
    stream = run_trial(whole)
    list(itertools.islice(stream, 3))
    shutil.copytree(tmp_path / "whole", tmp_path / "left")  # what a kill at this moment leaves
    left = replace(whole, run_folder=str(tmp_path / "left"))
    torn = '{"run": "torn by the cra'
    with paths_of(left).evaluations.open("a") as file:
        file.write(torn)
    list(stream)
    list(run_trial(left))
    assert rows_of(left) == rows_of(whole)
    assert weights_of(left) == weights_of(whole)


@pytest.mark.parametrize("moment", ["keep_snapshot", "draw_grid", "save_checkpoint"])
@pytest.mark.parametrize("num_calls", [1, 3])
def test_a_kill_in_the_middle_of_saving_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, num_calls: int
) -> None:
    whole, killed = order(tmp_path / "whole"), order(tmp_path / "killed")
    list(run_trial(whole))
    with monkeypatch.context() as patch:
        patch.setattr(run_module, moment, dies_at(num_calls, getattr(run_module, moment)))
        with pytest.raises(KeyboardInterrupt):
            list(run_trial(killed))
    list(run_trial(killed))
    assert rows_of(killed) == rows_of(whole)
    assert weights_of(killed) == weights_of(whole)


def dies_at(num_calls: int, function: Callable[..., Any]) -> Callable[..., Any]:
    calls = itertools.count(1)

    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        if next(calls) == num_calls:
            raise KeyboardInterrupt
        return function(*arguments, **keywords)

    return wrapped


def test_a_trial_that_had_ended_says_so_again_without_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = order(tmp_path, RUNAWAY, kimg=3)
    messages = list(run_trial(spec))
    monkeypatch.setattr(run_module, "train", None)
    assert list(run_trial(spec)) == messages


def test_a_checkpoint_that_is_damaged_is_passed_over(tmp_path: Path) -> None:
    whole, damaged = order(tmp_path / "whole"), order(tmp_path / "damaged")
    list(run_trial(whole))
    stream = run_trial(damaged)
    list(itertools.islice(stream, 3))
    stream.close()
    *_, latest = sorted(paths_of(damaged).checkpoints.glob("checkpoint-*/state.safetensors"))
    latest.write_bytes(latest.read_bytes()[:-1])
    said = [message["note"] for message in run_trial(damaged) if message["kind"] == "mended"]
    name = latest.parent.name
    assert said == [
        f"{latest.parent}: did not verify, put aside as damaged-{name}",
        "it goes on from 256 images",
    ]
    assert rows_of(damaged) == rows_of(whole)
    shutil.rmtree(latest.parents[1] / f"damaged-{name}")
    assert weights_of(damaged) == weights_of(whole)


def test_a_checkpoint_of_other_parameters_is_refused(tmp_path: Path) -> None:
    spec = order(tmp_path)
    next(iter(run_trial(spec)))
    with pytest.raises(CheckpointError, match="other parameters"):
        list(run_trial(replace(spec, params=POINTS | {"width": 32})))


def test_impossible_parameters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="unknown parameter 'widht'"):
        list(run_trial(order(tmp_path, POINTS | {"widht": 16})))


@pytest.fixture
def endings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[VerdictKind | None, TrialStatus]]:
    """Collect what boards are told at the end."""
    told: list[tuple[VerdictKind | None, TrialStatus]] = []

    def finish(self: TrialBoard, verdict: VerdictKind | None, status: TrialStatus) -> None:
        told.append((verdict, status))

    monkeypatch.setattr(TrialBoard, "finish", finish)
    return told


Endings = list[tuple[VerdictKind | None, TrialStatus]]


def test_the_board_hears_once_how_a_trial_ended(tmp_path: Path, endings: Endings) -> None:
    stream = run_trial(order(tmp_path))
    while next(stream)["kind"] != "finished":
        pass
    stream.close()  # as a backend does, which has heard the end
    list(run_trial(order(tmp_path, DOOMED)))
    assert endings == [
        (VerdictKind.IMPROVING, TrialStatus.COMPLETED),
        (VerdictKind.DEAD, TrialStatus.STOPPED),
    ]


def test_the_board_hears_of_a_stop_and_of_a_failure(
    tmp_path: Path, endings: Endings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = run_trial(order(tmp_path / "stopped"))
    next(stream)
    stream.close()
    monkeypatch.setattr(run_module, "train", None)
    with pytest.raises(TypeError):
        list(run_trial(order(tmp_path / "failed")))
    assert endings == [
        (VerdictKind.WARMING_UP, TrialStatus.STOPPED),
        (None, TrialStatus.FAILED),
    ]


def test_the_board_of_a_resumed_trial_shows_the_whole_curve_and_its_pictures(
    tmp_path: Path,
) -> None:
    spec = order(tmp_path)
    stream = run_trial(spec)
    list(itertools.islice(stream, 3))
    stream.close()
    list(run_trial(spec))
    (second,) = (tmp_path / "tensorboard" / spec.trial_id).glob("*.0002.attempt")
    tags = tags_in(second)
    assert tags.count("metrics/fid") == tags.count("samples") == 5


def test_threads_are_as_before_once_a_trial_is_closed(tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        stream = run_trial(order(tmp_path))
        next(stream)
        assert torch.get_num_threads() == 1
        stream.close()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_conditional_trial_draws_a_row_for_each_class_and_is_resumed_exactly(
    tmp_path: Path,
) -> None:
    params = {"params": DIGITS | {"conditioning": "projection"}}
    spec, cut = (
        order(tmp_path / name, **{**DIGITS_BY_DCGAN, **params}) for name in ("whole", "cut")
    )
    list(run_trial(spec))
    for _ in itertools.islice(run_trial(cut), 3):
        pass
    list(run_trial(cut))

    assert weights_of(spec) == weights_of(cut)
    assert rows_of(spec) == rows_of(cut)
    for row in rows_of(spec):
        with Image.open(paths_of(spec).class_grid(row["nimg"])) as picture:
            assert picture.size[0] > picture.size[1]  # 16 images a row, 10 rows
        assert row["d_heldout_acc"] is not None
        assert 0 <= row["class_coverage"] <= 1
        assert 0 <= row["label_consistency"] <= 1
        assert row["intra_fid"] is None  # 30 reals of a class, 64 features
