"""Advice is given when the figures are plain, names the knob, and is silent otherwise."""

import time

import pytest

from crawlpool import Crawler
from crawlpool.cli.hints import one_host_note, what_would_help
from crawlpool.model import Failure, FailureKind, Request, Response
from crawlpool.settings import Settings
from crawlpool.stats import Stats


def crawled(
    *,
    pages=100,
    hosts=1,
    took_s=20.0,
    fetch_s=0.1,
    status=200,
    failures=(),
    workers=8,
    listed=0,
    items=100,
    **spent,
):
    """The counts of a crawl that took so long."""
    stats = Stats()
    stats.begin(0.0)
    stats.listed(listed)
    for n in range(pages):
        url = f"http://h{n % hosts}.test/{n}"
        stats.answered(Response(request=Request(url, target=url), status=status, elapsed_s=fetch_s))
    for kind, times in dict(failures).items():
        for n in range(times):
            url = f"http://h{n % hosts}.test/f{n}"
            stats.failed(Failure(request=Request(url, target=url), kind=kind, message="", attempts=1))
    for stage, seconds in spent.items():
        stats.spent(stage.replace("_", " "), seconds)
    stats.item(items)
    stats.gauge(waiting=0, out=0, workers=workers, now=took_s)
    return stats


def hints(stats, workers=8, **knobs):
    return what_would_help(stats, Settings(**knobs), workers)


def only(stats, workers=8, **knobs):
    (hint,) = hints(stats, workers, **knobs)
    return hint


def test_a_crawl_without_trouble_gets_no_advice():
    assert hints(crawled(hosts=10)) == []


def test_one_host_held_back_by_per_host_names_the_knob():
    hint = only(crawled(held_back=15.0))
    assert "held free workers back for 15 s of 20 s" in hint
    assert "--per-host 8" in hint


def test_three_hosts_are_told_how_much_each_would_have_to_bear():
    assert "--per-host 3" in only(crawled(hosts=3, held_back=15.0))


def test_many_hosts_of_which_few_are_slow_are_not_told_that_one_host_is_all():
    hint = only(crawled(hosts=50, held_back=15.0))
    assert "few hosts" in hint


def test_a_delay_that_was_asked_for_is_named_as_the_cause():
    assert "--delay is 2 s" in only(crawled(held_back=15.0), delay=2.0)


def test_a_crawl_delay_is_not_blamed_on_a_knob():
    stats = crawled()
    stats.spent("held back", 15.0, why="crawl_delay")
    hint = only(stats)
    assert "robots.txt asks for a delay" in hint
    assert "--per-host" not in hint


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("failing", "hosts that failed had to rest"),
        ("slow_server", "a server slowed down or complained"),
        ("rate", "--rate or --host-rate"),
        ("bandwidth", "--bandwidth or --host-bandwidth"),
    ],
)
def test_what_held_back_is_named_and_nobody_is_told_to_be_ruder(why, said):
    stats = crawled()
    stats.spent("held back", 15.0, why=why)
    hint = only(stats)
    assert said in hint
    assert "--per-host" not in hint


def test_urls_of_hosts_that_were_given_up_can_be_asked_again_later():
    hint = only(crawled(hosts=10, failures={FailureKind.HOST_GIVEN_UP: 3}))
    assert "3 URLs of hosts that kept failing" in hint
    assert "crawlpool retry" in hint


def test_a_little_holding_back_is_politeness_and_no_news():
    assert hints(crawled(held_back=5.0)) == []


def test_a_crawl_of_a_second_is_too_short_for_advice_on_speed():
    assert hints(crawled(took_s=1.0, held_back=0.9, parsing=0.9)) == []


def test_a_slow_handler_is_named_instead_of_more_workers():
    hint = only(crawled(parsing=12.0, fetch_s=1.5, hosts=10))
    assert "60 %" in hint
    assert "main process" in hint


def busy(main_s=0.0, process_s=0.0, **more):
    """A crawl of 20 s in which the main thread, and all threads of its process, computed for so long."""
    stats = crawled(hosts=10, **more)
    stats.main_cpu_s, stats.process_cpu_s = main_s, process_s or main_s
    return stats


def test_a_slow_handler_in_main_is_told_where_else_it_can_run():
    assert "--parse-in process" in only(busy(parsing=12.0))


@pytest.mark.parametrize("knobs", [{"parse_in": "process"}, {"parse_in": "worker"}, {"backend": "sync"}])
def test_a_slow_handler_that_runs_elsewhere_or_has_no_workers_is_not_sent_elsewhere(knobs):
    assert "--parse-in" not in only(busy(parsing=12.0), **knobs)


@pytest.mark.parametrize(
    ("spent", "knobs", "said"),
    [
        ({"parsing": 6.0}, {}, "--parse-in process"),
        ({"storing": 5.0}, {}, "--fields"),
        ({}, {}, "--connections 8"),
        ({}, {"connections": 8}, "two crawls"),
        ({"parsing": 6.0}, {"parse_in": "process", "connections": 8}, "two crawls"),
    ],
)
def test_a_main_process_at_its_limit_is_named_with_what_takes_most_of_it(spent, knobs, said):
    hint = only(busy(18.0, **spent), **knobs)

    assert "worked for 90 % of the time" in hint
    assert said in hint


def test_a_main_process_at_its_limit_is_not_given_more_workers():
    assert "--workers" not in only(busy(18.0, fetch_s=1.55))


@pytest.mark.parametrize("main_s", [0.0, 8.0, 16.0])
def test_a_main_process_that_has_time_left_is_no_news(main_s):
    assert hints(busy(main_s)) == []


