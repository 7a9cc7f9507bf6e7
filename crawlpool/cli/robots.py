"""`crawlpool robots URL`: whether robots.txt lets a URL be fetched, and which line of it says so."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..model import Failure, Outcome, Request, Response
from ..polite.robots import Robots, robots_url, spelled
from ..polite.robotsfile import MOST_BYTES, agents_of
from ..settings import Settings, knobs
from ..settings.politeness import product_token
from ..urls import normalise, place, public
from .configfile import gathered
from .figures import seconds, size
from .flags import Parser, add_knobs, asks_for_help, new_parser, parse
from .jobs import Row, rows_of, say, table

_USAGE = "crawlpool robots [FLAG ...] URL ..."
_DESCRIPTION = """\
Say of each URL whether robots.txt lets it be fetched, and which line says so; besides,
the Crawl-delay and the sitemaps that it names. Exit code 3 when one may not be fetched.

The robots.txt of each URL's origin is fetched as a crawl does it. Flags of a crawl that
are about speed, politeness and requests may be given besides, such as --user-agent or
--timeout; crawlpool help crawl lists them."""

_GROUPS = ("Speed", "Politeness", "Requests")
_NOT_ALL = 3
_MOST_SHOWN = 10
_LANES = 8


def robots(words: Sequence[str]) -> int:
    """Judge URLs by robots.txt; the exit code is that of `cli.main`, 3 when one may not be fetched."""
    if asks_for_help(words):
        parser().print_help()
        return 0
    given = parse(whole_parser(), words)
    settings, came = gathered(given)
    if not given.words:
        raise ConfigError(f"name a URL: {_USAGE}")
    urls = [_url(word) for word in given.words]
    token = settings.token if given.agent is None else _token(given.agent)
    origins = list(dict.fromkeys(place(url).origin for url in urls))
    outcomes = _from_file(given.file, origins) if given.file is not None else _asked(settings, came, origins)
    read = {origin: Robots.from_outcome(outcome, token=token) for origin, outcome in outcomes.items()}
    found = [
        _judged(url, token, read[place(url).origin], outcomes[place(url).origin], file=given.file)
        for url in urls
    ]
    if given.json:
        say(json.dumps(each, ensure_ascii=False) for each in found)
    else:
        say(line for each in found for line in (_verdict(each), *table(_rows(each))))
    return 0 if all(each["allowed"] for each in found) else _NOT_ALL


def parser() -> Parser:
    """The flags of its own; some of a crawl are there besides."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="URL", help=argparse.SUPPRESS)
    made.add_argument(
        "--agent",
        metavar="NAME",
        help="Judge for the crawler of this name; its robots.txt is asked for under our own. "
        "Default: the first word of --user-agent.",
    )
    made.add_argument(
        "--file",
        metavar="FILE",
        help="Judge by this file in place of the origins' robots.txt, and fetch nothing; - is standard input.",
    )
    made.add_argument(
        "--json", action="store_true", help="Write one JSON object a line for each URL, for programs."
    )
    return made


def whole_parser() -> Parser:
    """All that it takes."""
    made = parser()
    add_knobs(made, _GROUPS)
    return made


def _url(word: str) -> str:
    text = public(word.strip())
    url = normalise(text) or (normalise(f"https://{text}") if text and "://" not in text else None)
    if url is None:
        raise ConfigError(f"{public(word)!r} is no http(s) URL")
    return url


def _token(agent: str) -> str:
    """The product token of a name, or of a whole User-Agent; two words without a version are no name (RFC 9309, 2.2.1)."""
    if not agent.strip():
        raise ConfigError(f"--agent: {agent!r} should be a crawler's name, such as mybot")
    return product_token(agent) if "/" in agent or len(agent.split()) == 1 else agent.strip()


