"""What the user gave for one server goes to no other, and stands nowhere that is written or shown."""

import base64
import hashlib
import json
import re
import ssl
from contextlib import closing

import pytest
import trustme

import crawlpool
from crawlpool import Crawler, FetchPool, Request

from ..command import command
from ..contracts.rawserver import RawServer, Script

SECRET = "s3cr3t-word"
QUICK = {"backend": "sync", "backoff": 0.01, "allow_private": True, "per_host": 2}
GIVEN = {
    "header": {"X-Api-Key": SECRET, "Accept-Language": "de"},
    "cookie": {"sid": SECRET},
    "auth": ("us3r", SECRET),
}
BASIC = f"Basic {base64.b64encode(f'us3r:{SECRET}'.encode()).decode()}"


def assert_has_all(arrivals):
    assert arrivals
    for each in arrivals:
        assert each.header("x-api-key") == SECRET, each
        assert each.header("authorization") == BASIC, each
        assert f"sid={SECRET}" in (each.header("cookie") or ""), each


def assert_has_none(arrivals):
    assert arrivals
    for each in arrivals:
        assert each.header("authorization") is None, each
        assert each.header("referer") is None, each
        assert SECRET not in f"{each.headers}{each.target}{each.body!r}", each
        assert each.header("accept-language") == "de", each


@pytest.fixture
def web(site, sites):
    """The seed's site, another port of its host, and another host; links and redirects lead from one to another."""
    port, other = sites("127.0.0.1"), sites("127.0.0.2")
    leads = [("/to", each.url) for each in (port, other)]
    links = []
    for number, (_, url) in enumerate(leads):
        links.append(f"{url}/linked")
        for status in (301, 302, 303, 307, 308):
            site.redirect(f"/leave-{number}-{status}", f"{url}/landed-{status}", status)
            links.append(f"/leave-{number}-{status}")
        site.redirect(f"/out-{number}", f"{url}/turns", 302)
        links.append(f"/out-{number}")
    for each in (port, other):
        for status in (301, 302, 303, 307, 308):
            each.page(f"/landed-{status}", links=["/deeper"])
        for path in ("/linked", "/deeper", "/handled", "/listed"):
            each.page(path)
        each.redirect("/turns", f"{site.url}/home-{each.host.rpartition(':')[2]}")
        site.page(f"/home-{each.host.rpartition(':')[2]}", links=["/after"])
    site.page("/", links=[*links, "/shaky"])
    site.page("/shaky", fails_first=1)
    site.page("/after")
    sitemap = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{site.url}/after</loc></url></urlset>"
    other.page("/map.xml", sitemap, content_type="application/xml")
    site.redirect("/robots-elsewhere", other.url + "/robots.txt")
    site.robots(f"User-agent: *\nAllow: /\nSitemap: {site.url}/map.xml\n")
    site.redirect("/map.xml", other.url + "/map.xml")
    return site, port, other


def test_what_was_given_for_the_seeds_goes_to_their_origins_alone(web):
    site, port, other = web
    crawler = Crawler(**QUICK, **GIVEN, follow=True, scope="all", sitemap=True)

    @crawler.on_page
    def page(page):
        if page.depth == 0:
            yield page.follow(other.url + "/handled")
            yield Request(port.url + "/handled", headers={"X-Mine": "mine"})

    list(crawler.items(site.url + "/"))

    assert {"/after", "/shaky", "/map.xml", "/robots.txt"} <= {each.path for each in site.log}
    assert site.asked("/shaky") == 2
    assert_has_all(site.log)
    for elsewhere in (port, other):
        asked = {each.path for each in elsewhere.log}
        assert {"/linked", "/deeper", "/handled", "/robots.txt", "/turns"} <= asked
        assert {f"/landed-{status}" for status in (301, 302, 303, 307, 308)} <= asked
        assert_has_none(elsewhere.log)
    assert "/map.xml" in {each.path for each in other.log}


def test_a_request_of_a_handler_keeps_its_own_headers_at_its_origin(web):
    site, _, other = web
    seed = Request(
        site.url + "/leave-1-307", headers={"Authorization": SECRET, "X-Key": SECRET}, cookies={"c": SECRET}
    )
    list(crawlpool.fetch([seed], **QUICK, header={"Accept-Language": "de"}))

    assert [each.header("x-key") for each in site.log if each.path != "/robots.txt"] == [SECRET]
    assert_has_none(other.log)


