"""What must be true after a crawl, whatever befell it: the output against the site, the log of requests, the folder."""

import csv
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from .world import World

Record = dict[str, Any]


def records_in(path: Path) -> list[Record]:
    """Every record of an output, by its suffix; half a record is an error."""
    if path.suffix == ".jsonl":
        text = path.read_text(encoding="utf-8")
        assert not text or text.endswith("\n"), f"{path.name} ends in the middle of a line: {text[-80:]!r}"
        return [json.loads(line) for line in text.splitlines()]
    if path.suffix in {".csv", ".tsv"}:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",", strict=True))
        assert all(None not in row and None not in row.values() for row in rows), f"{path.name}: a torn row"
        return [dict(row) for row in rows]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.row_factory = sqlite3.Row
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'pages'").fetchall():
            return []  # broken off before the first record
        return [dict(row) for row in db.execute("SELECT * FROM pages")]


def check_records(world: World, path: Path, expected: Iterable[str] = ()) -> None:
    """One record for each URL, of all or of those expected, with its status and where its redirect ended."""
    wanted = set(expected) or world.facts.keys()
    records = records_in(path)
    counts = Counter(record["url"] for record in records)
    twice = {url: n for url, n in counts.items() if n > 1}
    assert not twice, f"{path.name} has more than once: {twice}"
    missing = wanted - counts.keys()
    assert not missing, f"{path.name} lacks {len(missing)} of {len(wanted)}: {sorted(missing)[:5]}"
    strange = counts.keys() - wanted
    assert not strange, f"{path.name} has what the site has not: {sorted(strange)[:5]}"
    for record in records:
        fact = world.facts[record["url"]]
        if record["error_kind"] != "worker_lost":
            assert (str(record["status"]), record["final_url"]) == (str(fact.status), fact.final_url), record


def check_items(world: World, path: Path) -> None:
    """Each item of each page once."""
    found = Counter((item["page"], item["final"], int(item["part"])) for item in records_in(path))
    wanted = Counter(
        (fact.url, fact.final_url, part) for fact in world.facts.values() for part in range(fact.parts)
    )
    twice = {item: n for item, n in found.items() if n > 1}
    assert not twice, f"{path.name} has more than once: {twice}"
    assert found == wanted, (
        f"{path.name} lacks {sorted(wanted - found)[:5]}, has {sorted(found - wanted)[:5]} too many"
    )


def check_failed(world: World, path: Path) -> None:
    """The list of failures has each URL that failed once."""
    lines = path.read_text(encoding="utf-8").splitlines()
    listed = Counter(line for line in lines if not line.startswith("#"))
    wanted = Counter(fact.url for fact in world.facts.values() if fact.status >= 400)
    assert listed == wanted, f"{path.name} lacks {wanted - listed}, and has {listed - wanted} too many"


def check_whole_so_far(world: World, path: Path, *, has_items: bool) -> int:
    """What an unfinished output has: no page twice, of every page all its items or none; how many records."""
    records = records_in(path)
    if not has_items:
        counts = Counter(record["url"] for record in records)
        assert max(counts.values(), default=1) == 1, counts.most_common(3)
        assert counts.keys() <= world.facts.keys()
        return len(records)
    parts: dict[str, list[int]] = {}
    for item in records:
        parts.setdefault(item["page"], []).append(int(item["part"]))
    for url, numbers in parts.items():
        assert sorted(numbers) == list(range(world.facts[url].parts)), (url, numbers)
    return len(records)


def repeats(world: World) -> Counter[str]:
    """How often each URL was asked more than it needs to be."""
    return world.asked - world.needed


def check_asked_again_only_what_died(world: World) -> int:
    """Without a death of main, only what a dead worker had in hand is asked again; how many such requests."""
    with_the_dead = Counter(url for url, arrival in world.arrivals if arrival.port in world.dead_ports)
    again = repeats(world)
    for url, times in again.items():
        assert times <= with_the_dead[url], (
            f"{url} was asked {times} times more than needed, {with_the_dead[url]} times by workers that died: "
            f"{[(arrival.at, arrival.port) for asked, arrival in world.arrivals if asked == url]}"
        )
    return again.total()


def check_given_up_for_cause(world: World, path: Path, most: int = 6) -> set[str]:
    """The URLs that are recorded as worker_lost; each has really been with so many workers that died."""
    with_the_dead = Counter(url for url, arrival in world.arrivals if arrival.port in world.dead_ports)
    given_up = {record["url"] for record in records_in(path) if record["error_kind"] == "worker_lost"}
    for url in given_up:
        times = max(with_the_dead[url], with_the_dead[world.facts[url].final_url])
        assert times >= most, f"{url} was given up, and only {times} workers died that had asked for it"
    return given_up


def check_folder(folder: Path, expected: set[str]) -> None:
    """Nothing lies around but what is expected."""
    there = {path.name for path in folder.iterdir()}
    assert there <= expected, f"left over: {sorted(there - expected)}"
