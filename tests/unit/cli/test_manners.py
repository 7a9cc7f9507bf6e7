"""What is said of a crawl's pace, and of what held it back."""

from crawlpool.cli.closing import closing_rows
from crawlpool.cli.manners import cause_in_words, held_rows, pace_note, rest_rows
from crawlpool.hostnotes import MOST_HOSTS, HostNotes
from crawlpool.polite import gate
from crawlpool.settings import Settings
from crawlpool.stats import Stats


def test_the_pace_of_a_crawl_is_said_in_one_line():
    assert pace_note(Settings()) == (
        "2 requests at once per host, no delay, robots.txt obeyed, less when a server slows down"
    )
    said = pace_note(
        Settings(per_host=1, delay=1.5, robots=False, adaptive=False, rate=10.0, host_bandwidth=1024 * 1024)
    )
    assert said == (
        "1 request at once per host, 1.5 s between two, 10 a second in all at most, "
        "1 MiB a second per host at most, robots.txt not obeyed, not less when a server slows down"
    )


def test_what_a_crawl_delay_would_cost_is_reckoned():
    notes = HostNotes()
    note = notes.of("slow.example")
    note.delay_s, note.waiting = 60.0, 9_800
    assert held_rows(notes) == ["slow.example  9,800 URLs at 1 min each would take 6 d 19 h more"]
    note.waiting = 0
    assert held_rows(notes) == []


def test_a_host_that_held_the_crawl_back_is_named_with_the_rule_and_the_time():
    notes = HostNotes()
    notes.of("a.example").held_s = {"crawl_delay": 125.0, "retry_after": 2.0}
    notes.of("b.example").held_s = {"slow_server": 300.0}
    notes.of("c.example").held_s = {"delay": 0.2}
    assert held_rows(notes) == [
        "b.example  5 min, it slowed down or complained",
        "a.example  2 min 5 s, its Crawl-delay; 2 s, a rest that it asked for",
    ]


def test_every_reason_of_the_gate_has_words():
    reasons = (
        gate.CRAWL_DELAY,
        gate.RETRY_AFTER,
        gate.SLOW_SERVER,
        gate.PER_HOST,
        gate.PER_ADDRESS,
        gate.RATE,
    )
    for reason in (*reasons, gate.BANDWIDTH, "delay", "failing"):
        assert cause_in_words(reason) != reason


def test_hosts_that_rested_and_were_given_up_are_named_in_the_closing_table():
    stats = Stats()
    for now, wait_s in ((0.0, 10.0), (10.0, 20.0), (30.0, 40.0), (70.0, 80.0)):
        stats.host_notes.rested("dead.example", wait_s, "HTTP 503", is_failing=True, now=now)
    stats.host_notes.given_up("dead.example", "HTTP 503")
    stats.host_notes.rested("busy.example", 600.0, "HTTP 429", is_failing=False, now=0.0)
    assert rest_rows(stats.host_notes) == [
        "dead.example  given up after it rested 4 times, 2 min 30 s in all (HTTP 503)",
        "busy.example  rested once, 10 min in all (HTTP 429)",
    ]
    labels = [label for label, _ in closing_rows(stats)]
    assert "hosts at rest" in labels


def test_a_host_rested_for_no_longer_than_the_crawl_lasted():
    notes = HostNotes()
    notes.rested("a.example", 10.0, "HTTP 429", is_failing=False, now=0.0)
    notes.rested("a.example", 10.0, "HTTP 429", is_failing=False, now=1.0)  # both were out at once
    notes.rested("b.example", 600.0, "HTTP 503", is_failing=True, now=5.0)
    notes.ended(25.0)
    notes.ended(25.0)
    assert rest_rows(notes) == [
        "b.example  rested once, 20 s in all (HTTP 503)",
        "a.example  rested 2 times, 11 s in all (HTTP 429)",
    ]


def test_notes_of_very_many_hosts_take_no_more_memory():
    notes = HostNotes()
    for number in range(MOST_HOSTS + 100):
        notes.rested(f"{number}.example", 1.0, "HTTP 503", is_failing=True, now=0.0)
    assert len(notes) == MOST_HOSTS
