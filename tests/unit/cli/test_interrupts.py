"""A signal once ends gently, twice at once, three times even out of a handler that hangs."""

import signal

import pytest

from crawlpool.cli.interrupts import Interrupts


@pytest.fixture
def asked():
    return []


@pytest.fixture
def interrupts(asked):
    return Interrupts(lambda *, now=False: asked.append("now" if now else "gently"))


def test_the_first_signal_finishes_what_is_out_and_the_second_does_not(interrupts, asked, capfd):
    with interrupts.taken():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert asked == ["gently", "now"]
    assert interrupts.code == 130
    assert "Once more stops at once" in capfd.readouterr().err


def test_the_third_signal_gets_out_of_code_that_never_comes_back(interrupts):
    with interrupts.taken():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_to_end_is_obeyed_and_has_its_own_exit_code(interrupts, asked, name):
    if not hasattr(signal, name):
        pytest.skip("no such signal here")
    with interrupts.taken():
        signal.raise_signal(getattr(signal, name))
        signal.raise_signal(signal.SIGINT)
    assert asked == ["gently", "now"]
    assert interrupts.code == 143


def test_afterwards_signals_mean_what_they_meant_before(interrupts):
    before = signal.getsignal(signal.SIGINT)
    with interrupts.taken():
        assert signal.getsignal(signal.SIGINT) == interrupts.take
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")
def test_a_signal_that_nohup_ignores_stays_ignored(interrupts, asked):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.taken():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert asked == []
