import pytest

from orchestrator.decision.rules import SELF_COVERAGE, VerdictRules, rules_for


def test_the_defaults_are_those_tried_on_sixty_evaluations() -> None:
    assert rules_for(60) == VerdictRules()


def test_a_short_trial_is_judged_sooner() -> None:
    short = rules_for(25)
    assert (short.suspect_after, short.confirm_after) == (2, 4)
    assert (short.warm_up_evaluations, short.plateau_window) == (3, 8)


def test_a_long_trial_is_judged_no_later() -> None:
    assert rules_for(1000) == rules_for(60)


@pytest.mark.parametrize("planned", [0, 1, 10, 30, 45, 60, 500])
def test_an_alarm_is_suspect_before_it_is_confirmed(planned: int) -> None:
    scaled = rules_for(planned)
    assert 1 < scaled.suspect_after < scaled.confirm_after
    assert scaled.warm_up_evaluations < scaled.plateau_window


def test_real_samples_cover_real_samples_up_to_the_published_share() -> None:
    assert abs(SELF_COVERAGE - 0.969) < 5e-4
