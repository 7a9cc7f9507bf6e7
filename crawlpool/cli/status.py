"""`crawlpool status JOB`: how far a crawl is, what failed, and what to type next."""

import argparse
import json
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..job.looking import is_held
from ..job.reading import Counts, Run, counts_of, last_positions, meta_of, runs_of
from ..job.schema import State
from ..job.waits import waits_of
from .figures import count, seconds, size
from .flags import Parser, new_parser, parse
from .jobs import Row, iso, moment, one_job, opened, rows_of, say, table
from .manners import cause_in_words

_USAGE = "crawlpool status [FLAG ...] JOB"
_DESCRIPTION = """\
Show how far a crawl is, also while it runs: what waits, what was answered, what
failed, where the records are, and what to type to go on.

JOB is a job file, books.jsonl.job, or the output beside it, books.jsonl."""

_HOSTS = 10
_STATES = {
    State.WAITING: "waiting",
    State.ANSWERED: "answered",
    State.FAILED: "failed",
    State.LEFT_OUT: "left out",
}
_ENDINGS = {
    "finished": "it was finished",
    "max_pages": "it reached --max-pages",
    "max_time": "it reached --max-time",
    "stopped": "it was interrupted",
    "error": "an error ended it",
    "network": "the network was gone",
    None: "it was killed, or the machine stopped",
}


def status(words: Sequence[str]) -> int:
    """Show the state of a job; the exit code is that of `cli.main`."""
    given = parse(parser(), words)
    known = _known(one_job(given, "crawlpool status JOB"))
    if given.json:
        say(json.dumps(known, indent=2).splitlines())
        return 0
    say([_headline(known), *table(_rows(known))])
    return 0


def parser() -> Parser:
    """The flags."""
    made = new_parser(_USAGE, description=_DESCRIPTION)
    made.add_argument("words", nargs="*", metavar="JOB", help=argparse.SUPPRESS)
    made.add_argument("--json", action="store_true", help="Write one JSON object, for programs.")
    return made


def _known(word: str) -> dict[str, Any]:
    """All that is shown, as plain values: what `--json` writes."""
    with opened(word) as (path, db):
        meta = meta_of(db)
        owner = meta.get("owner") if isinstance(meta.get("owner"), dict) else {}
        held = is_held(path, owner)
        runs = runs_of(db)
        counts = counts_of(db, most_hosts=_HOSTS)
        positions = last_positions(db)
        waits = waits_of(db, time.time(), most=_HOSTS)
    outputs = meta.get("outputs")
    names = [*outputs] if isinstance(outputs, list) else []
    urls = counts.states.total() - counts.states[State.LED_TO]
    bytes_ = _bytes_of(path)
    return {
        "job": str(path),
        "running": held,
        "owner": owner if held else None,
        "state": meta.get("state") if isinstance(meta.get("state"), str) else "unfinished",
        "ended": meta.get("ended", runs[-1].ended if runs else None),
        "began": iso(runs[0].began_at) if runs else None,
        "runs": [_run(run) for run in runs],
        "urls": urls,
        "states": {name: counts.states[state] for state, name in _STATES.items()},
        **_counted(counts),
        "waits": {wait.host: {"seconds": round(wait.left_s, 1), "why": wait.why} for wait in waits},
        "records": counts.items,
        "read_bytes": counts.bytes,
        "outputs": {str(name): positions.get(name) for name in [*names, *(set(positions) - set(names))]},
        "file_bytes": bytes_,
        "bytes_per_url": round(bytes_ / urls) if urls else None,
        "command": meta.get("command") if isinstance(meta.get("command"), dict) else None,
        "seeds_read": meta.get("seeds_read"),
    }


def _counted(counts: Counts) -> dict[str, Any]:
    def by_most(counter: Counter[Any]) -> dict[str, int]:
        return {str(name): n for name, n in counter.most_common()}

    return {
        "statuses": {str(status): n for status, n in sorted(counts.statuses.items())},
        "failures": by_most(counts.kinds),
        "left_out": by_most(counts.left_out),
        "not_followed": by_most(counts.skipped),
        "hosts": by_most(counts.hosts),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "began": iso(run.began_at),
        "ended": iso(run.ended_at),
        "how": run.ended,
        "seconds": None if run.ended_at is None else round(run.ended_at - run.began_at, 3),
        "version": run.version,
        "pid": run.pid,
        "machine": run.machine,
    }


def _bytes_of(path: Path) -> int:
    total = 0
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            total += file.stat().st_size
        except OSError:  # the log goes when nobody has the file open
            continue
    return total