@pytest.mark.parametrize("how", ["fetch_all", "pool"])
def test_pages_that_are_fetched_one_by_one_keep_to_it_too(web, how):
    site, port, other = web
    urls = [f"{site.url}/out-1", f"{site.url}/leave-0-302"]
    if how == "fetch_all":
        pages = crawlpool.fetch_all(urls, **QUICK, **GIVEN)
    else:
        with FetchPool(**{**QUICK, "backend": "thread"}, **GIVEN, workers=1) as pool:
            pages = pool.map(urls)
    assert all(page.ok for page in pages)

    assert_has_all(site.log)
    assert_has_none(port.log)
    assert_has_none(other.log)


def test_a_login_of_an_origin_goes_there_wherever_the_crawl_began(web):
    site, port, other = web
    crawler = Crawler(
        **QUICK,
        header={"Accept-Language": "de"},
        auth={other.url: ("us3r", SECRET)},
        bearer={port.url: "t0ken"},
        follow=True,
        scope="all",
    )
    list(crawler.items(site.url + "/"))

    assert_has_none(site.log)
    assert {each.header("authorization") for each in port.log} == {"Bearer t0ken"}
    assert {each.header("authorization") for each in other.log} == {BASIC}


def test_a_crawl_that_goes_on_keeps_to_it_too(web, tmp_path):
    site, port, other = web
    out = tmp_path / "pages.jsonl"
    Crawler(**QUICK, **GIVEN, follow=True, scope="all", max_pages=3).run(site.url + "/", output=out)
    Crawler(**QUICK, **GIVEN, follow=True, scope="all").run(site.url + "/", output=out)

    assert len({each.path for each in site.log}) > 10
    assert_has_all(site.log)
    assert_has_none(port.log)
    assert_has_none(other.log)
    assert SECRET.encode() not in b"".join(each.read_bytes() for each in tmp_path.iterdir())


def test_the_cookies_of_a_file_go_to_the_hosts_and_paths_that_it_names(site, sites, tmp_path):
    other = sites("127.0.0.2")
    for each in (site, other):
        each.page("/", links=["/in/", "/out", site.url + "/", other.url + "/"])
        each.page("/in/")
        each.page("/out")
    (tmp_path / "cookies.txt").write_text(
        "127.0.0.2\tFALSE\t/in\tFALSE\t0\tdeep\tone\n"
        "#HttpOnly_127.0.0.2\tFALSE\t/\tFALSE\t0\twide\ttwo\n"
        "127.0.0.2\tFALSE\t/\tTRUE\t0\tsecure\tthree\n"
        "127.0.0.2\tFALSE\t/\tFALSE\t946684800\tover\tfour\n"
        "0.0.2\tTRUE\t/\tFALSE\t0\tabove\tfive\n"
        "com\tTRUE\t/\tFALSE\t0\tall\tsix\n"
    )
    crawler = Crawler(**QUICK, follow=True, scope="all", cookie_file=str(tmp_path / "cookies.txt"))
    list(crawler.items(site.url + "/"))

    assert {each.header("cookie") for each in site.log} == {None}
    sent = {each.path: each.header("cookie") for each in other.log}
    assert (sent["/"], sent["/out"], sent["/in/"]) == ("wide=two", "wide=two", "deep=one; wide=two")


def test_netrc_is_read_when_it_is_named_and_gives_default_to_seeds_alone(site, sites, tmp_path, monkeypatch):
    other = sites("127.0.0.2")
    for each in (site, other):
        each.page("/", links=[other.url + "/"])
    (tmp_path / ".netrc").write_text(
        f"machine 127.0.0.9 login a password b\ndefault login us3r password {SECRET}\n"
    )
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))

    list(Crawler(**QUICK, follow=True, scope="all").items(site.url + "/"))
    assert {each.header("authorization") for each in (*site.log, *other.log)} == {None}

    seen, asked = len(site.log), len(other.log)
    list(Crawler(**QUICK, follow=True, scope="all", netrc=True).items(site.url + "/"))
    assert {each.header("authorization") for each in site.log[seen:]} == {BASIC}
    assert {each.header("authorization") for each in other.log[asked:]} == {None}


# Digest


