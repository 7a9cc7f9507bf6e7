"""Every knob is a flag, and what is typed wrong is quoted with what would do."""

from dataclasses import fields

import pytest
import trustme

from crawlpool.cli.flags import crawl_parser, parse, settings_of
from crawlpool.errors import ConfigError
from crawlpool.settings import Settings


def read(*words):
    return parse(crawl_parser(), words)


def settings(*words):
    return settings_of(read(*words))


def complaint(*words):
    with pytest.raises(ConfigError) as caught:
        settings(*words)
    return str(caught.value)


def test_without_flags_the_settings_are_the_librarys_own():
    assert settings("urls.txt") == Settings()


@pytest.fixture
def files(tmp_path):
    """A file of each kind that a knob may name."""
    (tmp_path / "cookies.txt").write_text("a.example\tFALSE\t/\tFALSE\t0\tk\tv\n")
    (tmp_path / "netrc").write_text("machine a.example login u password p\n")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("us@a.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "us.pem")
    return tmp_path


def test_every_knob_can_be_set_from_the_command_line(files):
    given = settings(
        *(
            "-w",
            "3",
            "--backend",
            "futures-process",
            "--timeout",
            "10s",
            "--connect-timeout",
            "500ms",
            "--follow",
        ),
        *(
            "--all-bodies",
            "--depth",
            "2",
            "--scope",
            "prefix",
            "--include",
            "/a/*",
            "--include",
            "/b/*",
            "--exclude",
            "/c",
        ),
        *(
            "--max-pages",
            "9",
            "--max-time",
            "1h",
            "--max-body",
            "64k",
            "--max-headers",
            "32k",
            "--max-ratio",
            "200",
            "--idle-timeout",
            "7",
            "--parse-timeout",
            "8",
            "--max-links",
            "77",
            "--max-redirects",
            "4",
            "--per-host",
            "5",
        ),
        *("--delay", "1.5", "--no-robots", "--user-agent", "me/1", "--retries", "0", "--backoff", "2"),
        *(
            "--max-wait",
            "2m",
            "--per-address",
            "6",
            "--no-adaptive",
            "--rate",
            "2.5",
            "--host-rate",
            "0.5",
            "--bandwidth",
            "1M",
            "--host-bandwidth",
            "64k",
            "--max-crawl-delay",
            "9",
            "-H",
            "A: b:c",
            "--header",
            "D: e",
            "--cookie",
            "k=v=w",
        ),
        *(
            "--proxy",
            "http://127.0.0.1:1",
            "--insecure",
            "localhost",
            "--insecure",
            "127.0.0.1:8443",
            "--fail-fast",
            "--keep-raw",
            "--worker-memory",
            "64M",
            "--handler-timeout",
            "8",
            "--max-outage",
            "7m",
        ),
        *("--max-host-failures", "20", "--host-rest", "5s"),
        *("--connections", "4", "--transport", "curl"),
        *("--parse-in", "process", "--parse-workers", "3"),
        *("--sitemap", "--sitemap-url", "http://a.example/map.xml", "--since", "2026-01-31"),
        *(
            "--max-url",
            "2000",
            "--strip-params",
            "utm_*,fbclid",
            "--strip-params",
            "session",
            "--sort-params",
        ),
        *("--skip-duplicates", "exact,near", "--raw-cells"),
        *("--select", "price=.price", "--select", "next = a@href", "--fields", "+text,-links"),
        *(
            "--max-host-pages",
            "11",
            "--max-directory-pages",
            "12",
            "--max-path-depth",
            "13",
            "--max-repeats",
            "14",
        ),
        *("--max-params", "15", "--max-combinations", "16", "--max-calendar", "17", "--max-sessions", "18"),
        *("--no-x-robots-tag", "--no-meta-robots", "--no-rel-nofollow", "--skip-noindex"),
        *("--allow-private", "--resolve", "a.example:80:192.0.2.1"),
        *("--auth", "u:p", "--auth", "https://A.example:443/=v:q", "--bearer", "https://b.example=t0k"),
        *("--cookie-file", str(files / "cookies.txt"), "--netrc", str(files / "netrc")),
        *("--ca-file", str(files / "ca.pem"), "--client-cert", str(files / "us.pem")),
    )
    assert given == Settings(
        allow_private=True,
        resolve=("a.example:80:192.0.2.1",),
        raw_cells=True,
        select={"price": ".price", "next": "a@href"},
        fields=("+text", "-links"),
        max_host_pages=11,
        max_directory_pages=12,
        max_path_depth=13,
        max_repeats=14,
        max_params=15,
        max_combinations=16,
        max_calendar=17,
        max_sessions=18,
        x_robots_tag=False,
        meta_robots=False,
        rel_nofollow=False,
        skip_noindex=True,
        workers=3,
        backend="futures-process",
        timeout=10.0,
        connect_timeout=0.5,
        follow=True,
        depth=2,
        scope="prefix",
        include=("/a/*", "/b/*"),
        exclude=("/c",),
        all_bodies=True,
        max_pages=9,
        max_time=3600.0,
        max_body=65536,
        max_headers=32768,
        max_ratio=200,
        idle_timeout=7.0,
        parse_timeout=8.0,
        worker_memory=64 * 1024 * 1024,
        max_links=77,
        max_redirects=4,
        per_host=5,
        delay=1.5,
        robots=False,
        user_agent="me/1",
        retries=0,
        backoff=2.0,
        max_wait=120.0,
        max_crawl_delay=9.0,
        per_address=6,
        adaptive=False,
        rate=2.5,
        host_rate=0.5,
        bandwidth=1024 * 1024,
        host_bandwidth=65536,
        header=(("A", "b:c"), ("D", "e")),
        cookie=(("k", "v=w"),),
        proxy="http://127.0.0.1:1",
        insecure=("localhost", "127.0.0.1:8443"),
        auth={"": ("u", "p"), "https://a.example": "v:q"},
        bearer={"https://b.example": "t0k"},
        cookie_file=str(files / "cookies.txt"),
        netrc=str(files / "netrc"),
        ca_file=str(files / "ca.pem"),
        client_cert=str(files / "us.pem"),
        fail_fast=True,
        keep_raw=True,
        handler_timeout=8.0,
        connections=4,
        transport="curl",
        parse_in="process",
        parse_workers=3,
        max_outage=420.0,
        max_host_failures=20,
        host_rest=5.0,
        sitemap=True,
        sitemap_url=("http://a.example/map.xml",),
        since="2026-01-31",
        max_url=2000,
        strip_params=("utm_*", "fbclid", "session"),
        sort_params=True,
        skip_duplicates=("exact", "near"),
    )
    unchanged = [field.name for field in fields(Settings) if getattr(given, field.name) == field.default]
    # It cannot be given beside allow_private.
    assert unchanged == ["deny_private"], "a knob that this test does not turn"


def test_help_names_every_knob_and_ends_with_its_default():
    help_ = " ".join(crawl_parser().format_help().split())
    for field in fields(Settings):
        no = "no-" if field.default is True else ""
        assert f"--{no}{field.name.replace('_', '-')}" in help_
    assert "after its request was sent. Default: 30 s." in help_
    assert "Default: 16 MiB." in help_
    assert "Default: process." in help_
    assert "Do not obey robots.txt." in help_


def test_flags_may_stand_among_the_words():
    given = read("a.txt", "-w", "4", "b.txt", "--follow", "https://c.test/")
    assert given.words == ["a.txt", "b.txt", "https://c.test/"]


def test_behind_two_dashes_everything_is_a_word():
    assert read("--", "-odd.txt").words == ["-odd.txt"]


def test_a_single_dash_is_a_word():
    assert read("-", "-q").words == ["-"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--timeout", "abc"], "--timeout: 'abc' should be seconds, such as 30, 0.5, 250ms, 10m or 2h"),
        (["--timeout"], "--timeout: a value is missing behind it"),
        (["--workers", "0"], "--workers: '0' should be 1 to 1024"),
        (
            ["--workers", "16..2"],
            "--workers: '16..2' should be a whole number, or two with the smaller first",
        ),
        (["-w", "2.."], "--workers: '2..' should be a whole number, or two with the smaller first"),
        (["-w", "2..2000"], "--workers: '2..2000' should be 1 to 1024"),
        (["--worker-memory", "1M"], "--worker-memory: '1M' should be 32 MiB or more"),
        (["-w", "many"], "--workers: 'many' should be a whole number"),
        (["--delay=-1"], "--delay: '-1' should be 0 or more"),
        (["--max-body", "inf"], "--max-body: 'inf' should be bytes, such as 500000, 64k, 16M or 1g"),
        (["--header", "nonsense"], "--header: the value should be a name, a colon and a value"),
        (["--insecure"], "--insecure: name the host that is not verified, such as --insecure localhost"),
        (
            ["--insecure", "https://a.test/"],
            "--insecure: names the hosts whose certificates are not verified",
        ),
        (["--auth", "us3r"], "--auth: should be [ORIGIN=]USER:PASSWORD; env:NAME or file:PATH may stand"),
        (["--auth", "env:NO_SUCH_NAME"], "--auth: there is no environment variable 'NO_SUCH_NAME'"),
        (["--bearer", "https://a.test/path=t"], "--bearer: should be [ORIGIN=]TOKEN"),
        (["--netrc", "/no/such"], "--netrc: '/no/such': No such file or directory"),
        (["--backend", "thred"], "did you mean thread?"),
        (["--fail-on", "sometimes"], "--fail-on: 'sometimes' should be one of listed, any, none"),
        (["--user-agent", " "], "--user-agent: is empty"),
        (["--fresh", "--append"], "--append: cannot be given together with --fresh"),
        (["--quiet=1"], "--quiet: takes no value, and was given '1'"),
        (["--timout", "3"], "unknown flag --timout; did you mean --timeout?"),
        (["--per_host=3"], "unknown flag --per_host; did you mean --per-host?"),
        (["-Z"], "unknown flag -Z; crawlpool help crawl lists all"),
    ],
)
def test_what_is_typed_wrong_is_quoted_with_what_would_do(words, said):
    assert said in complaint("urls.txt", *words)


def test_an_abbreviated_flag_is_not_guessed():
    assert complaint("urls.txt", "--work", "3") == "unknown flag --work; did you mean --workers?"