def _asked(settings: Settings, came: Iterable[str], origins: Sequence[str]) -> dict[str, Outcome]:
    """Ask each origin, as a crawl does."""
    from ..errands import MOST_HOPS  # noqa: PLC0415  imports stand where they are needed, so that starting is quick
    from ..fetching import fetch_all  # noqa: PLC0415

    known = knobs()
    typed: dict[str, Any] = {name: getattr(settings, name) for name in came if known[name].group in _GROUPS}
    ours: dict[str, Any] = {"robots": False, "max_redirects": MOST_HOPS, "max_body": MOST_BYTES}
    usual = {"backend": "thread", "workers": min(len(origins), _LANES)}
    pages = fetch_all([robots_url(origin) for origin in origins], **{**usual, **typed, **ours})
    return {origin: page.outcome for origin, page in zip(origins, pages, strict=True)}


def _from_file(name: str, origins: Sequence[str]) -> dict[str, Outcome]:
    """Take a file of this machine for what each origin has said."""
    try:
        if name == "-":
            body = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                body = file.read(MOST_BYTES + 1)
    except (OSError, ValueError, AttributeError) as error:  # too long, a NUL in it, standard input closed
        raise ConfigError(f"cannot read {name!r}: {getattr(error, 'strerror', None) or error}") from None
    return {
        origin: Response(
            request=Request(robots_url(origin)),
            status=200,
            body=body[:MOST_BYTES],
            size=len(body),
            is_cut=len(body) > MOST_BYTES,
        )
        for origin in origins
    }


def _judged(url: str, token: str, rules: Robots, outcome: Outcome, *, file: str | None) -> dict[str, Any]:
    """All that is said of one URL, as plain values: what `--json` writes."""
    rule = rules.deciding(url) if rules.group else None
    response = outcome if isinstance(outcome, Response) else None
    agents = [] if rule is None or response is None else agents_of(response.body, rule.number)
    failed = f"{outcome.kind.value}: {outcome.message}" if isinstance(outcome, Failure) else None
    return {
        "url": url,
        "agent": token,
        "allowed": rules.is_allowed(url),
        "why": rules.why(url),
        "line": None if rule is None else rule.number,
        "rule": None if rule is None else spelled(rule),
        "group": agents,
        "crawl_delay_s": rules.crawl_delay_s,
        "sitemaps": list(rules.sitemaps),
        "robots": {
            "url": robots_url(place(url).origin) if file is None else None,
            "file": file,
            "final_url": outcome.request.target or outcome.request.url if file is None else None,
            "status": None if response is None or file is not None else response.status,
            "error": failed,
            "bytes": None if response is None else response.size,
            "is_cut": response is not None and response.is_cut,
        },
    }


def _verdict(known: dict[str, Any]) -> str:
    return f'{known["url"]} may {"" if known["allowed"] else "not "}be fetched by "{known["agent"]}"'


def _rows(known: dict[str, Any]) -> list[Row]:
    delay_s = known["crawl_delay_s"]
    return [
        *rows_of("why", [_why(known)]),
        *rows_of("robots.txt", [_source(known["robots"])]),
        *rows_of("delay", ["" if delay_s is None else f"{seconds(delay_s)} between two requests"]),
        *rows_of("sitemaps", _some(known["sitemaps"])),
    ]


def _why(known: dict[str, Any]) -> str:
    if known["rule"] is None:
        return str(known["why"])
    agents = _some([f'"{agent}"' for agent in known["group"]])
    return f'line {known["line"]}, "{known["rule"]}", of the group for {", ".join(agents)}'


def _source(source: dict[str, Any]) -> str:
    if source["file"] is not None:
        return f"{source['file']}, {size(source['bytes'])}{', cut' if source['is_cut'] else ''}"
    came = source["error"] or f"HTTP {source['status']}, {size(source['bytes'])}"
    way = f", from {source['final_url']}" if source["final_url"] != source["url"] else ""
    return f"{source['url']}: {came}{', cut' if source['is_cut'] else ''}{way}"


def _some(shown: list[str]) -> list[str]:
    more = len(shown) - _MOST_SHOWN
    return shown if more <= 0 else [*shown[:_MOST_SHOWN], f"and {more:,} more"]
