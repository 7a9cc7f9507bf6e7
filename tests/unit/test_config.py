"""A knob is one declaration, and four ways to set it: flag, variable, key of a file, keyword; all the same."""

import json
import tomllib
from dataclasses import fields

import pytest
import trustme

from crawlpool import Crawler
from crawlpool.cli import main
from crawlpool.cli.config import toml
from crawlpool.cli.configfile import gathered
from crawlpool.cli.flags import crawl_parser, parse
from crawlpool.cli.schema import schema
from crawlpool.crawlfile import LARGEST, read_crawl_file
from crawlpool.errors import ConfigError
from crawlpool.settings import Settings, knobs
from crawlpool.settings.own import OWN
from crawlpool.settings.sources import from_environment, put_together, variable
from crawlpool.units import read_bytes, read_count, read_number, read_range, read_seconds

PARSER = crawl_parser()

NOT_KEPT = {"help", "version", "words", "config", "no_config", "dry_run"}
"""Flags that say how a file is used, or ask for something else than a crawl."""

BESIDE = {"since": {"sitemap": True}, "parse_workers": {"parse_in": "process"}}
"""What else a knob needs."""

SPECIAL = {
    "scope": ("prefix", "prefix", "prefix"),
    "backend": ("thread", "thread", "thread"),
    "transport": ("curl", "curl", "curl"),
    "parse_in": ("process", "process", "process"),
    "user_agent": ("me/1", "me/1", "me/1"),
    "since": ("2026-01-31", "2026-01-31", "2026-01-31"),
    "worker_memory": ("64M", "64M", 64 * 1024 * 1024),
    "workers": ("2..4", [2, 4], (2, 4)),
    "include": ("/a/**", ["/a/**"], ("/a/**",)),
    "exclude": ("/a/**", "/a/**", "/a/**"),
    "strip_params": ("utm_*,fbclid", ["utm_*", "fbclid"], ("utm_*", "fbclid")),
    "skip_duplicates": ("exact,near", ["exact", "near"], ("exact", "near")),
    "sitemap_url": ("http://a.example/map.xml", ["http://a.example/map.xml"], "http://a.example/map.xml"),
    "header": ("Accept: a:b", {"Accept": "a:b"}, {"Accept": "a:b"}),
    "cookie": ("k=v=w", {"k": "v=w"}, {"k": "v=w"}),
    "auth": ("https://a.example=u:p", {"https://a.example": ["u", "p"]}, {"https://a.example": ("u", "p")}),
    "bearer": ("t0k", "t0k", "t0k"),
    "proxy": ("http://127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1"),
    "insecure": ("localhost", ["localhost"], "localhost"),
    "resolve": ("a.example:80:192.0.2.1", ["a.example:80:192.0.2.1"], "a.example:80:192.0.2.1"),
    "cookie_file": ("cookies.txt", "cookies.txt", "cookies.txt"),
    "netrc": ("netrc", "netrc", "netrc"),
    "ca_file": ("ca.pem", "ca.pem", "ca.pem"),
    "client_cert": ("us.pem", {"": "us.pem"}, "us.pem"),
    "select": ("price=.price_color", {"price": ".price_color"}, {"price": ".price_color"}),
    "fields": ("url,title", ["url,title"], "url,title"),
}
"""What is typed, what a file holds, and what a program gives, where no rule below makes one."""

_BY_KIND = {
    read_count: ("77", 77, 77),
    read_seconds: ("44", "44s", 44),
    read_bytes: ("64k", 65536, 65536),
    read_number: ("2.5", 2.5, 2.5),
    read_range: ("3", 3, 3),
}


