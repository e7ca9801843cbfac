"""Trials whose ratio of D to G updates changes: the same records however they are killed."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.decision.balance import Balance, BalanceRules, Ratio
from orchestrator.decision.rules import rules_for
from orchestrator.paths import RunPaths
from orchestrator.records import TIMING_COLUMNS, Evaluation
from orchestrator.trial import regime as regime_module
from orchestrator.trial.run import run_trial
from orchestrator.trial.spec import Message, TrialSpec
from tests.orchestrator.trial.orders import POINTS, order

SCRIPT = {256: Ratio(2, 1), 768: Ratio(1, 2), 1024: Ratio(1, 1)}  # by the images of a row


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ratio change where the script says, as a function of the rows alone."""

    def by_script(rows: Sequence[Evaluation], start: Ratio, rules: BalanceRules) -> Balance:
        balance = Balance(start)
        for row in rows:
            if row.nimg in SCRIPT:
                balance = Balance(SCRIPT[row.nimg], row.step, "the script says so")
        return balance

    monkeypatch.setattr(regime_module, "balance_after", by_script)


def adapting(folder: Path, **changes: Any) -> TrialSpec:
    """Return the order of a trial of evaluations at 0, 256, 512, … that may adapt."""
    params = POINTS | {"ema_half_life_kimg": 0.5}
    return replace(order(folder, params, kimg=1.5), adapt_ratio=True, **changes)


def files_of(spec: TrialSpec) -> dict[str, Any]:
    """Return all that a trial leaves behind, but for what time alone decides."""
    folder = RunPaths(Path(spec.run_folder)).trial(spec.trial_id).folder
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".jsonl"]
    files = [file for file in files if not file.parent.name.startswith("damaged-")]
    found: dict[str, Any] = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    lines = (folder / "evaluations.jsonl").read_text().splitlines()
    return found | {"rows": [timeless(json.loads(line)) for line in lines]}


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in (*TIMING_COLUMNS, "crc")}


def adjustments_in(messages: list[Message]) -> list[dict[str, Any]]:
    return [message["adjustment"] for message in messages if message["kind"] == "adjusted"]


@pytest.mark.usefixtures("scripted")
def test_the_ratio_changes_after_the_row_that_asks_for_it(tmp_path: Path) -> None:
    messages = list(run_trial(adapting(tmp_path)))
    rows = [message["evaluation"] for message in messages if message["kind"] == "evaluated"]
    assert [(row["nimg"], row["step"]) for row in rows] == [
        (0, 0),
        (256, 4),
        (512, 6),  # 2:1 from here
        (768, 8),
        (1024, 16),  # 1:2
        (1280, 20),  # 1:1
        (1536, 24),
    ]
    assert [message["kind"] for message in messages[1:4]] == ["evaluated", "adjusted", "evaluated"]
    changes = adjustments_in(messages)
    assert [(each["nimg"], each["d_steps"], each["g_steps"]) for each in changes] == [
        (256, 2, 1),
        (768, 1, 2),
        (1024, 1, 1),
    ]
    assert {each["reason"] for each in changes} == {"the script says so"}


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize("num_pulled", [1, 3, 4, 6, 7, 8])
def test_a_trial_that_was_closed_trains_on_with_the_ratio_that_it_had(
    tmp_path: Path, num_pulled: int
) -> None:
    whole, parted = adapting(tmp_path / "whole"), adapting(tmp_path / "parted")
    messages = list(run_trial(whole))
    stream = run_trial(parted)
    list(itertools.islice(stream, num_pulled))
    stream.close()
    again = list(run_trial(parted))
    assert files_of(parted) == files_of(whole)
    assert list(map(timeless, adjustments_in(again))) == list(
        map(timeless, adjustments_in(messages))
    )


@pytest.mark.usefixtures("scripted")
def test_a_checkpoint_that_is_damaged_changes_nothing(tmp_path: Path) -> None:
    whole, damaged = adapting(tmp_path / "whole"), adapting(tmp_path / "damaged")
    list(run_trial(whole))
    stream = run_trial(damaged)
    list(itertools.islice(stream, 7))
    stream.close()
    checkpoints = RunPaths(Path(damaged.run_folder)).trial(damaged.trial_id).checkpoints
    *_, latest = sorted(checkpoints.glob("checkpoint-*/state.safetensors"))
    latest.write_bytes(latest.read_bytes()[:-1])
    list(run_trial(damaged))
    assert files_of(damaged) == files_of(whole)


def test_without_leave_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regime_module, "balance_after", None)
    assert adjustments_in(list(run_trial(replace(adapting(tmp_path), adapt_ratio=False)))) == []


@pytest.mark.usefixtures("scripted")
def test_nothing_is_adjusted_once_the_budget_is_used(tmp_path: Path) -> None:
    spec = replace(adapting(tmp_path), budget_nimg=768)
    assert [each["nimg"] for each in adjustments_in(list(run_trial(spec)))] == [256]


def test_the_rules_follow_from_the_order_and_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Ratio, BalanceRules]] = []

    def watch(rows: Sequence[Evaluation], start: Ratio, rules: BalanceRules) -> Balance:
        seen.append((start, rules))
        return Balance(start)

    monkeypatch.setattr(regime_module, "balance_after", watch)
    spec = adapting(tmp_path, min_d_per_g=0.5, max_d_per_g=2.0)
    next(run_trial(replace(spec, params={**spec.params, "d_steps": 3, "g_steps": 2})))
    start, rules = seen[0]
    assert start == (3, 2)
    assert (rules.min_d_per_g, rules.max_d_per_g, rules.num_judged) == (0.5, 2.0, 64)
    assert rules.persistence == rules_for(6).suspect_after
