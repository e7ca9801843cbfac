from collections.abc import Callable, Iterator
from math import nan
from pathlib import Path
from typing import Any

import pytest

from gan_models.config import GanConfig
from gan_models.metrics.protocol import Protocol
from orchestrator.audit import Audit, Difference, audit
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.config.model import SweepConfig
from orchestrator.journal import Event, read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import Action, Evaluation
from orchestrator.run_folder import open_config, open_protocol
from orchestrator.sweep import Place, make_scheduler, run_sweep
from orchestrator.trial import run as run_module
from orchestrator.trial.judge import TrialJudge
from orchestrator.trial.spec import Message, Messages, TrialSpec, adjusted, evaluated
from tests.orchestrator.conftest import SMALL_SWEEP
from tests.orchestrator.scripted import events_of, make_config, opened_search
from tests.orchestrator.trial.test_run_rollback import poisoned

PROTOCOL = Protocol(
    data="points", split="select", features="identity", n_fake=500, n_real=400, k=5, seed=0
)
CONFIG = make_config(
    search={"trials": 8},
    budget={"kimg_per_trial": 24},
    scheduler={"kind": "asha", "grace_kimg": 6, "reduction": 2},
    balance={"adapt": True, "rollbacks": 1},
)
Column = Callable[[int], float]
Script = tuple[Column, Column]  # FID and coverage after so many thousand images

GOOD: Script = (lambda kimg: 90 * 0.8**kimg, lambda kimg: 0.8)
SCRIPTS: list[Script] = [
    GOOD,
    (lambda kimg: 50 * 0.7**kimg if kimg < 8 else 60, lambda kimg: 0.8 if kimg < 8 else 0.02),
    (lambda kimg: nan if kimg == 5 else 80 * 0.8**kimg, lambda kimg: 0.8),
    (lambda kimg: 95 * 0.9**kimg, lambda kimg: 0.4),
    (lambda kimg: 70.0, lambda kimg: 0.8),
    (lambda kimg: 60 * 0.8**kimg if kimg < 9 else 14, lambda kimg: 0.8),
    GOOD,
    GOOD,
]


def scripted_trial(spec: TrialSpec) -> Messages:
    """Send all that a trial sends whose scores are scripted; resumed, it sends all of it again."""
    judge = TrialJudge.of(spec, GanConfig.from_params(spec.params), PROTOCOL)
    fid, coverage = SCRIPTS[spec.index]
    rows: list[Evaluation] = []
    rollbacks: list[Any] = []
    while not rows or rows[-1].nimg < spec.budget_nimg:
        kimg = rows[-1].nimg // 1000 + 1 if rows else 0
        row = Evaluation(
            run=spec.trial_id,
            step=kimg,
            nimg=1000 * kimg,
            fid=fid(kimg),
            coverage=coverage(kimg),
            d_heldout_acc=0.5,
            d_fake_acc=0.5,
        )
        num_rollbacks = judge.regimes.after(rows, rollbacks).num_rollbacks
        rows.append(row)
        verdict = judge.verdict(rows, num_rollbacks=len(rollbacks))
        yield evaluated(row, verdict, num_rollbacks)
        if verdict.action is Action.ROLL_BACK:
            rollbacks.append(judge.rollback(rows, rollbacks, verdict.reason))
            rows = [row for row in rows if row.nimg <= rollbacks[-1].nimg]
            yield adjusted(rollbacks[-1])
            continue
        if verdict.action.is_stop:
            break
        if row.nimg < spec.budget_nimg:
            yield from map(adjusted, judge.regimes.changes_at(rows, rollbacks))
    yield judge.ending(verdict)


def sweep_of(folder: Path, config: SweepConfig = CONFIG, *, killed_after: int = 10**9) -> None:
    """Go on with a scripted sweep, until its journal has grown by so many messages."""
    heard = 0

    def mortal_trial(spec: TrialSpec) -> Iterator[Message]:
        nonlocal heard
        for message in scripted_trial(spec):
            heard += 1
            if heard > killed_after:
                raise KeyboardInterrupt
            yield message

    with opened_search(folder, config, scheduler=make_scheduler(config)) as search:
        InProcessBackend().run(search, mortal_trial)  # type: ignore[arg-type]


