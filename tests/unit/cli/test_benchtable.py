"""The table of `crawlpool bench` on terminals that are too narrow for it."""

from crawlpool.cli.benchtable import fitted

COLUMNS = ["way", "seconds", "from - to", "CPU s", "x loop", "of ideal", "failed"]
ROW = ["a loop, requests.get", "5.30", "5.27 - 5.42", "0.20", "1.0", "12 %", "0"]


def test_a_wide_terminal_shows_every_column():
    assert fitted(COLUMNS, [ROW], 100) == (COLUMNS, [ROW], [])


def test_a_narrow_terminal_spares_what_can_be_reckoned_first_and_says_so():
    columns, rows, dropped = fitted(COLUMNS, [ROW], 60)
    assert dropped == ["from - to", "of ideal"]
    assert columns == ["way", "seconds", "CPU s", "x loop", "failed"]
    assert rows == [["a loop, requests.get", "5.30", "0.20", "1.0", "0"]]


def test_way_seconds_and_failures_are_never_left_out():
    assert fitted(COLUMNS, [ROW], 10)[0] == ["way", "seconds", "failed"]