def _headline(known: dict[str, Any]) -> str:
    states = known["states"]
    done = known["urls"] - states["waiting"]
    if known["running"]:
        owner = known["owner"]
        since = moment(owner.get("since"))[11:19]
        how = f"is running, in process {owner.get('pid', '?')} on {owner.get('machine', '?')}"
        how += f" since {since}" if since else ""
    elif not known["runs"]:
        how = "has not begun"
    elif known["state"] == "finished":
        how = "is finished"
    else:
        ending = known["ended"]
        how = f"is not finished: {_ENDINGS.get(ending, str(ending))}"
        if known["running"] is None:
            how += " (whether it runs just now cannot be known on a disk that is read only)"
    waiting = f", {count(states['waiting'])} waiting" if states["waiting"] else ""
    return f"The crawl in {known['job']} {how}. {count(done)} of {count(known['urls'], 'URL')} done{waiting}."


def _rows(known: dict[str, Any]) -> list[Row]:
    states = known["states"]
    return [
        *rows_of("URLs", [",  ".join(f"{count(n)} {name}" for name, n in states.items() if n)]),
        *rows_of("answers", [_listed(known["statuses"])]),
        *rows_of("failed", [_listed(known["failures"])]),
        *rows_of("left out", [_listed(known["left_out"])]),
        *rows_of("links not followed", [_listed(known["not_followed"])]),
        *rows_of("hosts", [f"{name}  {count(n, 'page')}" for name, n in known["hosts"].items()]),
        *rows_of(
            "left alone",
            [
                f"{name}  for {seconds(wait['seconds'])}: {cause_in_words(wait['why'])}"
                for name, wait in known["waits"].items()
            ],
        ),
        *rows_of("records", [count(known["records"]) if known["records"] else ""]),
        *rows_of("outputs", [f"{name}  {_place(at)}" for name, at in known["outputs"].items()]),
        *rows_of("runs", [_runs(known)]),
        *rows_of("job file", [_file(known)]),
        *rows_of("next", _next(known)),
    ]


def _listed(counter: dict[str, int]) -> str:
    return ",  ".join(f"{count(n)} x {name.replace('_', ' ') or '?'}" for name, n in counter.items())


def _place(position: Any) -> str:
    if isinstance(position, dict):
        if isinstance(position.get("bytes"), int):
            return f"whole up to byte {position['bytes']:,}"
        if isinstance(position.get("rowid"), int):
            return f"whole up to row {position['rowid']:,}"
    return "nothing yet" if position is None else f"whole up to {json.dumps(position)}"


def _runs(known: dict[str, Any]) -> str:
    runs = known["runs"]
    if not runs:
        return ""
    took = sum(run["seconds"] or 0 for run in runs)
    is_open = any(run["seconds"] is None for run in runs)
    began = _local(known["began"])
    said = f"{count(len(runs))}, the first one begun {began}"
    if took > 0:
        said += f"; {seconds(took)} in all" + (", those apart that were killed or go on" if is_open else "")
    return said


def _local(text: str | None) -> str:
    from datetime import datetime  # noqa: PLC0415

    return "?" if text is None else moment(datetime.fromisoformat(text).timestamp())[:19]


def _file(known: dict[str, Any]) -> str:
    per_url = known["bytes_per_url"]
    return size(known["file_bytes"]) + (f", {count(per_url, 'byte')} a URL" if per_url else "")


def _next(known: dict[str, Any]) -> list[str]:
    """What would go on with it, as words to type."""
    job = shlex.quote(known["job"])
    lines = []
    if known["running"]:
        lines.append("Ctrl-C ends it; the same command then goes on.")
    elif known["state"] != "finished":
        is_full = known["ended"] == "max_pages"
        what = "The same command with a higher --max-pages" if is_full else "The same command"
        lines.append(f"{what} goes on where it stopped{_command(known)}.")
    if known["failures"]:
        lines.append(
            f"crawlpool failures {job} lists what failed"
            + ("." if known["running"] else f", and crawlpool retry {job} asks it again.")
        )
    return lines


def _command(known: dict[str, Any]) -> str:
    """The words of the crawl as far as they are kept; the rest of its flags are the user's to know."""
    kept = known["command"] or {}
    if isinstance(kept.get("crawl_file"), str):
        return f": crawlpool {shlex.quote(kept['crawl_file'])}, and its other flags"
    words, outputs = kept.get("words"), kept.get("output")
    if not isinstance(words, list) or not words:
        return ""
    typed = [str(word) for word in words]
    for name in outputs if isinstance(outputs, list) else ():
        typed += ["-o", str(name)]
    for flag in ("column", "handler", "failed"):
        if isinstance(kept.get(flag), str):
            typed += [f"--{flag}", kept[flag]]
    return f": crawlpool {shlex.join(typed)}, and its other flags"
