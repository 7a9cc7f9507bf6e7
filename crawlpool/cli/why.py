"""`crawlpool why URL --job JOB`: why a URL was fetched, skipped, retried or slow, and where its records are."""

import argparse
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..frontiers.written import bindable
from ..job import story
from ..job.looking import is_held
from ..job.reading import meta_of, settings_of
from ..job.schema import State
from ..job.story import Row as Found
from ..job.story import Span, Try
from ..job.waits import waits_of
from ..targets import Targets
from ..traps import REASONS as TRAPS
from ..urls import host, normalise, place, public
from .figures import count, seconds, size
from .flags import Parser, new_parser, parse
from .jobs import Row, moment, opened, rows_of, say, table
from .manners import cause_in_words

_USAGE = "crawlpool why URL --job JOB"
_DESCRIPTION = """\
Tell the story of one URL: which page led to it, every attempt, what came of it and
where its records are; or why it was not followed, or that nobody named it."""

_STEPS = 10


def why(words: Sequence[str]) -> int:
    """Tell what a job knows of one URL; the exit code is that of `cli.main`, 6 for a URL that it does not know."""
    given = parse(parser(), words)
    if len(given.words) != 1 or not given.words[0].strip():
        more = f", not {' '.join(repr(public(word)) for word in given.words)}" if given.words else ""
        raise ConfigError(f"name one URL{more}: {_USAGE}")
    if given.job is None:
        raise ConfigError(
            f"say which job: crawlpool why {public(given.words[0])} --job JOB, such as books.jsonl.job"
        )
    with opened(given.job) as (path, db):
        urls = _meant(given.words[0], _targets(db))
        near = _near(urls[0])
        began = time.perf_counter()
        found = story.find(db, [*urls, *near])
        looked_s = time.perf_counter() - began
        exact = [row for row in found if row.url in urls]
        if exact:
            for row in exact:
                say(_told(db, path, row))
            return 0
        others = [row.url for row in found]
        skip = next(filter(None, (story.skip_of(db, url) for url in urls)), None)
        if skip is not None:
            say([
                f"{urls[0]} was not followed: {_reason(skip.why)}",
                *table([("found on", skip.found_on), ("at", moment(skip.at)), *_beside(others)]),
            ])  # fmt: skip
            return 0
        say(_unknown(db, urls[0], others, looked_s))
        return 6


