import pytest

from orchestrator.backends.watchdog import Watchdog
from orchestrator.config.model import FaultsConfig
from orchestrator.trial.spec import Activity, Message, alive, started
from tests.orchestrator.scripted import evaluation_message

EVALUATED = evaluation_message("ash", 0, 9.0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Watched:
    """A watchdog over one trial, whose driver looks every second."""

    def __init__(self, **limits: float) -> None:
        self.clock = Clock()
        self.dog = Watchdog(FaultsConfig.model_validate(limits), clock=self.clock)
        self.dog.watch("ash")

    def hangs_after(self, most_s: int) -> int | None:
        """Return after how many seconds the trial hangs, if it does."""
        for second in range(1, most_s + 1):
            self.clock.now_s += 1.0
            if self.dog.hanging():
                return second
        return None

    def hears(self, message: Message, *, after_s: int = 0) -> None:
        assert self.hangs_after(after_s) is None
        self.dog.heard("ash", message)


@pytest.mark.parametrize(
    ("said", "limit_s"),
    [
        (None, 30),  # it has not said a word yet
        (started(), 30),
        (alive(Activity.EVALUATING), 30),
        (alive(Activity.TRAINING), 5),
        (EVALUATED, 5),
    ],
)
def test_a_silence_may_last_as_long_as_what_it_follows_allows(
    said: Message | None, limit_s: int
) -> None:
    watched = Watched(hang_s=5, evaluation_hang_s=30)
    if said is not None:
        watched.hears(said)
    assert watched.hangs_after(100) == limit_s + 1


def test_by_default_minutes_pass_and_ten_times_the_longest_silence_so_far() -> None:
    watched = Watched()
    watched.hears(EVALUATED, after_s=1000)
    assert watched.hangs_after(1000) == 301
    watched = Watched()
    watched.hears(EVALUATED)
    watched.hears(alive(Activity.TRAINING), after_s=50)
    assert watched.hangs_after(1000) == 501
    watched = Watched()
    watched.hears(EVALUATED, after_s=400)
    watched.hears(alive(Activity.EVALUATING), after_s=1)
    assert watched.hangs_after(5000) == 4001


def test_each_word_begins_the_wait_anew() -> None:
    watched = Watched(hang_s=5)
    for _ in range(10):
        watched.hears(EVALUATED, after_s=4)
    assert watched.hangs_after(100) == 6


def test_time_in_which_the_driver_did_not_run_counts_against_nobody() -> None:
    watched = Watched(hang_s=5)
    watched.hears(EVALUATED)
    assert watched.hangs_after(3) is None
    watched.clock.now_s += 3600.0  # the laptop was closed
    assert watched.dog.hanging() == []
    assert watched.hangs_after(100) == 3


def test_a_word_after_the_driver_slept_is_no_long_silence() -> None:
    watched = Watched()
    watched.hears(EVALUATED)
    watched.clock.now_s += 3600.0
    watched.dog.heard("ash", alive(Activity.TRAINING))
    assert watched.hangs_after(10_000) == 301


def test_a_hang_says_how_long_and_while_what() -> None:
    watched = Watched(hang_s=5)
    watched.hears(EVALUATED)
    watched.hangs_after(6)
    (hang,) = watched.dog.hanging()
    assert (hang.trial, hang.reason) == ("ash", "no sign of life for 6 s while training")


def test_nobody_waits_for_a_trial_that_has_ended() -> None:
    watched = Watched(hang_s=5, evaluation_hang_s=5)
    watched.dog.forget("ash")
    watched.dog.heard("ash", EVALUATED)
    assert watched.hangs_after(100) is None
