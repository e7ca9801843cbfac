import signal
import threading

import pytest

from orchestrator.signals import Terminated, stop_asked, stopping_in_order, stopping_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_ends_the_block_as_an_interrupt_does_and_is_named(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as caught, stopping_on_signals():
        signal.raise_signal(number)
    assert isinstance(caught.value, Terminated)
    assert str(caught.value) == number.name
    assert signal.getsignal(number) is before


def test_further_signals_do_not_disturb_the_orderly_end() -> None:
    tidied: list[str] = []

    def end_orderly() -> None:
        try:
            signal.raise_signal(signal.SIGUSR1)
        finally:
            for number in (signal.SIGTERM, signal.SIGUSR1):
                signal.raise_signal(number)
            tidied.append("all")

    with pytest.raises(Terminated, match="SIGUSR1"), stopping_on_signals():
        end_orderly()
    assert tidied == ["all"]


def test_while_trials_run_a_signal_is_noted_and_ends_them_in_order() -> None:
    seen: list[str] = []

    def run_trials() -> None:
        with stopping_in_order():
            signal.raise_signal(signal.SIGUSR1)
            seen.append(stop_asked())

    with pytest.raises(Terminated, match="SIGUSR1"), stopping_on_signals():
        run_trials()
    assert seen == ["SIGUSR1"]
    assert stop_asked() == ""


def test_after_the_trials_a_signal_ends_the_sweep_at_once() -> None:
    def end_sweep() -> None:
        with stopping_in_order():
            pass
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("not ended")

    with pytest.raises(Terminated, match="SIGTERM"), stopping_on_signals():
        end_sweep()


def test_ctrl_c_stays_what_it_is() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopping_on_signals():
        assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_hears_no_signals_and_sets_none() -> None:
    before = signal.getsignal(signal.SIGTERM)
    handlers: list[object] = []

    def look() -> None:
        with stopping_on_signals():
            handlers.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == [before]


def test_the_signal_is_known_where_a_library_raises_an_interrupt_of_its_own() -> None:
    def wait_as_ray_does() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise KeyboardInterrupt from None

    with pytest.raises(Terminated, match="SIGTERM"), stopping_on_signals():
        wait_as_ray_does()


def test_an_interrupt_without_a_signal_is_none_of_these() -> None:
    with pytest.raises(KeyboardInterrupt) as caught, stopping_on_signals():
        raise KeyboardInterrupt
    assert not isinstance(caught.value, Terminated)
