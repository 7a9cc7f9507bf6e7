"""What both sites are made with."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

HOME = Path(__file__).resolve().parents[1]
EXPECTED = HOME.parent / "fixtures" / "expected"

_ABOUT = {
    "asked": "Every path that is asked for, each exactly once, with the status of that answer.",
    "records": "One record for each URL found; final is the path that answered, where that is another one.",
    "unrecorded": "Found and asked for, but without a record of their own, and why.",
    "never_asked": "Paths that are never asked for, and why.",
    "unreached": "Files that no answer to the paths above comes from: all others are reached. robots.txt is asked for besides.",
}


@dataclass
class Site:
    """A site while it is made.

    Attributes:
        name: Its folder.
        files: Contents by path.
        asked: Status by the path that a crawl asks for.
        records: What a crawl records of a path.
        unrecorded: Why a path that is asked for has no record.
        never_asked: Why a path is not asked for.
        unreached: Files that no crawl sees.
    """

    name: str
    files: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    records: dict[str, dict[str, object]] = field(default_factory=dict)
    unrecorded: dict[str, str] = field(default_factory=dict)
    never_asked: dict[str, str] = field(default_factory=dict)
    unreached: list[str] = field(default_factory=list)

    def found(self, path: str, title: str | None, status: int = 200) -> None:
        """Expect that this path is asked for and recorded."""
        self.asked[path] = status
        self.records[path] = {"status": status, "title": title}

    def refused(self, path: str, why: str) -> None:
        """Expect that robots.txt keeps a crawl from this path, which it finds."""
        self.records[path] = {"failure": "robots"}
        self.never_asked[path] = why

    def known(self, path: str, why: str, status: int = 301) -> None:
        """Expect that this path is asked for, and leads to what has a record already."""
        self.asked[path] = status
        self.unrecorded[path] = why

    def expected(self) -> str:
        """What a crawl must find, as a file."""
        text: dict[str, object] = {
            "about": f"What a crawl of sample_sites/{self.name} that follows links from / and makes no retries should find.",
            "made": "worked out by sample_sites/make from what the pages are made of, and compared with two crawlers.",
        }
        for name, about in _ABOUT.items():
            value = getattr(self, name)
            text[f"{name}_about"] = about
            text[name] = sorted(value) if isinstance(value, list) else dict(sorted(value.items()))
        return json.dumps(text, indent=2, ensure_ascii=False) + "\n"


def pick(choices: Sequence[T], *what: object) -> T:
    """One of them, always the same for the same words."""
    return choices[zlib.crc32(" ".join(map(str, what)).encode()) % len(choices)]


def number(low: int, high: int, *what: object) -> int:
    """A number from `low` to `high`, always the same for the same words."""
    return low + zlib.crc32(" ".join(map(str, what)).encode()) % (high - low + 1)


def page(title: str, site: str, nav: Mapping[str, str], main: str, *, head: str = "", foot: str = "") -> str:
    """A whole page in HTML.

    Args:
        title: Of the page, as text.
        site: Name of the site, as text.
        nav: Links of the head, texts by href.
        main: Its body, as HTML.
        head: Lines for its head, as HTML.
        foot: Its foot, as HTML.
    """
    items = "\n".join(f'    <a href="{escape(href)}">{escape(text)}</a>' for href, text in nav.items())
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{escape(title)} | {escape(site)}</title>
  <link rel="stylesheet" href="/style.css">
{head}</head>
<body>
  <header>
{items}
  </header>
  <main>
{main}  </main>
  <footer>
{foot}  </footer>
</body>
</html>
"""


STYLE = """\
body { margin: 0; font: 17px/1.55 Georgia, serif; color: #23303b; background: #fbfaf7; }
header, footer { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: 1rem 5vw; background: #e6ecec; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 5vw 3rem; }
a { color: #1f5d6b; }
a.new { color: #a3392b; }
aside, table { float: right; margin: 0 0 1rem 1.5rem; padding: .6rem 1rem; border: 1px solid #d5d0c3; background: #fff; }
.meta, .small { font-size: .85rem; color: #5d6a74; }
"""


def write(folder: Path, files: Mapping[str, str]) -> int:
    """Write files that are not there just so; how many that were."""
    changed = 0
    for name, text in files.items():
        path, data = folder / name, text.encode("utf-8")
        if path.exists() and path.read_bytes() == data:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        changed += 1
    return changed
