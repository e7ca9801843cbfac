"""Real trials that take over each other's weights, once, however often they are killed."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from torch import Tensor, equal

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError
from gan_models.samples import SampleSpec
from gan_models.training.checkpoint import MANIFEST_FILE, TENSORS_FILE
from orchestrator.decision.verdict import judge
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import TIMING_COLUMNS, Evaluation, Exploit, Verdict
from orchestrator.trial import judge as judge_module
from orchestrator.trial.inheritance import is_milestone, rows_of_present_weights, take_over
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import TrialSpec
from orchestrator.yardstick import open_yardstick
from tests.orchestrator.exploits import make_exploit
from tests.orchestrator.trial.orders import POINTS, order

DONOR_PARAMS = POINTS | {"batch_size": 50}
SLOW, NEW = DONOR_PARAMS | {"g_lr": 1e-6}, DONOR_PARAMS | {"g_lr": 2e-4}


def donor_order(folder: Path, params: dict[str, Any] = DONOR_PARAMS) -> TrialSpec:
    """Return the order of a trial that leaves its state at 500 of its 1,000 images."""
    return replace(order(folder, params), milestone_every_nimg=500)


def heir_order(folder: Path) -> TrialSpec:
    """Return the order that the second trial gets once it exploits the first one at 500 images."""
    spec, donor = donor_order(folder, SLOW), donor_order(folder)
    exploit = Exploit(
        step=10,
        nimg=500,
        donor=donor.trial_id,
        donor_nimg=500,
        donor_params=DONOR_PARAMS,
        old_params=SLOW,
        params=NEW,
        reason="worse",
    )
    return replace(spec, params=NEW, exploits=(exploit,))


def paths_of(spec: TrialSpec) -> TrialPaths:
    return RunPaths(Path(spec.run_folder)).trial(spec.trial_id)


def tensors(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / TENSORS_FILE)


def rows_on_disk(spec: TrialSpec) -> list[dict[str, Any]]:
    lines = paths_of(spec).evaluations.read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k not in (*TIMING_COLUMNS, "crc")} for row in rows]


@pytest.fixture(scope="module")
def sample() -> SampleSpec:
    return open_yardstick({"name": "ring8"}, "auto").splits.sample


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder with a donor at its end, and a slow trial that stands at 500 images."""
    folder = tmp_path_factory.mktemp("halfway") / "run"
    list(run_trial(donor_order(folder)))
    list(islice(run_trial(donor_order(folder, SLOW)), 3))  # at 0, 250 and 500
    return folder


@pytest.fixture
def run_folder(halfway: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(halfway, tmp_path / "run"))


def test_a_trial_leaves_its_state_where_others_may_want_it(halfway: Path) -> None:
    paths = paths_of(donor_order(halfway))
    (left,) = paths.milestone(500).iterdir()
    assert [each.name for each in paths.milestone(500).parent.iterdir()] == ["000000000500"]
    assert json.loads((left / MANIFEST_FILE).read_text())["nimg"] == 500


def test_weights_and_moments_are_the_donors_and_the_place_its_own(
    run_folder: Path, sample: SampleSpec
) -> None:
    spec = heir_order(run_folder)
    spec = replace(spec, exploits=(replace(spec.exploits[0], step=9),))
    take_over(spec, GanConfig.from_params(NEW), sample)
    (own,) = paths_of(spec).checkpoints.glob("checkpoint-*")  # those before are given up
    (left,) = paths_of(donor_order(run_folder)).milestone(500).iterdir()
    ours, theirs = tensors(own), tensors(left)
    assert ours.keys() == theirs.keys()
    assert all(equal(ours[name], theirs[name]) for name in ours)
    manifest = json.loads((own / MANIFEST_FILE).read_text())
    assert (manifest["nimg"], manifest["step"], manifest["config"]["g_lr"]) == (500, 9, 2e-4)


def test_doing_it_again_changes_nothing_and_going_on_ends_it(
    run_folder: Path, sample: SampleSpec
) -> None:
    spec, config = heir_order(run_folder), GanConfig.from_params(NEW)
    own = paths_of(spec).checkpoints
    seen = []
    for _ in range(2):
        take_over(spec, config, sample)
        seen.append({file.name: file.read_bytes() for file in own.glob("checkpoint-*/*")})
    assert seen[0] == seen[1]
    shutil.copytree(own / "checkpoint-000000000500", own / "checkpoint-000000000750")
    shutil.rmtree(own / "checkpoint-000000000500")
    take_over(spec, config, sample)
    assert [each.name for each in own.glob("checkpoint-*")] == ["checkpoint-000000000750"]