def guarded(site, path, *, algorithm="SHA-256", most=10_000, is_stale=False):
    """Guard a path by Digest (RFC 7616); a nonce holds for `most` requests. What was wrong stands in the list."""
    wrong, nonces, counts = [], [], {}
    make = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}[algorithm]

    def h(text):
        return make(text.encode()).hexdigest()

    def answer(arrival):
        sent, before = arrival.header("authorization") or "", len(wrong)
        said = {
            name: quoted or plain
            for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', sent)
        }
        if sent.startswith("Digest ") and not is_stale:
            nonce, count = said["nonce"], int(said["nc"], 16)
            secret = h(f"us3r:the realm:{SECRET}")
            asked = h(f"{arrival.method}:{arrival.target}")
            good = h(f"{secret}:{nonce}:{said['nc']}:{said['cnonce']}:auth:{asked}")
            if said["response"] != good or said["uri"] != arrival.target:
                wrong.append(sent)
            elif count in counts.setdefault(nonce, set()):
                wrong.append(f"seen before: {sent}")
            elif nonce == nonces[-1] and len(counts[nonce]) < most:
                counts[nonce].add(count)
                body = b"<title>Inside</title>"
                return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
                    len(body),
                    body,
                )
        nonces.append(f"n{len(nonces)}")
        stale = ", stale=true" if sent.startswith("Digest ") and len(wrong) == before else ""
        head = (
            f'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: Digest '
            f'realm="the realm", qop="auth", algorithm={algorithm}, nonce="{nonces[-1]}"{stale}\r\nContent-Length: 0\r\n\r\n'
        )
        return head.encode()

    site.raw(path, answer)
    return wrong, nonces


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_a_challenge_is_answered_and_is_no_page_of_its_own(site, algorithm):
    wrong, _ = guarded(site, "/inside", algorithm=algorithm)
    urls = [f"{site.url}/inside?{number}" for number in range(6)]
    crawler = Crawler(**QUICK, auth=("us3r", SECRET))
    records = list(crawler.items(urls))

    assert wrong == []
    assert [(each["status"], each["title"], each["attempts"]) for each in records] == [(200, "Inside", 1)] * 6
    assert crawler.stats.statuses == {200: 6}
    assert sum(crawler.stats.retries.values()) == 0
    assert len(site.requests) <= 6 + 2, "each but the first ones is answered at once"


def test_a_nonce_that_is_used_up_is_replaced(site):
    wrong, nonces = guarded(site, "/inside", most=2)
    records = list(
        Crawler(**QUICK, auth=("us3r", SECRET)).items([f"{site.url}/inside?{number}" for number in range(8)])
    )
    assert wrong == []
    assert len(nonces) >= 4
    assert [each["status"] for each in records] == [200] * 8


def test_a_server_that_challenges_for_ever_is_not_asked_for_ever(site):
    guarded(site, "/inside", is_stale=True)
    records = list(Crawler(**QUICK, auth=("us3r", SECRET)).items(f"{site.url}/inside"))
    assert [each["status"] for each in records] == [401]
    assert site.asked("/inside") <= 20


def test_a_wrong_password_is_sent_once(site):
    guarded(site, "/inside")
    records = list(Crawler(**QUICK, auth=("us3r", "another")).items(f"{site.url}/inside"))
    assert [(each["status"], each["error_kind"]) for each in records] == [(401, "http")]
    assert site.asked("/inside") <= 4


def test_a_page_limit_counts_a_challenged_page_once(site, tmp_path):
    guarded(site, "/inside")
    crawler = Crawler(**QUICK, auth=("us3r", SECRET), max_pages=2)
    result = crawler.run([f"{site.url}/inside?{n}" for n in range(3)], output=tmp_path / "p.jsonl")
    assert (result.stats.pages, result.waiting) == (2, 1)


# Proxies


def test_a_proxys_password_goes_to_the_proxy_alone(sites, monkeypatch):
    proxy, direct = sites("127.0.0.1"), sites("127.0.0.2")
    proxy.page("/x", "by the proxy")
    direct.page("/x", "direct")
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", f"//us3r:{SECRET}@"))
    monkeypatch.setenv("http_proxy", proxy.url.replace("//", f"//us3r:{SECRET}@"))
    monkeypatch.setenv("no_proxy", "127.0.0.2")
    urls = ["http://shop.invalid/x", direct.url + "/x"]
    pages = crawlpool.fetch_all(urls, **QUICK, proxy="env", robots=False)

    assert [page.text for page in pages] == ["by the proxy", "direct"]
    assert {each.header("proxy-authorization") for each in proxy.log} == {BASIC}
    assert {each.header("authorization") for each in proxy.log} == {None}
    assert SECRET not in str(direct.log)
    assert {each.header("proxy-authorization") for each in direct.log} == {None}


# What is written and shown


@pytest.fixture
def run(tmp_path, monkeypatch):
    def do(*words, **environment):
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            done = command([*map(str, words)], folder=tmp_path)
        return done.returncode, done.stdout + done.stderr

    return do