def test_a_short_crawl_is_not_told_that_its_main_process_was_busy():
    assert hints(busy(0.95, took_s=1.0)) == []


def test_without_workers_the_main_process_is_busy_by_intention():
    assert hints(busy(19.0), backend="sync", workers=1) == []


@pytest.mark.parametrize("backend", ["thread", "futures-thread"])
def test_threads_that_fill_one_interpreter_are_told_of_processes(backend, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    assert "--backend process" in only(busy(9.0, 21.0), backend=backend)


def test_threads_that_wait_on_a_machine_of_one_core_or_in_processes_are_not(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert hints(busy(9.0, 12.0), backend="thread") == []
    assert hints(busy(9.0, 21.0)) == []  # the pools' threads, which wait for workers
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert hints(busy(9.0, 21.0), backend="thread") == []


def test_a_crawl_knows_what_of_the_processor_its_main_thread_took(site):
    site.page("/", delay_s=0.3)

    def burn(page):
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            pass

    crawler = Crawler(backend="thread", workers=1, robots=False)
    crawler.on_page(burn)
    stats = crawler.run(f"{site.url}/").stats

    assert 0.2 <= stats.main_cpu_s <= stats.process_cpu_s + 0.01
    assert stats.main_cpu_s < stats.elapsed_s()


def test_a_slow_disk_is_named():
    assert "Storing took 40 %" in only(crawled(storing=8.0))


def test_workers_that_are_always_busy_could_be_more():
    assert "--workers 16" in only(crawled(hosts=10, fetch_s=1.55))


def test_connections_that_are_always_busy_could_be_more_and_workers_with_free_ones_are_not_busy():
    crew = {"workers": 2, "connections": 8}
    busy = crawled(hosts=50, workers=2, fetch_s=2.9)
    assert "All 2 workers of 8 connections" in only(busy, **crew)
    assert "--connections 16" in only(busy, **crew)
    assert (
        hints(crawled(hosts=50, workers=2, fetch_s=0.5), **crew) == []
    )  # more than two workers have seconds


def test_one_host_for_many_connections_is_told_how_many_it_would_have_to_bear():
    assert "2 workers of 8 connections; --per-host 16" in only(
        crawled(held_back=15.0, workers=2), workers=2, connections=8
    )


def test_busy_workers_on_one_host_are_not_told_to_be_more():
    assert hints(crawled(hosts=1, fetch_s=1.55)) == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FailureKind.TIMEOUT, "10 URLs took longer than 30 s: --timeout 60"),
        (FailureKind.CONNECT_TIMEOUT, "10 URLs gave no connection in 5 s: --connect-timeout 10"),
        (FailureKind.TLS, "--insecure"),
    ],
)
def test_many_failures_of_one_kind_name_their_knob(kind, said):
    assert said in only(crawled(failures={kind: 10}, hosts=10))


def test_one_timeout_among_hundreds_is_no_reason_to_wait_longer():
    assert hints(crawled(failures={FailureKind.TIMEOUT: 1}, hosts=10)) == []


def test_robots_txt_that_allows_nothing_is_said():
    assert "--no-robots" in only(crawled(pages=0, failures={FailureKind.ROBOTS: 3}))
    assert "RFC 9309" in only(crawled(pages=0, failures={FailureKind.ROBOTS_UNREACHABLE: 3}))


def test_without_any_answer_the_network_is_suspected():
    assert "--proxy" in only(crawled(pages=0, failures={FailureKind.DNS: 3, FailureKind.CONNECT: 1}))


def test_bodies_that_were_cut_name_the_cap():
    stats = crawled(hosts=10)
    request = Request("http://h0.test/big", target="http://h0.test/big")
    stats.answered(Response(request=request, status=200, is_cut=True))
    assert only(stats) == "1 body was cut at 16 MiB: a larger --max-body takes them whole."


def test_a_server_that_complains_is_asked_more_gently():
    assert "100 answers said 429" in only(crawled(status=429, hosts=10))
    assert "--delay 4s" in only(crawled(status=429, hosts=10), delay=2.0)


def test_a_single_page_learns_of_follow():
    assert "--follow" in only(crawled(pages=1, listed=1, items=1))
    assert hints(crawled(pages=1, listed=1, items=1), follow=True) == []


def test_links_that_all_lead_elsewhere_name_the_scope():
    stats = crawled(pages=1, listed=1, items=1)
    stats.skipped("scope host", 12)
    assert "All links (12) lead out of scope" in only(stats, follow=True)


def seeds(*urls):
    return [Request(url, is_listed=True) for url in urls]


def test_seeds_on_one_host_say_that_most_workers_will_have_no_work():
    note = one_host_note(seeds(*(f"http://a.test/{n}" for n in range(9))), Settings(), 8)
    assert note == "8 workers, but one host gets 2 requests at once; --per-host 8 would use them all"


def test_a_followed_site_says_so_from_one_seed():
    assert one_host_note(seeds("http://a.test/"), Settings(follow=True), 8)
    assert one_host_note(seeds("http://a.test/"), Settings(follow=True, scope="all"), 8) is None


@pytest.mark.parametrize(
    "urls",
    [
        ["http://a.test/1", "http://b.test/2", "http://b.test/3"],
        ["http://a.test/1", "http://a.test:81/2", "http://a.test/3"],
        ["http://a.test/1"],
        ["nonsense"],
        [],
    ],
)
def test_other_seeds_say_nothing(urls):
    assert one_host_note(seeds(*urls), Settings(), 8) is None


def test_as_many_requests_as_workers_say_nothing():
    urls = [f"http://a.test/{n}" for n in range(9)]
    assert one_host_note(seeds(*urls), Settings(per_host=8), 8) is None
