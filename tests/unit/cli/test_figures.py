"""Figures are written as a person would say them."""

import pytest

from crawlpool.cli.figures import count, exact_seconds, rate, seconds, share, size


@pytest.mark.parametrize(
    ("s", "said"),
    [
        (0, "0 ms"),
        (0.0304, "30 ms"),
        (0.0996, "0.1 s"),
        (5.0, "5 s"),
        (2.46, "2.5 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_length_of_time_is_said_in_one_or_two_units(s, said):
    assert seconds(s) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1 MiB"),
        (16 * 1024**2, "16 MiB"),
    ],
)
def test_bytes_are_said_in_powers_of_1024(n, said):
    assert size(n) == said


def test_a_count_agrees_with_its_noun():
    assert [count(0, "page"), count(1, "page"), count(2000, "page")] == ["0 pages", "1 page", "2,000 pages"]


def test_a_slow_pace_keeps_a_decimal():
    assert [rate(0.44), rate(9.96), rate(1234.5)] == ["0.4", "10", "1,234"]


def test_a_share_of_nothing_is_nothing():
    assert [share(1, 4), share(1, 0)] == ["25 %", "0 %"]


@pytest.mark.parametrize(
    ("s", "said"),
    [
        (0.05, "50 ms"),
        (0.1, "0.1 s"),
        (0.15, "0.15 s"),
        (2.25, "2.25 s"),
        (30.0, "30 s"),
        (90.0, "1 min 30 s"),
    ],
)
def test_a_time_that_somebody_set_is_said_as_it_was_set(s, said):
    assert exact_seconds(s) == said
