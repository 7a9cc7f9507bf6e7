"""A call that takes too long ends, in whatever thread it is made, and nothing of that is left over."""

import re
import signal
import sys
import threading
import time

import pytest

from crawlpool.cutoff import CutOff, cut_off_after


def _here(what):
    return what()


def _in_a_thread(what):
    came_to = []

    def run():
        try:
            came_to.append((what(), None))
        except BaseException as error:  # noqa: BLE001  handed over
            came_to.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    ((given, error),) = came_to
    if error is not None:
        raise error
    return given


@pytest.fixture(params=[_here, _in_a_thread], ids=["main thread", "another thread"])
def where(request):
    if request.param is _here and not hasattr(signal, "SIGALRM"):
        pytest.skip("no such signal")
    return request.param


def spin(seconds=20.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_a_call_in_time_gives_what_it_gives(where):
    assert where(lambda: cut_off_after(5, lambda: "given")) == "given"


def test_an_error_of_the_call_comes_through(where):
    with pytest.raises(ZeroDivisionError):
        where(lambda: cut_off_after(5, lambda: 1 / 0))


def test_a_call_that_takes_too_long_is_cut_off_and_says_where(where):
    began = time.monotonic()
    with pytest.raises(CutOff, match=r"^took longer than 0\.05 s and was cut off$") as caught:
        where(lambda: cut_off_after(0.05, spin))
    assert time.monotonic() - began < 5
    assert "spin" in [entry.name for entry in caught.traceback]


def test_except_exception_does_not_swallow_it(where):
    def deaf():
        try:
            spin()
        except Exception:  # noqa: BLE001
            return "swallowed"

    with pytest.raises(CutOff):
        where(lambda: cut_off_after(0.05, deaf))


def test_a_call_that_swallows_it_is_cut_again(where):
    cuts = []

    def stubborn():
        for _ in range(3):
            try:
                spin()
            except BaseException as cut:  # noqa: BLE001
                cuts.append(cut)
        spin()

    with pytest.raises(CutOff):
        where(lambda: cut_off_after(0.05, stubborn))
    assert len(cuts) == 3


@pytest.mark.parametrize("instead", [None, ValueError])
def test_a_call_that_makes_something_else_of_it_was_cut_off_all_the_same(where, instead):
    def clever():
        try:
            spin()
        except BaseException:  # noqa: BLE001
            if instead is None:
                return "as if nothing were"
            raise instead from None

    with pytest.raises(CutOff, match="took longer"):
        where(lambda: cut_off_after(0.05, clever))


def test_what_the_call_closes_is_closed(where):
    closed = []

    def careful():
        try:
            spin()
        finally:
            closed.append(True)

    with pytest.raises(CutOff):
        where(lambda: cut_off_after(0.05, careful))
    assert closed == [True]


def test_a_generator_is_cut_in_the_middle(where):
    def endless():
        while True:
            yield 1

    with pytest.raises(CutOff):
        where(lambda: cut_off_after(0.05, lambda: sum(endless())))


def test_one_that_comes_at_the_very_end_never_lands_after_it(where):
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # else the watching thread gets no turn in so short a time

    def many():
        was_cut = 0
        for n in range(400):
            took = 0.0008 + n % 8 * 0.0001
            try:
                cut_off_after(0.001, lambda took=took: spin(took))
            except CutOff:
                was_cut += 1
        spin(0.1)  # whatever were still on its way would land here
        return was_cut

    try:
        assert 0 < where(many) < 400
    finally:
        sys.setswitchinterval(interval_s)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no such signal")
class TestInTheMainThread:
    """What the signal can do beyond the watching thread."""

    def test_a_sleep_is_interrupted(self):
        began = time.monotonic()
        with pytest.raises(CutOff):
            cut_off_after(0.05, lambda: time.sleep(20))
        assert time.monotonic() - began < 5

    def test_a_wait_for_a_lock_is_interrupted(self):
        lock = threading.Lock()
        lock.acquire()
        with pytest.raises(CutOff):
            cut_off_after(0.05, lock.acquire)

    def test_a_regular_expression_that_never_ends_is_interrupted(self):
        with pytest.raises(CutOff):
            cut_off_after(0.05, lambda: re.match("(a+)+$", "a" * 60 + "b"))

    def test_somebody_elses_alarm_is_put_back_with_what_is_left_of_it(self):
        rang = []
        handler = signal.signal(signal.SIGALRM, lambda *_: rang.append(True))
        timer = signal.setitimer(signal.ITIMER_REAL, 50.0, 7.0)
        try:
            cut_off_after(5, lambda: spin(0.2))
            left_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
            assert 40 < left_s < 49.9
            assert interval_s == 7.0
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            cut_off_after(5, lambda: spin(0.05))
            spin(0.05)
            assert rang == [True]
        finally:
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *timer)

    def test_no_timer_and_no_handler_stays_behind(self):
        handler = signal.signal(signal.SIGALRM, signal.SIG_DFL)
        timer = signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            with pytest.raises(CutOff):
                cut_off_after(0.01, spin)
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
            assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        finally:
            signal.signal(signal.SIGALRM, handler)
            signal.setitimer(signal.ITIMER_REAL, *timer)

    def test_an_interrupt_from_the_keyboard_is_not_taken_for_a_cut(self):
        def interrupted():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cut_off_after(5, interrupted)

    def test_no_cut_is_lost_at_the_end_of_an_object_or_in_the_callback_of_a_weak_reference(self, monkeypatch):
        lost, ended = [], []
        monkeypatch.setattr(sys, "unraisablehook", lost.append)

        class Slow:
            def __del__(self):
                spin(0.1)
                ended.append("object")

        def call():
            Slow()  # ends at once
            ended.append("call")
            spin()

        with pytest.raises(CutOff):
            cut_off_after(0.03, call)
        assert ended[:1] == ["object"]
        assert lost == []
