from dataclasses import replace

from benchmarks.decision.baselines import (
    coin_flip,
    generator_loss_patience,
    lag_test,
    never,
    patience,
)
from orchestrator.records import Evaluation


def curve(*fids: float) -> list[Evaluation]:
    return [
        Evaluation(run="a", step=step, fid=fid, fid_a=fid, fid_b=fid, g_loss=fid)
        for step, fid in enumerate(fids)
    ]


def test_patience_counts_rows_since_the_best() -> None:
    assert patience(2)(curve(5, 4, 6, 6, 3)) == 3
    assert patience(3)(curve(5, 4, 6, 6, 3)) is None
    assert generator_loss_patience(2)(curve(5, 4, 6, 6, 3)) == 3
    assert never(curve(5, 6, 7)) is None


def test_the_lag_test_wants_three_strikes() -> None:
    flat, falling = curve(*[9.0] * 12), curve(*[9.0 * 0.8**step for step in range(12)])
    assert lag_test(4)(flat) == 6
    assert lag_test(4)(falling) is None


def test_the_coin_flip_wants_several_in_a_row() -> None:
    rows = [replace(row, d_real_acc=0.5, d_fake_acc=0.52) for row in curve(*[9.0] * 8)]
    assert coin_flip(5)(rows) == 5
    sure = [*rows[:3], replace(rows[3], d_fake_acc=0.9), *rows[4:]]
    assert coin_flip(5)(sure) is None
