import io
from collections.abc import Callable, Iterator
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.backend_context import Context
from tensorboard.plugins.hparams.get_experiment import Handler as ExperimentHandler
from tensorboard.plugins.hparams.list_session_groups import Handler as SessionHandler

from orchestrator.records import Action, Adjustment, Evaluation, TrialStatus, Verdict, VerdictKind
from orchestrator.tensorboard import SCALAR_TAGS, TrialBoard
from tests.orchestrator.exploits import make_exploit

PARAMS = {"network": "mlp", "d_lr": 0.002, "depth": 3, "spectral_norm": True}
ALL_STATUSES = list(range(4))

Point = tuple[int, float]


class Shown:
    """What TensorBoard's own backend makes of a folder, without a server."""

    def __init__(self, root: Path) -> None:
        self.events = EventMultiplexer().AddRunsFromDirectory(str(root))
        self.events.Reload()
        provider = MultiplexerDataProvider(self.events, str(root))
        self.context = Context(TBContext(data_provider=provider))

    def points(self, tag: str, run: str = "a1") -> list[Point]:
        return [
            (event.step, event.tensor_proto.float_val[0]) for event in self.events.Tensors(run, tag)
        ]

    def strings(self, tag: str, run: str = "a1") -> list[list[bytes]]:
        return [list(event.tensor_proto.string_val) for event in self.events.Tensors(run, tag)]

    def tags(self, run: str = "a1") -> set[str]:
        return {tag for tag in self.events.Runs()[run]["tensors"] if "_hparams_" not in tag}

    def sessions(self) -> dict[str, api_pb2.SessionGroup]:
        request = api_pb2.ListSessionGroupsRequest(
            start_index=0, slice_size=100, allowed_statuses=ALL_STATUSES
        )
        response = SessionHandler(RequestContext(), self.context, "", request).run()
        return {group.name: group for group in response.session_groups}

    def hparam_types(self) -> dict[str, int]:
        request = api_pb2.GetExperimentRequest()
        experiment = ExperimentHandler(RequestContext(), self.context, "", request).run()
        return {info.name: info.type for info in experiment.hparam_infos}


def values(group: api_pb2.SessionGroup) -> dict[str, Any]:
    return {
        name: getattr(value, str(value.WhichOneof("kind"))) for name, value in group.hparams.items()
    }


def metrics(group: api_pb2.SessionGroup) -> dict[str, float]:
    return {value.name.tag: value.value for value in group.metric_values}