def audit_of(events: list[Event], config: SweepConfig = CONFIG) -> Audit:
    return audit(config, PROTOCOL, events, make_scheduler(config))


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Return the journal of a sweep in which everything happens that can be decided."""
    folder = tmp_path_factory.mktemp("eventful")
    sweep_of(folder)
    return events_of(folder)


def test_every_decision_of_a_sweep_follows_from_its_journal(eventful: list[Event]) -> None:
    found = audit_of(eventful)
    assert found.differences == []
    decided = ("evaluated", "adjusted", "paused", "judged", "resumed", "finished")
    assert found.num_decisions == sum(event["event"] in decided for event in eventful)


def test_the_sweep_of_these_tests_has_every_kind_of_decision(eventful: list[Event]) -> None:
    def those(name: str) -> list[Event]:
        return [event for event in eventful if event["event"] == name]

    assert {event["by"] for event in those("paused")} == {"scheduler", "verdict"}
    assert {event["stopped_by"] for event in those("finished")} >= {"budget", "verdict"}
    assert any(event["reason"].endswith("never resumed") for event in those("finished"))
    assert {event["reason"] for event in those("resumed")} >= {"promoted by the scheduler"}
    kinds = {event["verdict"]["kind"] for event in those("evaluated")}
    assert kinds >= {"collapsed", "dead", "improving", "plateaued", "warming_up"}
    died = {event["adjustment"]["died_nimg"] for event in those("adjusted")}
    assert died == {None, 5000}


@pytest.mark.parametrize(
    ("kind", "killed_after"), [("asha", 3), ("asha", 31), ("hyperband", 58), ("median", 58)]
)
def test_so_it_does_for_a_sweep_that_was_killed_and_resumed(
    tmp_path: Path, kind: str, killed_after: int
) -> None:
    scheduler = {"kind": kind, "min_trials": 2}
    config = CONFIG.model_copy(update={"scheduler": CONFIG.scheduler.model_copy(update=scheduler)})
    with pytest.raises(KeyboardInterrupt):
        sweep_of(tmp_path, config, killed_after=killed_after)
    sweep_of(tmp_path, config)
    events = events_of(tmp_path)
    assert [event["event"] for event in events].count("opened") == 2
    assert audit_of(events, config).differences == []


def assert_follows(paths: RunPaths) -> None:
    """Check the decisions of a sweep of real trials."""
    config, events = open_config(paths), read_journal(paths.journal)
    found = audit(config, open_protocol(paths), events, make_scheduler(config))
    assert found.num_decisions > 0
    assert found.differences == []


def test_so_it_does_for_real_trials(finished_sweep: RunPaths) -> None:
    assert_follows(finished_sweep)


def test_so_it_does_for_real_trials_that_die_and_go_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "train", poisoned([(1024, 1.0), (1024, 0.5)]))
    space = {"network": "mlp", "g_lr": {"float": [1e-4, 1e-3]}}
    sections = SMALL_SWEEP | {"space": space, "search": {"trials": 1}}
    config = make_config(**sections, balance={"rollbacks": 2})
    paths = RunPaths(tmp_path / "run")
    run_sweep(config, Place(paths), SilentListener())
    assert [event["adjustment"]["died_nimg"] for event in events_of(paths.root, "adjusted")]
    assert_follows(paths)


def first(events: list[Event], name: str, **fields: Any) -> int:
    """Return the place of the first event of this name that has these fields."""
    return next(
        seq
        for seq, event in enumerate(events)
        if event["event"] == name and all(event[key] == value for key, value in fields.items())
    )


def tampered(events: list[Event], seq: int, **fields: Any) -> list[Event]:
    return [{**event, **fields} if event["seq"] == seq else event for event in events]


@pytest.mark.parametrize(
    ("name", "which", "change"),
    [
        ("paused", {"by": "scheduler"}, {"reason": "rung 0 at 6 kimg: log FID 1.00"}),
        ("paused", {"by": "scheduler"}, {"rung": 1}),
        ("paused", {"by": "verdict"}, {"by": "scheduler"}),
        ("finished", {"stopped_by": "verdict"}, {"reason": "no longer wanted"}),
        ("finished", {"stopped_by": "budget"}, {"stopped_by": "verdict"}),
        ("finished", {"stopped_by": "scheduler"}, {"reason": "no longer wanted"}),
    ],
)
def test_a_decision_that_was_changed_is_found(
    eventful: list[Event], name: str, which: dict[str, Any], change: dict[str, Any]
) -> None:
    seq = first(eventful, name, **which)
    found = audit_of(tampered(eventful, seq, **change)).differences[0]
    assert (found.seq, found.event) == (seq, name)
    ((field, told),) = change.items()
    assert (found.recorded[field], found.replayed[field]) == (told, eventful[seq][field])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "diverged"),
        ("action", "stop_reject"),
        ("reason", "so it seemed"),
        ("keep_step", 1),
    ],
)
def test_a_verdict_that_was_changed_is_found(eventful: list[Event], field: str, value: Any) -> None:
    last = max(event["seq"] for event in eventful if event["event"] == "evaluated")
    verdict = {**eventful[last]["verdict"], field: value}
    found = audit_of(tampered(eventful, last, verdict=verdict)).differences[0]
    assert (found.seq, found.recorded["verdict"][field]) == (last, value)
    assert found.replayed["verdict"] == eventful[last]["verdict"]


def test_a_score_that_was_changed_no_longer_leads_to_what_was_decided(
    eventful: list[Event],
) -> None:
    seq = first(eventful, "evaluated")
    row = {**eventful[seq]["evaluation"], "fid": 1.0}
    trials = {
        each.trial_id for each in audit_of(tampered(eventful, seq, evaluation=row)).differences
    }
    assert eventful[seq]["trial_id"] in trials


def test_a_roll_back_to_another_place_is_found(eventful: list[Event]) -> None:
    seq = next(
        event["seq"]
        for event in eventful
        if event["event"] == "adjusted" and event["adjustment"]["died_nimg"]
    )
    adjustment = {**eventful[seq]["adjustment"], "lr_factor": 0.1}
    (found,) = audit_of(tampered(eventful, seq, adjustment=adjustment)).differences
    assert found.replayed["adjustment"]["lr_factor"] == 0.5


def test_how_long_a_trial_had_trained_is_no_decision(eventful: list[Event]) -> None:
    seq = first(eventful, "adjusted")
    adjustment = {**eventful[seq]["adjustment"], "seconds": 12.5}
    assert audit_of(tampered(eventful, seq, adjustment=adjustment)).differences == []


def test_a_pause_that_is_missing_is_found(eventful: list[Event]) -> None:
    seq = first(eventful, "paused", by="scheduler")
    found = audit_of([event for event in eventful if event["seq"] != seq]).differences[0]
    reason = eventful[seq]["reason"]
    assert found == Difference(
        seq=seq + 1,
        event="paused",
        trial_id=eventful[seq]["trial_id"],
        recorded={},
        replayed={"by": "scheduler", "rung": 0, "reason": reason},
    )


def test_a_promotion_of_another_trial_is_found(eventful: list[Event]) -> None:
    seq = first(eventful, "resumed")
    other = next(
        event["trial_id"]
        for event in eventful
        if event["event"] == "proposed" and event["trial_id"] != eventful[seq]["trial_id"]
    )
    found = audit_of(tampered(eventful, seq, trial_id=other)).differences[0]
    assert found.recorded == {"trial_id": other}
    assert found.replayed == {"trial_id": eventful[seq]["trial_id"]}


def test_what_a_cap_or_a_crash_ended_is_not_decided_anew(eventful: list[Event]) -> None:
    seq = first(eventful, "finished")
    for by in ("cap", "error"):
        changed = tampered(eventful, seq, stopped_by=by, reason="the hours are spent")[: seq + 1]
        assert audit_of(changed).differences == []


def test_so_it_does_where_the_sweep_went_on_with_more_trials(tmp_path: Path) -> None:
    few = CONFIG.model_copy(update={"search": CONFIG.search.model_copy(update={"trials": 5})})
    sweep_of(tmp_path, few)
    sweep_of(tmp_path, CONFIG)
    events = events_of(tmp_path)
    assert "reopened" in [event["event"] for event in events]
    assert audit_of(events).differences == []
