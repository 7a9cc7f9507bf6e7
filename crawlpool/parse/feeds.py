"""Feeds as lists of pages: RSS 2.0 (and 1.0), Atom (RFC 4287), JSON Feed 1.1."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..urls import join
from .sitemap import Entry, Kind, Reader

_MOST_JSON: Final = 4 * 1024 * 1024
"""Characters of a JSON Feed: unlike XML, it is read as a whole."""


class Rss:
    """The `link` of each `item`; its `guid` when there is none (RSS 2.0, "Elements of <item>")."""

    def __init__(self, reader: Reader, found: list[Entry]) -> None:
        """Write to what was found."""
        self._reader = reader
        self._found = found
        self._is_item = False
        self._link = self._guid = self._date = ""
        self._is_guid_link = False

    def start(self, name: str, prefix: str, attributes: Mapping[str, str], path: list[str]) -> bool:
        """See `Shape.start`."""
        parent = path[-2]
        if name == "item" and parent in {"channel", "RDF"}:
            self._is_item = True
            self._link = self._guid = self._date = ""
            return False
        if not self._is_item or parent != "item":
            return False
        if name == "guid":
            self._is_guid_link = attributes.get("isPermaLink", "true").lower() != "false"
        return (name == "link" and "href" not in attributes and prefix != "atom") or name in {
            "guid",
            "pubDate",
            "date",  # dc:date
        }

    def end(self, name: str, text: str, path: list[str]) -> None:
        """See `Shape.end`."""
        if not self._is_item:
            return
        if name == "item":
            self._is_item = False
            url = self._link or self._guid
            if url:
                self._reader.add(self._found, url, Kind.PAGE, self._date)
        elif path[-2] != "item" or not text:
            return
        elif name == "link":
            self._link = self._link or text
        elif name == "guid" and self._is_guid_link:
            self._guid = text
        elif name in {"pubDate", "date"}:
            self._date = self._date or text


class Atom:
    """The alternate links of each `entry`: the first is its page, others are alternates of it (RFC 4287, 4.2.7)."""

    def __init__(self, reader: Reader, found: list[Entry]) -> None:
        """Write to what was found."""
        self._reader = reader
        self._found = found
        self._bases = [reader.base]
        self._links: list[tuple[str, str]] = []
        self._updated = self._published = ""

    def start(self, name: str, prefix: str, attributes: Mapping[str, str], path: list[str]) -> bool:  # noqa: ARG002
        """See `Shape.start`."""
        base = attributes.get("xml:base")
        self._bases.append((join(self._bases[-1], base) if base else None) or self._bases[-1])
        if len(path) == 2 and name == "entry":
            self._links = []
            self._updated = self._published = ""
        if len(path) != 3 or path[1] != "entry":
            return False
        if name == "link" and attributes.get("rel", "alternate").lower() == "alternate":
            href = attributes.get("href", "").strip()
            if href and len(self._links) < 100:
                self._links.append((href, self._bases[-1]))
        return name in {"updated", "published"}

    def end(self, name: str, text: str, path: list[str]) -> None:
        """See `Shape.end`."""
        self._bases.pop()
        if len(path) == 2 and name == "entry":
            date = self._updated or self._published
            kind = Kind.PAGE
            for href, base in self._links:
                if self._reader.add(self._found, href, kind, date, base=base):
                    kind = Kind.ALTERNATE
        elif len(path) == 3 and path[1] == "entry":
            if name == "updated":
                self._updated = text
            elif name == "published":
                self._published = text


def json_entries(reader: Reader, first: str, pieces: Iterator[str]) -> Iterator[list[Entry]]:
    """The `url` of each of a JSON Feed's items; `external_url` when there is none."""
    parts, size = [first], len(first)
    for piece in pieces:
        size += len(piece)
        if size > _MOST_JSON:
            reader.faults.append(f"it is JSON of more than {_MOST_JSON // (1024 * 1024)} MiB")
            return
        parts.append(piece)
    try:
        feed: Any = json.loads("".join(parts))
    except (ValueError, RecursionError) as error:
        reader.faults.append(f"bad JSON: {str(error)[:100]}")
        return
    items = feed.get("items")
    if "jsonfeed.org/version/" not in str(feed.get("version", ""))[:100] or not isinstance(items, list):
        reader.faults.append("it is JSON and no JSON Feed")
        return
    reader.format = "JSON Feed"
    for at in range(0, len(items), 200):
        found: list[Entry] = []
        for item in items[at : at + 200]:
            if isinstance(item, dict):
                url = _text_in(item, "url") or _text_in(item, "external_url")
                date = _text_in(item, "date_modified") or _text_in(item, "date_published")
                if url:
                    reader.add(found, url, Kind.PAGE, date)
        yield found


def _text_in(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return value.strip()[:8192] if isinstance(value, str) else ""