def row(nimg: int, fid: float, **scores: Any) -> Evaluation:
    scores = {"d_loss": 1.0, "g_loss": 2.0} | scores
    return Evaluation(run="a1", step=nimg // 10, nimg=nimg, fid=fid, **scores)


def verdict(kind: VerdictKind, reason: str = "as measured") -> Verdict:
    return Verdict(kind=kind, action=Action.GO_ON, reason=reason)


def png(width: int = 6, height: int = 4) -> bytes:
    picture = io.BytesIO()
    Image.new("L", (width, height), 128).save(picture, "PNG")
    return picture.getvalue()


IMPROVING, COLLAPSED = verdict(VerdictKind.IMPROVING), verdict(VerdictKind.COLLAPSED)
Open = Callable[..., TrialBoard]


@pytest.fixture
def open_board(tmp_path: Path) -> Iterator[Open]:
    boards = []

    def open_one(trial_id: str = "a1", **options: Any) -> TrialBoard:
        options = {"params": PARAMS} | options
        boards.append(TrialBoard(tmp_path / trial_id, trial_id=trial_id, **options))
        return boards[-1]

    yield open_one
    for board in boards:
        board.close()


def test_scalars_stand_under_clear_tags_over_images_seen(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        board.add(row(0, 30.0, coverage=0.25, d_heldout_acc=0.75), IMPROVING)
        board.add(row(10_000, 8.0, coverage=0.5, d_heldout_acc=0.5), IMPROVING)
    shown = Shown(tmp_path)
    assert shown.points("metrics/fid") == [(0, 30.0), (10_000, 8.0)]
    assert shown.points("metrics/coverage") == [(0, 0.25), (10_000, 0.5)]
    assert shown.points("discriminator/heldout_accuracy") == [(0, 0.75), (10_000, 0.5)]
    assert shown.points("loss/g") == [(0, 2.0), (10_000, 2.0)]


def test_every_number_of_an_evaluation_has_a_tag() -> None:
    numbers = set(Evaluation(run="a", step=0, fid=1.0).to_mapping())
    assert numbers - set(SCALAR_TAGS) == {"run", "step", "nimg", "finite", "protocol"}
    assert len(set(SCALAR_TAGS.values())) == len(SCALAR_TAGS)


def test_nan_is_a_point(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        board.add(row(0, 30.0, coverage=0.5), IMPROVING)
        board.add(row(1000, nan, coverage=nan, d_loss=nan, finite=False), IMPROVING)
    shown = Shown(tmp_path)
    for tag in ("metrics/fid", "metrics/coverage", "loss/d"):
        step, value = shown.points(tag)[1]
        assert step == 1000
        assert isnan(value)


def test_what_does_not_apply_has_no_chart(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        board.add(row(0, nan, d_loss=nan, finite=False), IMPROVING)
    assert Shown(tmp_path).tags() == {"metrics/fid", "loss/d", "loss/g", "verdict"}


def test_a_number_too_large_for_the_file_is_a_point_all_the_same(
    open_board: Open, tmp_path: Path
) -> None:
    with open_board() as board:
        board.add(row(0, 1e300), IMPROVING)
    assert Shown(tmp_path).points("metrics/fid") == [(0, float("inf"))]


def test_the_session_is_listed_from_the_start(open_board: Open, tmp_path: Path) -> None:
    open_board()
    group = Shown(tmp_path).sessions()["a1"]
    assert values(group) == PARAMS | {"verdict": "running"}
    assert [session.status for session in group.sessions] == [api_pb2.STATUS_UNKNOWN]


@pytest.mark.parametrize(
    ("status", "shown_status"),
    [
        (TrialStatus.COMPLETED, api_pb2.STATUS_SUCCESS),
        (TrialStatus.STOPPED, api_pb2.STATUS_SUCCESS),
        (TrialStatus.FAILED, api_pb2.STATUS_FAILURE),
    ],
)
def test_the_end_adds_verdict_and_status_to_the_best_scores(
    open_board: Open, tmp_path: Path, status: TrialStatus, shown_status: int
) -> None:
    best = row(0, 8.0, coverage=0.5)
    with open_board() as board:
        board.add(best, IMPROVING, best=best)
        board.add(row(1000, 9.0, coverage=0.25), COLLAPSED, best=best)
        board.finish(VerdictKind.COLLAPSED, status)
    group = Shown(tmp_path).sessions()["a1"]
    assert values(group) == PARAMS | {"verdict": "collapsed"}
    assert metrics(group)["hparam/best_fid"] == 8.0
    assert metrics(group)["hparam/best_coverage"] == 0.5
    assert [session.status for session in group.sessions] == [shown_status]


def test_a_trial_without_a_verdict_is_listed_by_its_status(
    open_board: Open, tmp_path: Path
) -> None:
    with open_board() as board:
        board.finish(None, TrialStatus.FAILED)
    group = Shown(tmp_path).sessions()["a1"]
    assert values(group)["verdict"] == "failed"
    assert metrics(group) == {}


def test_trials_of_different_parameters_are_all_listed(open_board: Open, tmp_path: Path) -> None:
    open_board("a1", params={"network": "mlp", "depth": 2, "r1_gamma": None})
    open_board("b2", params={"network": "dcgan", "r1_gamma": 0.5, "d_lr": nan, "sizes": [4, 8]})
    shown = Shown(tmp_path)
    groups = shown.sessions()
    assert values(groups["a1"]) == {"network": "mlp", "depth": 2, "verdict": "running"}
    assert values(groups["b2"]) == {
        "network": "dcgan",
        "r1_gamma": 0.5,
        "sizes": "[4, 8]",
        "verdict": "running",
    }
    assert shown.hparam_types()["r1_gamma"] == api_pb2.DATA_TYPE_FLOAT64


def test_sample_grids_are_images_of_their_size(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        board.add_samples(png(6, 4), 0)
        board.add_samples(png(6, 4), 1000)
    width, height, content = Shown(tmp_path).strings("samples")[1]
    assert (width, height) == (b"6", b"4")
    assert Image.open(io.BytesIO(content)).size == (6, 4)


def test_a_verdict_is_told_when_it_changes(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        for nimg in (0, 1000):
            board.add(row(nimg, 8.0), verdict(VerdictKind.IMPROVING, f"gains at {nimg}"))
        board.add(row(2000, 9.0), COLLAPSED)
    assert Shown(tmp_path).strings("verdict") == [
        [b"**improving**: gains at 0"],
        [b"**collapsed**: as measured"],
    ]


@pytest.mark.parametrize("purge_step", [0, 1000])
def test_a_resumed_trial_replaces_the_points_from_its_checkpoint_on(
    open_board: Open, tmp_path: Path, purge_step: int
) -> None:
    with open_board() as killed:
        for nimg in (0, 1000, 2000):
            killed.add(row(nimg, 30.0), IMPROVING)
    with open_board(purge_step=purge_step) as resumed:
        resumed.add(row(1000, 20.0), IMPROVING)
        resumed.finish(VerdictKind.CONVERGED, TrialStatus.COMPLETED)
    shown = Shown(tmp_path)
    kept = [(nimg, 30.0) for nimg in (0, 1000, 2000) if nimg < purge_step]
    assert shown.points("metrics/fid") == [*kept, (1000, 20.0)]
    group = shown.sessions()["a1"]
    assert values(group)["verdict"] == "converged"
    assert len(group.sessions) == 1


def test_without_a_purge_step_earlier_points_stay(open_board: Open, tmp_path: Path) -> None:
    open_board().add(row(0, 30.0), IMPROVING)
    with open_board() as again:
        again.finish(VerdictKind.IMPROVING, TrialStatus.STOPPED)
    assert Shown(tmp_path).points("metrics/fid") == [(0, 30.0)]


def test_an_attempt_torn_by_a_kill_hides_nothing_of_the_next(
    open_board: Open, tmp_path: Path
) -> None:
    with open_board() as killed:
        killed.add(row(0, 30.0), IMPROVING)
        killed.add(row(1000, 20.0), IMPROVING)
    torn = next((tmp_path / "a1").glob("*.0001.attempt"))
    torn.write_bytes(torn.read_bytes()[:-5])
    with open_board(purge_step=1000) as resumed:
        resumed.add(row(1000, 19.0), IMPROVING)
    assert Shown(tmp_path).points("metrics/fid") == [(0, 30.0), (1000, 19.0)]


def test_attempts_are_read_in_their_order_however_many(open_board: Open, tmp_path: Path) -> None:
    for attempt in range(11):
        with open_board(purge_step=0) as board:
            board.add(row(0, float(attempt)), IMPROVING)
    assert Shown(tmp_path).points("metrics/fid") == [(0, 10.0)]


def test_what_was_added_is_readable_before_the_end(open_board: Open, tmp_path: Path) -> None:
    board = open_board()
    board.add(row(0, 30.0), IMPROVING)
    assert Shown(tmp_path).points("metrics/fid") == [(0, 30.0)]


def test_a_board_may_be_closed_twice(open_board: Open) -> None:
    board = open_board()
    board.close()
    board.close()


def test_times_come_from_the_clock(open_board: Open, tmp_path: Path) -> None:
    with open_board(clock=lambda: 1234.0) as board:
        board.add(row(0, 30.0), IMPROVING)
        board.finish(VerdictKind.CONVERGED, TrialStatus.COMPLETED)
    shown = Shown(tmp_path)
    assert [event.wall_time for event in shown.events.Tensors("a1", "metrics/fid")] == [1234.0]
    (session,) = shown.sessions()["a1"].sessions
    assert (session.start_time_secs, session.end_time_secs) == (1234.0, 1234.0)


def adjustment(nimg: int, died_nimg: int | None = None) -> Adjustment:
    return Adjustment(
        step=nimg // 10,
        nimg=nimg,
        d_steps=2,
        g_steps=1,
        lr_factor=1.0 if died_nimg is None else 0.5,
        num_rollbacks=0 if died_nimg is None else 1,
        reason="D is blind" if died_nimg is None else "NaN",
        died_nimg=died_nimg,
    )


def test_ratio_and_rates_stand_over_images_seen(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        board.add_regime((1, 1), 1.0, 0)
        board.add_regime((2, 1), 0.5, 1000)
        board.add_adjustment(adjustment(1000))
    shown = Shown(tmp_path)
    assert shown.points("training/d_steps") == [(0, 1.0), (1000, 2.0)]
    assert shown.points("training/g_steps") == [(0, 1.0), (1000, 1.0)]
    assert shown.points("training/lr_factor") == [(0, 1.0), (1000, 0.5)]
    assert shown.strings("adjusted") == [[b"D is blind"]]


def test_what_a_roll_back_abandons_is_no_longer_shown(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        for nimg, fid in ((0, 30.0), (1000, 20.0), (2000, nan)):
            board.add(row(nimg, fid), IMPROVING)
        board.add_adjustment(adjustment(1000, died_nimg=2000))
        board.add(row(2000, 15.0), IMPROVING)
    shown = Shown(tmp_path)
    assert shown.points("metrics/fid") == [(0, 30.0), (1000, 20.0), (2000, 15.0)]
    assert shown.strings("adjusted") == [[b"NaN"]]


def test_what_was_taken_over_is_told_where_it_was(open_board: Open, tmp_path: Path) -> None:
    with open_board() as board:
        board.add_exploit(make_exploit(2000))
    (told,) = Shown(tmp_path).strings("exploited")
    assert told[0].startswith(b"goes on from the weights of ash at 2 kimg")
