from dataclasses import replace
from math import isnan, log

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_models.augmentation.adaptive import UPDATES_PER_ADJUSTMENT, AdaptiveProbability
from gan_models.config import LOSS_NAMES, UNCENTRED_LOSS_NAMES, GanConfig
from gan_models.objectives.losses import OBJECTIVES, undecided_logit

CONFIG = GanConfig(augment="ada", batch_size=8, ada_kimg=0.1, ada_target=0.6)
STEP = UPDATES_PER_ADJUSTMENT * 8 / 100  # 32 images of 100


def signs(share_real: float, num: int = 100) -> Tensor:
    """Return logits of which a share says real."""
    num_real = round(share_real * num)
    return torch.cat([torch.full((num_real,), 2.0), torch.full((num - num_real,), -1.0)])


def observe(
    ada: AdaptiveProbability, logits: Tensor, *, updates: range, undecided: float = 0.0
) -> float:
    for update in updates:
        ada.observe(logits, CONFIG, undecided=undecided, nimg=8 * update)
    return float(ada.p)


def test_p_begins_at_0_and_moves_every_four_updates() -> None:
    ada = AdaptiveProbability()

    assert observe(ada, signs(1.0), updates=range(3)) == 0.0
    assert observe(ada, signs(1.0), updates=range(3, 4)) == pytest.approx(STEP)
    assert observe(ada, signs(1.0), updates=range(4, 7)) == pytest.approx(STEP)


@pytest.mark.parametrize(
    ("share_real", "expected"), [(0.79, 0.5 - STEP), (0.81, 0.5 + STEP), (0.8, 0.5)]
)
def test_p_rises_above_the_target_and_falls_below(share_real: float, expected: float) -> None:
    ada = AdaptiveProbability()
    ada.memory[0] = 0.5

    observe(ada, signs(share_real), updates=range(4))  # the mean sign is 2 x share - 1

    assert float(ada.p) == pytest.approx(expected)


def test_what_counts_is_the_mean_over_all_updates_since_the_last_step() -> None:
    ada = AdaptiveProbability()

    for update, share in enumerate((1.0, 1.0, 0.8, 0.5)):  # 0.825: a mean sign of 0.65
        observe(ada, signs(share), updates=range(update, update + 1))

    assert float(ada.p) == pytest.approx(STEP)


@given(shares=st.lists(st.floats(0, 1), min_size=8, max_size=40))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_p_stays_a_probability(shares: list[float]) -> None:
    ada = AdaptiveProbability()
    for update, share in enumerate(shares):
        assert 0.0 <= observe(ada, signs(share), updates=range(update, update + 1)) <= 1.0


def test_p_comes_from_0_to_1_within_ada_kimg() -> None:
    ada = AdaptiveProbability()
    almost = range(UPDATES_PER_ADJUSTMENT * 3)

    assert observe(ada, signs(1.0), updates=almost) == pytest.approx(0.96)
    assert observe(ada, signs(1.0), updates=range(almost.stop, almost.stop + 4)) == 1.0


def test_signs_count_from_where_the_loss_is_undecided() -> None:
    half = undecided_logit(GanConfig(d_loss="least-squares", g_loss="least-squares"))
    smooth = undecided_logit(GanConfig(real_label_smoothing=0.4))
    assert half == 0.5
    assert smooth == pytest.approx(log(0.3 / 0.7))

    for undecided, logits in ((half, torch.full((8,), 0.4)), (smooth, torch.full((8,), -0.9))):
        ada = AdaptiveProbability()
        ada.memory[0] = 0.5
        assert observe(ada, logits, updates=range(4), undecided=undecided) < 0.5


def test_only_losses_without_such_a_place_are_refused() -> None:
    uncentred = {name for name in LOSS_NAMES if isnan(OBJECTIVES[name].threshold)}
    assert set(UNCENTRED_LOSS_NAMES) == uncentred


def test_there_is_one_for_ada_alone() -> None:
    ada = AdaptiveProbability.wanted_by(CONFIG, "cpu")
    assert ada is not None
    assert float(ada.p) == 0.0
    for name in ("none", "diff"):
        assert AdaptiveProbability.wanted_by(replace(CONFIG, augment=name), "cpu") is None