def parser() -> Parser:
    """The flags."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="URL", help=argparse.SUPPRESS)
    made.add_argument(
        "--job", metavar="JOB", help="The job file, books.jsonl.job, or the output beside it, books.jsonl."
    )
    return made


def _targets(db: sqlite3.Connection) -> Targets:
    """What the crawl asks for a URL, as far as its settings are kept."""
    kept = settings_of(db)
    strip = kept.get("strip_params")
    words = [str(each) for each in strip] if isinstance(strip, list) else []
    return Targets(words, is_sorted=kept.get("sort_params") is True)


def _meant(typed: str, targets: Targets) -> list[str]:
    """What is asked for the URL, its normal form, and the text as it is, for what never was a URL."""
    text = public(typed.strip())
    normal = normalise(text) or (normalise(f"https://{text}") if "://" not in text else None)
    named = [] if normal is None else [targets.tidy(normal), normal]
    return list(dict.fromkeys([*named, bindable(text)]))


def _near(url: str) -> list[str]:
    """The same page under other names: with or without a slash at the end, www., or the s of https."""
    if normalise(url) is None:
        return []
    at = place(url)
    host = at.host.removeprefix("www.") if at.host.startswith("www.") else f"www.{at.host}"
    path, mark, query = at.path.partition("?")
    slashed = path.rstrip("/") if path.endswith("/") else f"{path}/"
    made = (
        normalise(f"{scheme}://{name}{way}{mark}{query}")
        for name in (at.host, host)
        for scheme in ("https", "http")
        for way in (path, slashed)
    )
    return [each for each in dict.fromkeys(made) if each is not None and each != url]


def _told(db: sqlite3.Connection, path: Path, row: Found) -> Iterator[str]:
    method = row.request.get("method", "GET")
    yield f"{row.url}{'' if method == 'GET' else f' ({method})'}: {_end(db, path, row)}"
    rows: list[Row] = []
    if row.listed:
        source = row.request.get("source")
        is_from_sitemap = str(source).startswith(("http://", "https://"))
        rows += rows_of(
            "listed", [f"in {source}" if is_from_sitemap else f"by you: {source}" if source else "by you"]
        )
    rows += rows_of("found on", _way(db, row))
    rows += rows_of("depth", [count(row.depth, "link") + " from a seed" if row.depth else ""])
    given = row.request.get("url")
    rows += rows_of("as given", [str(given) if given and given != row.url else ""])
    kept_back = row.request.get("withheld")
    if isinstance(kept_back, list) and kept_back:
        rows += rows_of("not kept", [f"{', '.join(map(str, kept_back))}: a job holds no secrets"])
    rows += rows_of("attempts", _tries(db, row))
    if row.final_url is not None:
        rows += rows_of("ended at", [row.final_url])
    rows += rows_of("records", _records(db, row))
    yield from table(rows)


def _end(db: sqlite3.Connection, path: Path, row: Found) -> str:
    """What became of it, in a few words."""
    if row.state == State.ANSWERED:
        read = f", {size(row.bytes)}" if row.bytes is not None else ""
        return f"answered with HTTP {row.status}{read}"
    if row.state == State.FAILED:
        behind = f" (its answer was HTTP {row.status})" if row.status is not None else ""
        return f"failed: {_kind(row.kind)}{behind}" + (f": {row.message}" if row.message else "")
    if row.state == State.LEFT_OUT:
        where = f", {row.message}" if row.message else ""
        return f"left out: {row.kind or 'no reason is kept'}{where}"
    if row.state == State.LED_TO:
        first = story.row_of(db, row.found_on) if row.found_on is not None else None
        return (
            f"a redirect of {first.url} led here, and its record is that one's"
            if first
            else "a redirect led here"
        )
    ahead = story.ahead_of(db, row)
    rests = _rests(db, row)
    if is_held(path, meta_of(db).get("owner")):
        return f"waiting, or just now with a worker: {_ahead(ahead)}{rests}"
    return f"waiting: {_ahead(ahead)}{rests}"


def _rests(db: sqlite3.Connection, row: Found) -> str:
    """Which rule keeps its host from being asked, and for how long."""
    waits = waits_of(db, time.time(), host=host(row.url)) if normalise(row.url) else []
    return "".join(
        f"; its host is left alone for {seconds(w.left_s)}: {cause_in_words(w.why)}" for w in waits
    )


def _ahead(n: int) -> str:
    if not n:
        return "it is the next of its host"
    return f"{count(n, 'URL')} of its host {'is' if n == 1 else 'are'} ahead of it"


def _kind(kind: str | None) -> str:
    return (kind or "no reason is kept").replace("_", " ")


def _way(db: sqlite3.Connection, row: Found) -> list[str]:
    """The pages that led here, the nearest first."""
    if row.state == State.LED_TO:
        return []
    lines, redirected = [], ""
    way = story.way_to(db, row, most=_STEPS)
    for step in way:
        if step.state == State.LED_TO:  # the page has this URL, and is the one of the row before it
            redirected = step.url
            continue
        to = f", which was redirected to {redirected}" if redirected else ""
        listed = f", listed{_in(step)}" if step.listed else ""
        lines.append(f"{step.url}{to}{listed}")
        redirected = ""
    if len(way) == _STEPS and way[-1].found_on is not None:
        lines.append("and so on")
    if not lines and isinstance(row.request.get("found_on"), str):
        lines.append(row.request["found_on"])
    return lines


def _in(row: Found) -> str:
    source = row.request.get("source")
    return f" as {source}" if source else ""


def _tries(db: sqlite3.Connection, row: Found) -> list[str]:
    lines = [_try(each, row) for each in story.tries_of(db, row)]
    if row.state in {State.ANSWERED, State.FAILED, State.LEFT_OUT} and row.at:
        came = f"HTTP {row.status}" if row.status is not None else _kind(row.kind)
        if row.state == State.LEFT_OUT and row.status is not None and 300 <= row.status < 400:
            came = f"{came}, a redirect"
        lines.append(_line(row.at, came, row.elapsed_s, row.worker, row.final_url))
    return lines


def _try(each: Try, row: Found) -> str:
    line = _line(
        each.at, each.came_to, each.elapsed_s, each.worker, each.target if each.target != row.url else None
    )
    if each.message:
        line += f": {each.message}"
    return line + (f"; next try after {seconds(each.wait_s)}" if each.wait_s else "")


def _line(at: float, came: str, took: float | None, worker: int | None, target: str | None) -> str:
    line = f"{moment(at)}  {came}"
    if took:
        line += f" after {seconds(took)}"
    if worker:
        line += f", by process {worker}"
    return line + (f", of {target}" if target else "")


def _records(db: sqlite3.Connection, row: Found) -> list[str]:
    if row.state not in {State.ANSWERED, State.FAILED} or row.items is None:
        return []
    if not row.items:
        return ["none; its handler gave none"] if row.state == State.ANSWERED else ["none"]
    lines = [line for span in story.spans_of(db, row.batch) if (line := _span(span))]
    return [count(row.items), *lines]


def _span(span: Span) -> str:
    """Where in an output the records are, as far as positions tell: a commit is of several URLs."""
    after = span.after if isinstance(span.after, dict) else {}
    before = span.before if isinstance(span.before, dict) else {}
    now = span.now if isinstance(span.now, dict) else {}
    if isinstance(after.get("rowid"), int):
        first = _number(before, "rowid") + 1
        return f"in {span.store}, among rows {first:,} to {after['rowid']:,}"
    if isinstance(after.get("bytes"), int):
        said = f"in {span.store}, between bytes {_number(before, 'bytes'):,} and {after['bytes']:,}"
        if after.get("columns") != now.get("columns"):
            return f"{said} as it was then; new columns have moved them since"
        return said
    return f"in {span.store}" if span.after is not None else ""


def _number(position: dict[str, Any], name: str) -> int:
    value = position.get(name)
    return value if isinstance(value, int) else 0


def _reason(text: str) -> str:
    explained = {
        "depth": "it is further from a seed than --depth allows",
        "not included": "no --include pattern matches it",
        "nofollow": "the page asks for none of its links to be followed (--no-x-robots-tag, --no-meta-robots)",
        "rel=nofollow": "every link to it asks for that (--no-rel-nofollow)",
        "url too long": "it has more characters than --max-url allows",
    }
    explained |= {why: f"a trap; --{knob.replace('_', '-')} allows more" for why, knob in TRAPS.items()}
    if text in explained:
        return f"{text}: {explained[text]}"
    if text.startswith("scope "):
        return f"{text}: it lies outside the crawl's --scope"
    if text.startswith("exclude "):
        return f"{text}: that --exclude pattern matches it"
    return text


def _beside(others: Sequence[str]) -> list[Row]:
    return rows_of("the job knows", list(dict.fromkeys(others)))


def _unknown(db: sqlite3.Connection, url: str, others: Sequence[str], looked_s: float) -> Iterator[str]:
    yield f"{url} is not known to this job: it was not listed, and no page that was read links to it."
    rows = _beside(others)
    if not story.are_skips_whole(db):
        rows += rows_of(
            "or", ["it was one of the links not followed; only the first 100,000 are kept by name"]
        )
    rows += rows_of("scope", [_scope(db, url)])
    rows += rows_of("looked for", [f"in all URLs, {seconds(looked_s)}"])
    yield from table(rows)


def _scope(db: sqlite3.Connection, url: str) -> str:
    """Whether a link to it would be followed."""
    kept = settings_of(db)
    if not kept or normalise(url) is None:
        return ""
    if not kept.get("follow"):
        return "this crawl follows no links by itself (--follow is off)"
    from ..scope import Scope  # noqa: PLC0415  imports stand where they are needed, so that starting is quick

    try:
        scope = Scope(
            str(kept.get("scope", "host")), tuple(kept.get("include") or ()), tuple(kept.get("exclude") or ())
        )
        for seed, end in story.seeds_of(db):
            if normalise(seed) == seed:
                scope.add_seed(seed)
                if end is not None:
                    scope.add_host_of(end)
        refusal = scope.why_not(url)
    except (ConfigError, ValueError, TypeError):  # a file that was edited
        return ""
    return (
        f"a link to it would not be followed: {_reason(refusal)}"
        if refusal
        else "a link to it would be followed"
    )
