"""The table of `crawlpool bench` on terminals that are too narrow for it."""

from crawlpool.cli.benchtable import fitted

COLUMNS = ["way", "seconds", "from - to", "CPU s", "x loop", "of ideal", "failed"]
ROW = ["a loop, requests.get", "5.30", "5.27 - 5.42", "0.20", "1.0", "12 %", "0"]


def test_a_wide_terminal_shows_every_column():
    assert fitted(COLUMNS, [ROW], 100) == (COLUMNS, [ROW], [])


def test_a_narrow_terminal_keeps_the_ratios_longest_and_says_what_is_missing():
    columns, rows, dropped = fitted(COLUMNS, [ROW], 64)
    assert dropped == ["from - to"]
    assert columns == ["way", "seconds", "CPU s", "x loop", "of ideal", "failed"]
    assert rows == [["a loop, requests.get", "5.30", "0.20", "1.0", "12 %", "0"]]


def test_a_usual_terminal_has_room_for_seconds_cpu_pages_and_ratios():
    columns = [
        "way",
        "seconds",
        "from - to",
        "first page",
        "CPU s",
        "pages/s",
        "x loop",
        "of ideal",
        "failed",
    ]
    row = [
        "asyncio.to_thread, requests",
        "12.33",
        "12.30 - 12.37",
        "0.09",
        "12.09",
        "1,121",
        "16.7",
        "75 %",
        "0",
    ]
    assert fitted(columns, [row], 80)[2] == ["first page", "from - to"]


def test_way_seconds_and_failures_are_never_left_out():
    assert fitted(COLUMNS, [ROW], 10)[0] == ["way", "seconds", "failed"]