def test_no_secret_stands_in_anything_that_a_crawl_writes_or_shows(site, sites, run, tmp_path):
    other = sites("127.0.0.2")
    other.page("/")
    site.page("/", links=["/lost", "/broken", "http://127.0.0.1:9/", other.url + "/"])
    site.raw("/broken", b"nonsense\r\n\r\n")
    places = ("header", "cookie", "auth", "bearer", "file", "netrc", "userinfo", "proxy", "query-free")
    secret = {place: f"s3cr3t-{place}" for place in places}
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "cookies.txt").write_text(f"127.0.0.1\tFALSE\t/\tFALSE\t0\tfiled\t{secret['file']}\n")
    (inputs / "netrc").write_text(f"machine 127.0.0.2 login u password {secret['netrc']}\n")
    (inputs / "urls.txt").write_text(
        "".join(
            f"{url}\n"
            for url in (
                f"http://us3r:{secret['userinfo']}@{site.url[7:]}/",
                f"http://us3r:{secret['userinfo']}@127.0.0.1:9/",
                f"http://us3r:{secret['userinfo']}@[bad/",
            )
        )
    )
    flags = [
        *("-H", f"X-Key: {secret['header']}", "--cookie", f"sid={secret['cookie']}"),
        *("--auth", f"u:{secret['auth']}", "--bearer", f"{other.url}={secret['bearer']}"),
        *("--cookie-file", inputs / "cookies.txt", "--netrc", inputs / "netrc"),
        *(
            "--allow-private",
            "--backend",
            "thread",
            "--retries",
            "1",
            "--backoff",
            "10ms",
            "-vv",
            "--log-file",
            "log.txt",
        ),
    ]
    outputs = ["-o", "p.jsonl", "-o", "p.csv", "-o", "p.sqlite", "--failed", "failed.txt"]
    said = [
        run(inputs / "urls.txt", "--follow", "--scope", "all", *flags, *outputs),
        run("why", site.url + "/", "--job", "p.jsonl"),
        run("why", "http://127.0.0.1:9/", "--job", "p.jsonl"),
        run("status", "p.jsonl"),
        run("failures", "p.jsonl", "--format", "json"),
        run("retry", "p.jsonl", *flags),
        run(
            site.url, "http://127.0.0.1:9/", "--proxy", f"http://us3r:{secret['proxy']}@127.0.0.1:9", "-vv",
            "--log-file", "log.txt", "-o", "q.jsonl", "--backend", "thread", "--retries", "0", "--no-robots",
        ),
        run(site.url, "--proxy", f"us3r:{secret['proxy']}@127.0.0.1:9"),
    ]  # fmt: skip
    assert [code for code, _ in said] == [3, 0, 0, 0, 0, 3, 3, 2], said
    assert secret["header"] in str(site.log), "it was sent where it belongs"
    assert secret["file"] in str(site.log)
    assert secret["bearer"] in str(other.log)
    written = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    assert {"p.jsonl", "p.csv", "p.sqlite", "p.jsonl.job", "failed.txt", "log.txt", "q.jsonl"} <= set(written)
    logins = [base64.b64encode(f"u:{secret['auth']}".encode()).decode()]
    for text in (*secret.values(), *logins):
        for name, content in written.items():
            assert text.encode() not in content, (text, name)
        for _, shown in said:
            assert text not in shown, (text, shown)


def test_an_unused_proxy_of_the_environment_is_mentioned_without_its_address(site, run):
    site.page("/")
    code, said = run(
        site.url, "--backend", "sync", HTTPS_PROXY=f"http://u:{SECRET}@127.0.0.1:9", HTTP_PROXY=""
    )
    assert code == 0
    assert "HTTPS_PROXY in the environment is not used; --proxy env goes through it" in said
    assert SECRET not in said


def test_a_host_that_is_not_verified_is_told_of_at_the_start_and_at_the_end(run, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    good = Script((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\ngood",))
    with closing(RawServer([good], context=context)) as server:
        where = server.url[len("https://") : -1]
        code, said = run(server.url, "--insecure", where, "--backend", "thread", "-o", "p.jsonl")
        assert code == 0, said
        assert said.count(where) >= 2
        assert f"nobody vouches for what {where} says" in said
        assert re.search(rf"not verified +the certificate of {where}", said)

        code, said = run(server.url, "--backend", "thread", "-o", "q.jsonl")
        assert code == 3
        (record,) = map(json.loads, (tmp_path / "q.jsonl").read_text().splitlines())
        assert record["error_kind"] in {"tls", "robots_unreachable"}
        assert "--insecure HOST" in record["error_message"] + said
