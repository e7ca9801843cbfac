import json
from math import inf, isnan, nan
from typing import Any

import pytest
import yaml

from orchestrator.records import (
    Action,
    Adjustment,
    Evaluation,
    Exploit,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from tests.orchestrator.exploits import make_exploit

FULL = {
    "run": "t-1",
    "step": 7,
    "fid": 12.5,
    "nimg": 448,
    "seconds": 1.5,
    "fid_a": 12.25,
    "fid_b": 12.75,
    "fid_debiased": 11.5,
    "fid_standard_error": 0.5,
    "kid": 0.01,
    "kid_standard_error": 0.002,
    "precision": 0.7,
    "recall": 0.6,
    "density": 1.1,
    "coverage": 0.9,
    "vendi": 21.5,
    "bins_differing_frac": 0.05,
    "modes": 10.0,
    "mode_entropy": 2.3,
    "reverse_kl": 0.01,
    "high_quality_frac": 0.8,
    "intra_fid": 14.0,
    "class_coverage": 0.75,
    "label_consistency": 0.95,
    "duality_gap": 0.4,
    "worst_d_value": 0.3,
    "d_real_acc": 0.7,
    "d_heldout_acc": 0.6,
    "d_fake_acc": 0.8,
    "d_real_logit": 1.2,
    "d_fake_logit": -1.4,
    "d_loss": 0.9,
    "g_loss": 1.3,
    "d_grad_norm": 0.4,
    "g_grad_norm": 0.2,
    "ada_p": 0.15,
    "eval_seconds": 0.3,
    "finite": False,
    "protocol": "ab12",
}


def through_json(values: dict[str, Any]) -> Any:
    return json.loads(json.dumps(values, allow_nan=False))


class TestEvaluation:
    def test_every_column_survives_json(self) -> None:
        evaluation = Evaluation.from_mapping(FULL)
        assert through_json(evaluation.to_mapping()) == FULL
        assert Evaluation.from_mapping(through_json(evaluation.to_mapping())) == evaluation

    @pytest.mark.parametrize("fid", [nan, inf, -inf])
    def test_a_number_that_is_not_finite_is_written_as_null_and_read_as_nan(
        self, fid: float
    ) -> None:
        values = Evaluation(run="a", step=1, fid=fid, finite=False).to_mapping()
        assert through_json(values)["fid"] is None
        read_back = Evaluation.from_mapping(values)
        assert isnan(read_back.fid)
        assert not read_back.finite

    def test_what_does_not_apply_is_nan(self) -> None:
        evaluation = Evaluation.from_mapping({"run": "a", "step": 1})
        assert isnan(evaluation.fid)
        assert isnan(evaluation.coverage)
        assert (evaluation.nimg, evaluation.finite) == (0, True)

    def test_none_in_a_column_that_is_no_number_gives_its_default(self) -> None:
        nothing = {"nimg": None, "finite": None, "protocol": None}
        evaluation = Evaluation.from_mapping({"run": "a", "step": 1, "fid": 9.0} | nothing)
        assert evaluation == Evaluation(run="a", step=1, fid=9.0)

    def test_columns_of_a_later_version_are_left_out(self) -> None:
        later = {"run": "a", "step": 1, "fid": 9.0, "clip_score": 0.3}
        assert Evaluation.from_mapping(later) == Evaluation(run="a", step=1, fid=9.0)


class TestVerdict:
    @pytest.mark.parametrize("keep_step", [None, 400])
    def test_it_survives_json(self, keep_step: int | None) -> None:
        verdict = Verdict(
            kind=VerdictKind.COLLAPSED,
            action=Action.STOP_KEEP_BEST,
            reason="coverage 0.31, was 0.84",
            keep_step=keep_step,
        )
        assert Verdict.from_mapping(through_json(verdict.to_mapping())) == verdict

    def test_it_is_plain_data(self) -> None:
        values = Verdict(kind=VerdictKind.DEAD, action=Action.STOP_REJECT, reason="").to_mapping()
        assert yaml.safe_load(yaml.safe_dump(values)) == values
        assert values["kind"] == "dead"

    def test_a_kind_that_is_not_known_is_refused(self) -> None:
        with pytest.raises(ValueError, match="bored"):
            Verdict.from_mapping({"kind": "bored", "action": "go_on", "reason": ""})


def test_only_two_actions_end_a_trial() -> None:
    assert {action for action in Action if action.is_stop} == {
        Action.STOP_KEEP_BEST,
        Action.STOP_REJECT,
    }


def test_a_paused_trial_is_not_finished() -> None:
    assert [status.value for status in TrialStatus if status.is_finished] == [
        "completed",
        "stopped",
        "failed",
    ]


def test_verdicts_keep_their_spelling() -> None:
    spellings = (
        "warming_up improving plateaued converged oscillating degraded junk_feedback"
        " discriminator_overpowered collapsed diverged dead"
    )
    assert " ".join(VerdictKind) == spellings


def test_a_trial_record_is_plain_data() -> None:
    record = TrialRecord(
        trial_id="t-1",
        index=0,
        params={"d_lr": 1e-4},
        status=TrialStatus.STOPPED,
        stopped_by=StoppedBy.VERDICT,
    )
    values = record.to_mapping()
    assert yaml.safe_load(yaml.safe_dump(values)) == through_json(values) == values
    assert (values["score"], values["verdict"], values["stopped_by"]) == (None, None, "verdict")


def test_an_adjustment_passes_through_json() -> None:
    change = Adjustment(
        step=3, nimg=192, d_steps=2, g_steps=1, lr_factor=1.0, num_rollbacks=0, reason="D is blind"
    )
    rollback = Adjustment(
        **change.to_mapping() | {"num_rollbacks": 1, "died_nimg": 256, "seconds": 2.5}
    )
    assert Adjustment.from_mapping(through_json(rollback.to_mapping())) == rollback
    restored = Adjustment.from_mapping(through_json(change.to_mapping()))
    assert (restored.died_nimg, restored.place) == (None, (0, 3))
    assert isnan(restored.seconds)
    assert change.place < rollback.place  # though the step is the same


def test_a_row_as_recorded_is_what_is_read_back() -> None:
    row = Evaluation(run="a", step=1, fid=inf, coverage=0.1 + 0.2, d_real_logit=-inf)
    recorded = row.as_recorded
    assert isnan(recorded.fid)
    assert isnan(recorded.d_real_logit)
    assert recorded.coverage == row.coverage
    again = Evaluation.from_mapping(json.loads(json.dumps(recorded.to_mapping())))
    assert repr(again) == repr(recorded)


def test_an_exploit_passes_through_json_and_says_what_changed() -> None:
    exploit = make_exploit()
    assert Exploit.from_mapping(through_json(exploit.to_mapping())) == exploit
    assert exploit.changes == {
        "d_lr": (1e-4, 8e-4),
        "penalty": ("r1", "none"),
        "r1_gamma": (1.0, None),
    }
