"""`crawlpool robots URL` says whether a URL may be fetched, and which line says so."""

import io
import json

import pytest

from crawlpool.cli import main

RULES = "User-agent: x\nUser-agent: *\nCrawl-delay: 2.5\nDisallow: /no\nAllow: /no/yes\n\nSitemap: /map.xml\n"


@pytest.fixture
def run(capsys):
    def run(*words):
        code = main(["robots", *map(str, words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "robots.txt"
    path.write_text(RULES)
    return path


def told(run, *words):
    code, out, _ = run(*words, "--json")
    return code, [json.loads(line) for line in out.splitlines()]


def test_it_says_which_line_decides_and_what_else_the_file_holds(site, run):
    site.robots(RULES)

    code, out, _ = run(site.url + "/no", site.url + "/no/yes", site.url + "/free")

    assert code == 3
    assert site.asked("/robots.txt") == 1
    assert site.requests == []
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f'{site.url}/no may not be fetched by "crawlpool"' in lines
    assert 'why line 4, "Disallow: /no", of the group for "x", "*"' in lines
    assert f'{site.url}/no/yes may be fetched by "crawlpool"' in lines
    assert 'why line 5, "Allow: /no/yes", of the group for "x", "*"' in lines
    assert 'why robots.txt has nothing against it for "crawlpool"' in lines
    assert f"robots.txt {site.url}/robots.txt: HTTP 200, {len(RULES)} B" in lines
    assert "delay 2.5 s between two requests" in lines
    assert f"sitemaps {site.url}/map.xml" in lines


def test_the_exit_code_is_0_when_all_may_be_fetched(site, run):
    site.robots(RULES)

    assert run(site.url + "/free", site.url + "/robots.txt")[0] == 0
    assert run(site.url + "/free", site.url + "/no")[0] == 3


def test_each_origin_is_asked_under_our_own_name_whoever_is_judged_for(site, sites, run):
    other = sites("127.0.0.2")
    site.robots("User-agent: mybot\nDisallow: /")

    code, found = told(
        run, site.url + "/a", other.url + "/a", "--agent", "MyBot/2.0 (x)", "--user-agent", "me/1"
    )

    assert (code, [each["allowed"] for each in found]) == (3, [False, True])
    assert [each["agent"] for each in found] == ["MyBot", "MyBot"]
    assert {arrival.header("user-agent") for arrival in (*site.log, *other.log)} == {"me/1"}


def test_it_follows_redirects_and_says_where_they_ended(site, sites, run):
    site.redirect("/robots.txt", "/rules")
    site.page("/rules", RULES, content_type="text/plain")

    ((_, (found,)), out) = told(run, site.url + "/no"), run(site.url + "/no")[1]

    assert not found["allowed"]
    assert found["robots"]["final_url"] == site.url + "/rules"
    assert f"from {site.url}/rules" in out


def test_it_is_not_led_to_a_private_address(site, sites, run):
    other = sites("127.0.0.2")
    site.redirect("/robots.txt", other.url + "/rules")

    code, (found,) = told(run, site.url + "/a")

    assert (code, found["allowed"]) == (3, False)
    assert found["robots"]["error"].startswith("address: ")
    assert other.log == []


@pytest.mark.parametrize(("status", "code"), [(404, 0), (403, 0), (503, 3), (429, 3)])
def test_it_says_how_the_file_was_read_when_there_is_none(site, run, status, code):
    site.robots("", status=status)

    got, (found,) = told(run, site.url + "/a", "--retries", "0")

    assert got == code
    assert (found["robots"]["status"], found["line"], found["rule"]) == (status, None, None)
    assert f"status {status}" in found["why"]


def test_it_says_why_nobody_answered(run):
    code, out, _ = run("http://127.0.0.1:1/", "--retries", "0")

    assert code == 3
    assert "robots.txt could not be had" in out
    assert "connect: " in out


def test_a_file_is_judged_by_without_asking_anybody(site, run, file):
    code, (found,) = told(run, site.url + "/no/x", "--file", file)

    assert (code, found["allowed"], found["line"], found["group"]) == (3, False, 4, ["x", "*"])
    assert found["robots"]["file"] == str(file)
    assert found["crawl_delay_s"] == 2.5
    assert site.log == []


def test_a_file_may_come_from_standard_input(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RULES.encode())))

    assert run("shop.example/no", "--file", "-")[0] == 3


def test_a_url_without_a_scheme_is_https(run, file):
    assert told(run, "shop.example/yes", "--file", file)[1][0]["url"] == "https://shop.example/yes"


@pytest.mark.parametrize(
    ("agent", "allowed"),
    [
        ("Foo", True),
        ("foo", True),
        ("Foo/2.0 (+http://foo.example)", True),
        ("Foo Bar", False),
        ("Bar", False),
    ],
)
def test_a_crawler_is_known_by_its_product_token(run, tmp_path, agent, allowed):
    path = tmp_path / "robots.txt"
    path.write_text("User-agent: *\nDisallow: /\nUser-agent: Foo Bar\nAllow: /x/\nDisallow: /\n")

    assert told(run, "http://foo.example/x/y", "--file", path, "--agent", agent)[1][0]["allowed"] is allowed


def test_what_a_file_holds_can_do_nothing_to_a_terminal(run, tmp_path):
    path = tmp_path / "robots.txt"
    path.write_bytes(b"User-agent: *\nUser-agent: \x1b]0;gone\x07\nDisallow: /a*\x1b[31m\xe2\x80\xae\xff*\n")

    _, out, _ = run("http://foo.example/a%1B[31m%E2%80%AE%FF", "--file", path)

    assert "line 3" in out
    assert out.isprintable() or all(each.isprintable() or each == "\n" for each in out)


def test_a_file_of_hundreds_of_names_is_told_in_short(run, tmp_path):
    path = tmp_path / "robots.txt"
    path.write_text(
        "User-agent: *\n" + "".join(f"User-agent: bot{n}\n" for n in range(500)) + "Disallow: /\n"
    )

    assert "and 491 more" in run("http://foo.example/", "--file", path)[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a URL"),
        (["ftp://x"], "'ftp://x' is no http(s) URL"),
        ([""], "'' is no http(s) URL"),
        (["http://user:secret@"], "no http(s) URL"),
        (["x.example", "--agent", " "], "--agent"),
        (["x.example", "--file", "nowhere.txt"], "cannot read 'nowhere.txt'"),
        (["x.example", "--file", "\0"], "cannot read"),
        (["x.example", "--flie", "x"], "did you mean --file?"),
        (["x.example", "--timeout", "soon"], "'soon'"),
        (["x.example", "--follow"], "--follow is a flag of a crawl"),
    ],
)
def test_what_is_typed_wrong_is_quoted(run, words, said):
    code, out, err = run(*words)

    assert (code, out) == (2, "")
    assert said in err
    assert "secret" not in err


def test_help_lists_its_own_flags(run):
    out = run("--help")[1]

    assert all(flag in out for flag in ("--agent", "--file", "--json"))
    assert "--per-host" not in out
