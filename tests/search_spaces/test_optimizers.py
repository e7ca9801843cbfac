import pytest

from gan_models.config import GanConfig
from search_spaces import optimizers
from search_spaces.domains import Choice, Float
from search_spaces.parameter import Parameter


@pytest.mark.parametrize("rates", [optimizers.WIDE, optimizers.MODERATE])
def test_both_networks_search_one_logarithmic_range_around_the_default(
    rates: tuple[Parameter, Parameter],
) -> None:
    d_lr, g_lr = rates
    assert (d_lr.name, g_lr.name) == ("d_lr", "g_lr")
    assert d_lr.domain == g_lr.domain
    assert isinstance(d_lr.domain, Float)
    assert d_lr.domain.log
    assert d_lr.domain.contains(GanConfig().d_lr)


def test_d_moves_at_least_once_a_round() -> None:
    for (rhythm,) in (optimizers.RHYTHM, optimizers.SHORT_RHYTHM):
        assert rhythm.name == "d_steps"
        assert rhythm.domain.contains(1)
        assert not rhythm.domain.contains(0)


def test_momentum_and_averaging_can_be_what_the_models_take_by_default() -> None:
    (beta1,), (half_life,) = optimizers.MOMENTUM, optimizers.AVERAGING
    assert beta1.domain.contains(GanConfig().beta1)
    assert half_life.domain.contains(GanConfig().ema_half_life_kimg)


def test_schedules_and_their_like_can_be_off_as_the_models_are_by_default() -> None:
    declared = (*optimizers.SCHEDULES, *optimizers.CLIPPING, *optimizers.RAMP)
    defaults = GanConfig().to_params()
    assert {each.name for each in declared if not each.when} == {
        "lr_schedule",
        "lr_warmup_kimg",
        "grad_clip_norm",
        "ema_ramp",
    }
    assert all(each.domain.contains(defaults[each.name]) for each in declared if not each.when)


def test_a_decay_ends_after_the_longest_warm_up() -> None:
    domains = {each.name: each.domain for each in optimizers.SCHEDULES}
    decay, warm_up = domains["lr_decay_kimg"], domains["lr_warmup_kimg"]
    assert isinstance(decay, Float)
    assert isinstance(warm_up, Choice)
    assert decay.low > max(map(float, warm_up.options))