def test_a_trial_that_inherits_nothing_is_left_alone(run_folder: Path, sample: SampleSpec) -> None:
    spec = donor_order(run_folder, SLOW)
    before = sorted(paths_of(spec).checkpoints.rglob("*"))
    take_over(spec, GanConfig.from_params(SLOW), sample)
    assert sorted(paths_of(spec).checkpoints.rglob("*")) == before


def test_a_state_that_is_gone_is_named(run_folder: Path, sample: SampleSpec) -> None:
    spec = heir_order(run_folder)
    milestone = paths_of(donor_order(run_folder)).milestone(500)
    shutil.rmtree(milestone)
    with pytest.raises(CheckpointError) as error:
        take_over(spec, GanConfig.from_params(NEW), sample)
    donor = spec.exploits[0].donor
    assert str(error.value) == f"{milestone}: no whole state of {donor} to go on from"


def test_a_donor_of_other_parameters_than_recorded_is_refused(
    run_folder: Path, sample: SampleSpec
) -> None:
    spec = heir_order(run_folder)
    wrong = replace(spec.exploits[0], donor_params=DONOR_PARAMS | {"d_lr": 0.5})
    with pytest.raises(CheckpointError, match="d_lr = 0.0002 there, 0.5 here"):
        take_over(replace(spec, exploits=(wrong,)), GanConfig.from_params(NEW), sample)


def test_it_keeps_its_rows_and_goes_on_from_there(run_folder: Path) -> None:
    spec = heir_order(run_folder)
    former = rows_on_disk(spec)
    *_, end = run_trial(spec)
    rows = rows_on_disk(spec)
    assert [row["nimg"] for row in rows] == [0, 250, 500, 750, 1000]
    assert rows[:3] == former
    assert end["kind"] == "finished"


def test_it_is_judged_by_what_it_is_now(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watched(rows: Sequence[Evaluation], *args: Any, **settings: Any) -> Verdict:
        seen.append([row.nimg for row in rows])
        return judge(rows, *args, **settings)

    monkeypatch.setattr(judge_module, "judge", watched)
    list(run_trial(heir_order(run_folder)))
    assert seen == [[0], [0, 250], [0, 250, 500], [0, 750], [0, 750, 1000]]


@pytest.mark.parametrize("num_messages", [1, 3, 4])
def test_killed_after_any_message_it_ends_with_the_same_records(
    run_folder: Path, tmp_path: Path, num_messages: int
) -> None:
    other = Path(shutil.copytree(run_folder, tmp_path / "undisturbed"))
    list(run_trial(heir_order(other)))
    list(islice(run_trial(heir_order(run_folder)), num_messages))
    list(run_trial(heir_order(run_folder)))
    assert rows_on_disk(heir_order(run_folder)) == rows_on_disk(heir_order(other))


def test_the_batches_are_not_those_that_the_donor_drew(tmp_path: Path) -> None:
    spec = heir_order(tmp_path)
    assert spec.training_seed != spec.seed == donor_order(tmp_path).training_seed
    later = replace(spec, exploits=(*spec.exploits, make_exploit(nimg=750)))
    assert later.training_seed not in (spec.training_seed, spec.seed)


@pytest.mark.parametrize(
    ("nimgs", "expected"),
    [
        ([0], False),
        ([0, 300], False),
        ([300, 500], True),
        ([450, 512], True),
        ([500, 512], False),
        ([900, 1000], False),  # at the budget nothing is compared
        ([400, 1000], True),
    ],
)
def test_states_are_left_at_the_first_row_at_or_past_a_place(
    tmp_path: Path, nimgs: list[int], expected: bool
) -> None:
    rows = [Evaluation(run="t", step=nimg, nimg=nimg, fid=1.0) for nimg in nimgs]
    assert is_milestone(donor_order(tmp_path), rows) is expected
    assert not is_milestone(order(tmp_path), rows)


def test_verdicts_look_at_the_untrained_row_and_those_of_the_present_weights() -> None:
    rows = [Evaluation(run="t", step=nimg, nimg=nimg, fid=1.0) for nimg in range(0, 700, 100)]
    exploits = [make_exploit(nimg=200), make_exploit(nimg=400)]

    def seen(num_rows: int) -> list[int]:
        return [row.nimg for row in rows_of_present_weights(rows[:num_rows], exploits)]

    assert seen(3) == [0, 100, 200]  # as it was judged before it changed
    assert seen(4) == [0, 300]
    assert seen(5) == [0, 300, 400]
    assert seen(7) == [0, 500, 600]