def example(field):
    """One value of a knob that is not its default, in the three forms it may have."""
    if field.name in SPECIAL:
        return SPECIAL[field.name]
    if isinstance(field.default, bool):
        return str(not field.default).lower(), not field.default, not field.default
    return _BY_KIND[knobs()[field.name].read]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty folder, with a file of each kind that a knob may name, and an environment without ours."""
    (tmp_path / "cookies.txt").write_text("a.example\tFALSE\t/\tFALSE\t0\tk\tv\n")
    (tmp_path / "netrc").write_text("machine a.example login u password p\n")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("us@a.example").private_key_and_cert_chain_pem.write_to_path(tmp_path / "us.pem")
    monkeypatch.chdir(tmp_path)
    for name in knobs():
        monkeypatch.delenv(variable(name), raising=False)
    return tmp_path


def typed(*words):
    return gathered(parse(PARSER, words))[0]


def written(text, name="crawlpool.toml"):
    with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123  in the folder of the test
        file.write(text)
    return name


def test_every_knob_is_the_same_by_flag_variable_file_and_keyword(here, monkeypatch):
    for field in fields(Settings):
        name, beside = field.name, BESIDE.get(field.name, {})
        text, value, keyword = example(field)
        wanted = getattr(Settings(**{name: keyword, **beside}), name)
        assert wanted != field.default, name

        is_switch = isinstance(field.default, bool)
        dashed = name.replace("_", "-")
        flag = [f"--{'no-' if field.default else ''}{dashed}"] if is_switch else [f"--{dashed}", text]
        also = [f"--{key.replace('_', '-')}={each}".removesuffix("=True") for key, each in beside.items()]
        by_flag = typed(*flag, *also)
        lines = [f"{key} = {toml(each)}\n" for key, each in {name: value, **beside}.items()]
        by_file = typed("--config", written("".join(lines), "other.toml"))
        for key, each in {**beside, name: text}.items():
            monkeypatch.setenv(variable(key), "yes" if each is True else each)
        by_variable = typed()
        for key in (name, *beside):
            monkeypatch.delenv(variable(key))

        assert [getattr(each, name) for each in (by_flag, by_file, by_variable)] == [wanted] * 3, name


def test_a_value_that_will_not_do_is_refused_in_each_place_and_the_place_is_named(monkeypatch):
    for name, knob in knobs().items():
        if knob.least is None:
            continue
        with pytest.raises(ConfigError) as by_flag:
            typed(f"--{name.replace('_', '-')}=-1")
        written(f"{name} = -1\n")
        with pytest.raises(ConfigError) as by_file:
            typed()
        written(f'{name} = "-1"\n')
        with pytest.raises(ConfigError) as by_text:
            typed()
        written("")
        monkeypatch.setenv(variable(name), "-1")
        with pytest.raises(ConfigError) as by_variable:
            typed()
        monkeypatch.delenv(variable(name))
        with pytest.raises(ConfigError) as by_keyword:
            Settings(**{name: -1})

        said = str(by_keyword.value).removeprefix(f"{name} is -1, and ")
        assert said.startswith("should be ")
        assert str(by_flag.value) == f"--{name.replace('_', '-')}: '-1' {said}"
        assert str(by_variable.value) == f"{variable(name)}: '-1' {said}"
        assert str(by_text.value) == f"crawlpool.toml, key \"{name}\": '-1' {said}"
        assert str(by_file.value) == f'crawlpool.toml, key "{name}": is -1, and {said}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("per-host = 4", 'crawlpool.toml: unknown key "per-host"; did you mean per_host?'),
        ("no_robots = true", 'crawlpool.toml: unknown key "no_robots"; write robots = false'),
        ("frobnicate = 4", 'crawlpool.toml: unknown key "frobnicate"; crawlpool config lists all'),
        ("[settings]\ndelay = 1", 'unknown key "settings"'),
        ('seeds = ["a.txt"]', 'crawlpool.toml: key "seeds" belongs under [crawl]'),
        ("[crawl]\noutptu = 'a'", 'unknown key "outptu"; did you mean output?'),
        ("crawl = 5", 'crawlpool.toml, key "crawl": should be a table, [crawl]'),
        ("delay = 1\n[crawl]\ndelay = 2", 'key "crawl.delay": stands at the top of the file, too'),
        ("[crawl]\nfresh = true\nappend = true", 'key "crawl.append": cannot be given together with fresh'),
        ("[crawl]\nseeds = [5]", 'key "crawl.seeds": [5] should be a text, or a list of them'),
        ("[crawl]\nquiet = 'yes'", "key \"crawl.quiet\": 'yes' should be true or false"),
        ("[crawl]\nverbose = -1", 'key "crawl.verbose": -1 should be a whole number, or true'),
        ("[crawl]\nhandler = 5", 'key "crawl.handler": 5 should be a text'),
        ("robots = 'no'", "key \"robots\": 'no' should be true or false"),
        ("delay = 'soon'", "key \"delay\": 'soon' should be seconds, such as 30, 0.5, 250ms, 10m or 2h"),
        ("delay = [1]", 'key "delay": is [1], and should be a number'),
        ("delay = nan", 'key "delay": is nan, and should be 0 or more'),
        (
            "scope = 'hosts'",
            "key \"scope\": 'hosts' should be one of host, domain, prefix, all; did you mean host?",
        ),
        ("scope = 5", 'key "scope": unknown scope 5; known: all, domain, host, prefix'),
        ("since = 12:00:00\nsitemap = true", 'key "since": '),
        ("include = 5", 'key "include": holds 5, and should hold texts'),
        ("header = 5", 'key "header": holds what is of type int'),
        ("header = { 'A B' = 'c' }", "key \"header\": 'A B': a header's name is one word"),
        (
            "allow_private = true\ndeny_private = true",
            'key "allow_private": allow_private and deny_private are',
        ),
        ("delay = ", "crawlpool.toml is not valid TOML: "),
        ("a = " + "[" * 5000, "crawlpool.toml is not valid TOML: "),
        ("#" * (LARGEST + 1), "crawlpool.toml is longer than 1 MiB"),
    ],
)
def test_what_a_file_says_wrong_is_named_with_file_and_key(text, said):
    written(text)
    with pytest.raises(ConfigError) as caught:
        typed()
    assert said in str(caught.value)


def test_a_file_of_bytes_that_are_no_text_is_refused(here):
    (here / "crawlpool.toml").write_bytes(b"delay = '\xff'")
    with pytest.raises(ConfigError, match=r"crawlpool\.toml is no text in UTF-8"):
        typed()


def test_a_file_that_an_editor_of_windows_wrote_is_read(here):
    (here / "crawlpool.toml").write_bytes(b"\xef\xbb\xbfdelay = 2\r\n")
    assert typed().delay == 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "CRAWLPOOL_PERHOST",
            "4",
            "unknown environment variable CRAWLPOOL_PERHOST; did you mean CRAWLPOOL_PER_HOST?",
        ),
        ("CRAWLPOOL_NO_ROBOTS", "1", "did you mean CRAWLPOOL_ROBOTS=false?"),
        ("CRAWLPOOL_OUTPUT", "a.csv", "CRAWLPOOL_OUTPUT: --output has no environment variable"),
        ("CRAWLPOOL_ROBOTS", "maybe", "CRAWLPOOL_ROBOTS: 'maybe' should be true or false"),
        ("CRAWLPOOL_INCLUDE", '["/a", 5]', "should be one value, or a list of them such as"),
        ("CRAWLPOOL_INCLUDE", '["/a"', "should be one value, or a list of them such as"),
        ("CRAWLPOOL_HEADER", "s3cret", "CRAWLPOOL_HEADER: the value should be a name, a colon and a value"),
        ("CRAWLPOOL_HEADER", '["A: s3cret', "CRAWLPOOL_HEADER: the value should be one value, or a list"),
        ("CRAWLPOOL_AUTH", "s3cret", "CRAWLPOOL_AUTH: should be [ORIGIN=]USER:PASSWORD"),
        ("CRAWLPOOL_PROXY", "u:s3cret@a", "is not a URL of a proxy"),
    ],
)
def test_a_variable_that_will_not_do_is_named_and_no_secret_is_quoted(name, value, said):
    with pytest.raises(ConfigError) as caught:
        put_together([from_environment({name: value}, others=tuple(OWN))])
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_variables_that_are_empty_or_of_somebody_else_set_nothing():
    layer = from_environment(
        {"CRAWLPOOL_DELAY": "", "CRAWLPOOL_PORT_8000_TCP": "x", "CRAWLPOOL_PORT": "tcp://a"}
    )
    assert layer.values == {}


def test_several_values_are_a_list_in_a_variable_and_one_needs_no_brackets():
    several = from_environment(
        {"CRAWLPOOL_INCLUDE": '["/a/**", "/b"]', "CRAWLPOOL_RESOLVE": "[::1]:80:[::1]"}
    )
    assert several.values["include"] == ("/a/**", "/b")
    assert len(several.values["resolve"]) == 1
    assert from_environment({"CRAWLPOOL_INCLUDE": "[]"}).values["include"] == ()


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(monkeypatch):
    assert typed().retries == 2
    written("retries = 3\ninclude = ['/a', '/b']\n")
    assert typed().retries == 3
    monkeypatch.setenv("CRAWLPOOL_RETRIES", "4")
    assert typed().retries == 4
    assert typed("--retries", "5").retries == 5
    assert typed("--retries", "2").retries == 2, "also when it says what the default is"
    assert typed("--include", "/c").include == ("/c",), "a list is replaced as a whole"
    monkeypatch.delenv("CRAWLPOOL_RETRIES")
    assert typed("--no-config").retries == 2
    assert typed("--config", written("retries = 6", "other.toml")).retries == 6


def test_what_was_not_typed_is_said_once_unless_quiet(monkeypatch, capsys):
    written("retries = 3\ndelay = 1\n")
    monkeypatch.setenv("CRAWLPOOL_PER_HOST", "4")
    typed("--delay", "2")
    assert (
        capsys.readouterr().err
        == "settings of crawlpool.toml: retries\nsettings of the environment: per_host\n"
    )
    typed("--quiet")
    typed("--no-config", "--per-host", "3")
    assert capsys.readouterr().err == ""


def test_dates_and_nested_tables_of_toml_are_taken_as_they_are():
    written(
        "since = 2026-01-31\nsitemap = true\n[header]\nAccept-Language = 'de'\nX-Key = 'k'\n[select]\nprice = '.p'\n"
    )
    settings = typed()
    assert settings.since == "2026-01-31"
    assert settings.header == (("Accept-Language", "de"), ("X-Key", "k"))
    assert settings.select == (("price", ".p"),)


def test_files_that_a_file_names_are_seen_from_its_folder(here, monkeypatch):
    (here / "inner").mkdir()
    (here / "token").write_text("t0k\n")
    text = (
        "cookie_file = 'cookies.txt'\nclient_cert = { 'https://a.example' = 'us.pem' }\nbearer = 'file:token'\n"
        "auth = ['https://a.example=file:login']\nheader = { X-Key = 'file:token' }\n"
        "[crawl]\nseeds = ['urls.txt', 'https://a.example/', '-', 'b.example/c']\noutput = ['out.csv', '-']\n"
        "handler = 'shop.py:parse'\njob = '/elsewhere/a.job'\n"
    )
    (here / "login").write_text("u:p")
    (here / "urls.txt").write_text("")
    file = read_crawl_file(written(text))
    assert file.crawl["seeds"] == ["urls.txt", "https://a.example/", "-", "b.example/c"], "as it was written"
    monkeypatch.chdir(here / "inner")
    file = read_crawl_file("../crawlpool.toml")
    settings = put_together([file.layer])[0]

    assert settings.cookie_file == str(here / "cookies.txt") or settings.cookie_file.endswith(
        "inner/../cookies.txt"
    )
    assert settings.bearer == (("", "t0k"),)
    assert settings.auth == (("https://a.example", "u:p"),)
    assert settings.header == (("X-Key", "t0k"),)
    assert settings.client_cert[0][1].endswith("us.pem")
    assert file.crawl["seeds"] == ["../urls.txt", "https://a.example/", "-", "b.example/c"]
    assert file.crawl["output"] == ["../out.csv", "-"]
    assert file.crawl["handler"] == "../shop.py:parse"
    assert file.crawl["job"] == "/elsewhere/a.job"


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("auth = 'u:p'\n", ("auth",)),
        ("auth = { 'https://a.example' = ['u', 'p'] }\n", ("auth",)),
        ("bearer = ['https://a.example=t']\ncookie = { k = 'v' }\n", ("bearer", "cookie")),
        ("header = { X-Key = 'k' }\n", ("header",)),
        ("header = { Accept-Language = 'de' }\n", ()),
        ("header = { X-Key = 'env:KEY' }\n", ()),
        ("auth = 'env:LOGIN'\nbearer = 'https://a.example=file:token'\n", ()),
        ("proxy = 'http://u:p@127.0.0.1:1'\n", ("proxy",)),
        ("proxy = 'http://127.0.0.1:1'\n", ()),
    ],
)
def test_secrets_in_a_file_that_others_may_read_are_pointed_out(here, text, secrets):
    path = here / written(text)
    path.chmod(0o644)
    assert read_crawl_file(str(path)).open_secrets == secrets
    path.chmod(0o600)
    assert read_crawl_file(str(path)).open_secrets == ()


def test_a_header_may_come_from_the_environment_or_a_file(here, monkeypatch):
    monkeypatch.setenv("KEY", "k")
    assert Settings(header={"X-Key": "env:KEY"}).header == (("X-Key", "k"),)
    assert typed("-H", "X-Key: env:KEY", "--cookie", "a=env:KEY").cookie == (("a", "k"),)
    with pytest.raises(ConfigError, match="--header: there is no environment variable 'NONE'"):
        typed("-H", "X-Key: env:NONE")
    monkeypatch.setenv("KEY", "env:KEY")
    with pytest.raises(ConfigError, match="begins with env: or file: itself"):
        Settings(header={"X-Key": "env:KEY"})


# What shows them


def test_what_config_prints_is_a_file_that_says_the_same(capsys, monkeypatch):
    kept = {}
    lines = []
    for field in fields(Settings):
        if field.name not in {"deny_private", "since"}:
            kept[field.name] = example(field)[2]
            lines.append(f"{field.name} = {toml(example(field)[1])}\n")
    written("".join(lines))
    monkeypatch.setenv("CRAWLPOOL_RETRIES", "4")
    assert main(["config", "--delay", "3", "--backend", "process"]) == 0
    shown = capsys.readouterr().out

    for secret in ("t0k", '"p"', "v=w", "a:b", ":p"):
        assert secret not in shown
    rows = {line.partition(" = ")[0]: line for line in shown.splitlines() if " = " in line}
    assert {name.removeprefix("# ") for name in rows} == set(knobs())
    assert rows["retries"].split() == ["retries", "=", "4", "#", "CRAWLPOOL_RETRIES"]
    assert rows["delay"].split() == ["delay", "=", "3.0", "#", "--delay"]
    assert rows["per_host"].split("#")[1].strip() == 'crawlpool.toml, key "per_host"'
    assert rows["# deny_private"] == "# deny_private = false"
    assert rows["# auth"].endswith('# crawlpool.toml, key "auth"; not shown')
    was = typed("--delay", "3", "--backend", "process")
    monkeypatch.delenv("CRAWLPOOL_RETRIES")
    again = typed("--config", written(shown, "again.toml"))
    for name, knob in knobs().items():
        if not knob.is_secret:
            assert getattr(again, name) == getattr(was, name), name


def test_config_shows_what_was_changed_alone_when_asked(capsys):
    written("delay = 1\n[crawl]\nseeds = 'https://a.example/'\n", "shop.toml")
    assert main(["config", "--changed", "shop.toml"]) == 0
    assert capsys.readouterr().out.split("\n")[0] == "# Politeness"
    assert main(["config", "--changed"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope.toml"], "no file 'nope.toml' here"),
        (["urls.txt"], "config takes one file of settings, which ends in .toml; 'urls.txt' is none"),
        (["--timout", "3"], "unknown flag --timout; did you mean --timeout?"),
    ],
)
def test_config_says_what_it_cannot_take(words, said, capsys):
    assert main(["config", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("value", ["", 'a"b\\c', "\x00\x1f\x7f\n\t", "ä\u2028🕸", "# no comment"])
def test_any_text_can_be_written_as_toml(value):
    assert tomllib.loads(f"x = {toml(value)}\ny = {toml({value: [value]})}") == {
        "x": value,
        "y": {value: [value]},
    }


def test_the_schema_takes_what_a_file_may_say_and_nothing_else(capsys):
    assert main(["config", "--schema"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == schema()
    assert set(said["properties"]) == {*knobs(), "crawl"}
    assert set(said["properties"]["crawl"]["properties"]) == {*knobs(), *OWN}
    assert said["additionalProperties"] is False
    for field in fields(Settings):
        rule = said["properties"][field.name]
        assert fits(example(field)[1], rule), field.name
        assert rule["description"]
        if knobs()[field.name].least is not None:
            assert not fits(-1, rule), field.name


def fits(value, rule):
    """Whether a value is one that a schema allows, as far as ours go."""
    if "anyOf" in rule:
        return any(fits(value, each) for each in rule["anyOf"])
    if "enum" in rule:
        return value in rule["enum"]
    kinds = {
        "integer": int,
        "number": int | float,
        "string": str,
        "boolean": bool,
        "array": list,
        "object": dict,
    }
    if "type" in rule and not isinstance(value, kinds[rule["type"]]):
        return False
    if isinstance(value, list) and "items" in rule and not all(fits(each, rule["items"]) for each in value):
        return False
    return not isinstance(value, int | float) or rule.get("minimum", value) <= value <= rule.get(
        "maximum", value
    )


def test_a_files_keys_are_the_commands_flags():
    flags = {action.dest for action in crawl_parser()._actions}
    assert set(OWN) - {"seeds"} == flags - set(knobs()) - NOT_KEPT, (
        "a flag of the command has a row in settings/own.py"
    )


# The library


def test_the_library_reads_a_file_and_looks_at_no_environment_unless_told(monkeypatch):
    path = written("retries = 3\ndelay = 1\n", "shop.toml")
    monkeypatch.setenv("CRAWLPOOL_RETRIES", "4")
    written("workers = 5")
    assert Crawler.from_file(path).settings.retries == 3
    assert Crawler.from_file(path).settings.workers is None
    assert Crawler(delay=2).settings.retries == 2
    told = Crawler.from_file(path, environ={"CRAWLPOOL_RETRIES": "4"}, delay=2, backend="sync").settings
    assert (told.retries, told.delay, told.backend) == (4, 2, "sync")


@pytest.mark.parametrize(
    ("knob", "said"),
    [
        ({"delay": -1}, "delay is -1, and should be 0 or more"),
        ({"dely": 1}, "unknown knob 'dely'; did you mean delay?"),
        ({"backend": "thred"}, "unknown backend 'thred'"),
    ],
)
def test_a_keyword_that_will_not_do_is_named_as_ever(knob, said):
    with pytest.raises(ConfigError) as caught:
        Crawler.from_file(written("", "shop.toml"), **knob)
    assert str(caught.value).startswith(said)


def test_a_handler_that_is_not_there_is_complained_of_with_the_key():
    written("[crawl]\nhandler = 'shop.py:parse'\n", "shop.toml")
    with pytest.raises(ConfigError) as caught:
        Crawler.from_file("shop.toml")
    assert str(caught.value) == 'shop.toml, key "crawl.handler": shop.py:parse: no file shop.py'
