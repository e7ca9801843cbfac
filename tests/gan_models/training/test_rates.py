from dataclasses import replace
from math import cos, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan_models.config import SCHEDULE_NAMES, GanConfig
from gan_models.training.rates import is_scheduled, rate_factor

DECAYING = GanConfig(lr_schedule="linear", lr_decay_kimg=10.0, lr_floor=0.1)
COSINE = replace(DECAYING, lr_schedule="cosine")
configs = st.builds(
    GanConfig,
    lr_schedule=st.sampled_from(SCHEDULE_NAMES),
    lr_decay_kimg=st.floats(2.0, 20.0),
    lr_warmup_kimg=st.floats(0.0, 1.9),
    lr_floor=st.floats(0.0, 1.0),
)


@pytest.mark.parametrize(
    ("config", "nimg", "factor"),
    [
        (GanConfig(), 0, 1.0),
        (GanConfig(), 10**9, 1.0),
        (GanConfig(lr_warmup_kimg=2.0), 64, 0.032),
        (GanConfig(lr_warmup_kimg=2.0), 1000, 0.5),
        (GanConfig(lr_warmup_kimg=2.0), 2000, 1.0),
        (DECAYING, 0, 1.0),
        (DECAYING, 5000, 0.55),
        (DECAYING, 10_000, 0.1),
        (DECAYING, 99_000, 0.1),
        (COSINE, 2500, 0.1 + 0.9 * (1 + cos(pi / 4)) / 2),
        (COSINE, 5000, 0.55),
        (COSINE, 99_000, 0.1),
        (replace(COSINE, lr_floor=0.0), 99_000, 0.0),
        (replace(DECAYING, lr_warmup_kimg=5.0), 2500, 0.5),
        (replace(DECAYING, lr_warmup_kimg=5.0), 7500, 0.55),
    ],
)
def test_rates_grow_then_fall_to_the_floor(config: GanConfig, nimg: int, factor: float) -> None:
    assert rate_factor(config, nimg) == pytest.approx(factor, abs=1e-12)


@given(config=configs, nimg=st.integers(1, 40_000))
def test_a_factor_lies_between_nothing_and_the_whole(config: GanConfig, nimg: int) -> None:
    assert 0.0 <= rate_factor(config, nimg) <= 1.0 + 1e-12


@given(config=configs, nimg=st.integers(0, 40_000))
def test_rates_never_rise_after_the_warm_up(config: GanConfig, nimg: int) -> None:
    start = round(1000 * config.lr_warmup_kimg) + 1
    assert rate_factor(config, start + nimg) >= rate_factor(config, start + nimg + 64) - 1e-12


def test_what_moves_is_known() -> None:
    assert not is_scheduled(GanConfig(lr_decay_kimg=5.0))
    assert is_scheduled(GanConfig(lr_warmup_kimg=5.0))
    assert is_scheduled(DECAYING)
