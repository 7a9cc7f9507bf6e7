"""A generated site: as many pages as you like, the same for the same seed.

What makes it like a real one: sizes are log-normal around 60 KB; some 60 links a
page, of which a few pages get most (hubs) and many get one; links as an absolute
path, relative, or with a fragment; nav, paragraphs, lists, tables, figures, code;
letters of many scripts, entities, tags that are never closed, attributes without
quotes. And traps: what looks like a link in comments, scripts, `template` and
`textarea` leads to /trap/, which is not there.

Every page but the first is linked from one that was made before it, so all can be
reached from "/".
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

MEAN_BYTES = 60_000
LINKS = 60
_SPREAD = 0.5  # sigma of the log-normal sizes
_SECTION = 50  # pages a folder
_REACH = 300  # how far back the page may be that links here first
_FOREIGN = (
    "café",
    "Straße",
    "Łódź",
    "тишина",
    "данные",
    "東京",
    "検索",
    "서울",
    "Αθήνα",
    "שלום",
    "سلام",
    "½",
    "🐙",
)
_ENTITIES = ("&amp;", "&nbsp;", "&lt;b&gt;", "&eacute;", "&#8212;", "&hellip;", "&#x2192;", "R&D")
_MARKUP = ("<em>{}</em>", "<b>{}</b>", '<span class="note" data-n="3">{}</span>', "<code>{}</code>")
_HEAD = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/look.css">
<meta name="description" content="{title}, and what belongs to it">
<script type="application/ld+json">{{"@type":"Article","url":"/trap/data-{n}.html"}}</script>
<script>var more = '<a href="/trap/script-{n}.html">more</a>'; if (1 < 2 && more) {{ window.more = more }}</script>
<style>nav a {{ padding: 0 .3em }} td {{ border: 1px solid }}</style></head>
<body id=p{n}><!-- <a href="/trap/comment-{n}.html">old</a> -->
<header><a href="#main">Skip</a> <a href="mailto:desk@paper.invalid?subject={n}">Write</a>
<a href="javascript:void(0)">Menu</a><nav><ul>
"""
_FOOT = """\
</ol></aside><template><a href="/trap/template-{n}.html">{{{{ name }}}}</a></template>
<form action="/search"><textarea name=q><a href="/trap/textarea-{n}.html">paste</a></textarea><button>Go</button></form>
<footer><p>&copy; page {n} <a href="https://printer.invalid/?page={n}&amp;lang=en" rel="nofollow">Print</a></footer>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What was written.

    Attributes:
        paths: Path of each page as it stands in a URL, percent-encoded; the first is "/".
    """

    paths: tuple[str, ...]

    def faults(self, asked: Mapping[str, int]) -> list[str]:
        """What is wrong with a crawl that asked for each path so often; robots.txt is free."""
        pages = set(self.paths)
        counts = {
            "pages were never asked for": sum(path not in asked for path in pages),
            "pages were asked for more than once": sum(asked.get(path, 0) > 1 for path in pages),
            "paths that are no page were asked for": len(asked.keys() - pages - {"/robots.txt"}),
        }
        return [f"{count} {what}" for what, count in counts.items() if count]


def write_site(
    folder: Path, *, pages: int, mean_bytes: int = MEAN_BYTES, links: int = LINKS, seed: int = 1
) -> Site:
    """Write a site into a folder.

    Args:
        folder: It is there, and empty.
        pages: How many, at least one.
        mean_bytes: Mean size of a page.
        links: Mean number of links to other pages on a page.
        seed: Another seed gives another site.
    """
    chance = random.Random(seed)  # noqa: S311  it has to be repeatable
    words = _words(chance)
    sentences = [_sentence(words, chance) for _ in range(2000)]
    names = [" ".join(chance.choices(words, k=3)) for _ in range(pages)]
    paths = ["/"]
    for number in range(1, pages):
        slug = names[number].replace(" ", "-") + ("-東京" if number % 40 == 7 else "")
        paths.append(f"/{words[number // _SECTION % len(words)]}/{slug}-{number}.html")
    graph = _graph(pages, links, chance)
    for number, path in enumerate(paths):
        size = mean_bytes * chance.lognormvariate(-(_SPREAD**2) / 2, _SPREAD)
        anchors = [_anchor(path, paths[target], names[target], chance) for target in graph[number]]
        text = "".join(_page(number, names[number], anchors, int(size), sentences=sentences, chance=chance))
        file = folder / (path[1:] or "index.html")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "robots.txt").write_text("User-agent: *\nDisallow: /search\n", encoding="utf-8")
    return Site(tuple(quote(path) for path in paths))


def _words(chance: random.Random) -> list[str]:
    """Some words that look like a language, each once, in an order of their own."""
    starts, middles, ends = (
        "bdfgklmnprstv",
        ["a", "e", "i", "o", "u", "ai", "ou"],
        ["", "n", "r", "s"],
    )
    syllables = [start + middle for start in starts for middle in middles]
    found = {
        "".join(chance.choices(syllables, k=chance.randint(1, 3))) + chance.choice(ends): None
        for _ in range(6000)
    }
    return list(found)


def _sentence(words: Sequence[str], chance: random.Random) -> str:
    said = chance.choices(words[:1500], k=chance.randint(7, 22))
    for odd, share in ((_FOREIGN, 0.3), (_ENTITIES, 0.2)):
        if chance.random() < share:
            said[chance.randrange(len(said))] = chance.choice(odd)
    if chance.random() < 0.3:
        place = chance.randrange(len(said))
        said[place] = chance.choice(_MARKUP).format(said[place])
    return f"{' '.join(said)}. "


def _graph(pages: int, links: int, chance: random.Random) -> list[list[int]]:
    """Which pages each page links to."""
    graph: list[list[int]] = [[] for _ in range(pages)]
    for page in range(1, pages):
        graph[chance.randrange(max(0, page - _REACH), page)].append(page)
    ranks = list(range(pages))
    chance.shuffle(ranks)
    for targets in graph:
        more = max(0, round(chance.gauss(links, links / 6)) - len(targets))
        targets += [
            ranks[int(pages * chance.random() ** 2)] for _ in range(more)
        ]  # the square makes the hubs
        chance.shuffle(targets)
    return graph


def _anchor(here: str, there: str, name: str, chance: random.Random) -> str:
    """A link from a page to another, in one of the ways in which people write them."""
    href = quote(there)
    folder = here.rpartition("/")[0]
    if chance.random() < 0.4 and here != "/":
        beside = there.startswith(f"{folder}/")
        href = quote(there[len(folder) + 1 :]) if beside else f"..{href}"
    if chance.random() < 0.06:
        href += f"#part-{chance.randint(1, 5)}"
    kind = chance.random()
    if kind < 0.04:
        return f"<A HREF={href}>{name}</A>"
    if kind < 0.1:
        return f"<a rel='nofollow noopener' href='{href}'><i>{name}</i></a>"
    return f'<a href="{href}" title="On {name}, &quot;in short&quot;">{name}</a>'


def _page(
    number: int,
    name: str,
    anchors: Sequence[str],
    size: int,
    *,
    sentences: Sequence[str],
    chance: random.Random,
) -> Iterator[str]:
    """The page in pieces: a sixth of the links in its head, a quarter in its foot, the others in the text."""
    title = f"{name.capitalize()}{' &amp; more' if number % 9 == 4 else ''}"
    head, foot = len(anchors) // 6, len(anchors) - len(anchors) // 4
    yield _HEAD.format(title=title, n=number)
    yield from (f"<li>{anchor}</li>\n" for anchor in anchors[:head])
    yield f'</ul></nav></header><main id="main"><h1>{title}</h1>\n'
    waiting = list(reversed(anchors[head:foot]))
    room = max(
        1, size - len(_HEAD) - len(_FOOT) - sum(map(len, anchors[:head])) - sum(map(len, anchors[foot:]))
    )
    count, used, part = len(waiting), 0, 0
    while waiting or used < room:
        part += 1
        due = max(0, len(waiting) - int(count * max(0.0, 1 - used / room)))
        block = _block(part, [waiting.pop() for _ in range(due)], sentences, chance)
        used += len(block)
        yield block
    yield "</main><aside><ol>\n"
    yield from (
        f"<li><div class=card>{anchor}<small>{len(anchor)} seen</small></div>\n" for anchor in anchors[foot:]
    )
    yield _FOOT.format(n=number)


def _block(part: int, anchors: Sequence[str], sentences: Sequence[str], chance: random.Random) -> str:
    """A paragraph, a list, a table, or a figure with code, with the links in it."""
    said = chance.choices(sentences, k=chance.randint(4, 9))
    mixed = [*said, *(f"{anchor} " for anchor in anchors)]
    chance.shuffle(mixed)
    kind = chance.random()
    if kind < 0.65:
        close = "</p>" if chance.random() < 0.7 else ""
        return f"<h2 id=part-{part}>Part {part}</h2>\n<p>{''.join(mixed)}{close}\n"
    if kind < 0.8:
        return f"<ul class=list>\n{''.join(f'<li>{line}' for line in mixed)}</ul>\n"
    if kind < 0.93:
        rows = "".join(f"<tr class='r{k % 2}'><td>{k}<td>{line}</td></tr>\n" for k, line in enumerate(mixed))
        return f'<table class="data"><caption>Table {part}</caption><tbody>\n{rows}</tbody></table>\n'
    return (
        f'<figure><img src="/picture-{part}.jpg" alt="Picture {part}" width=640><figcaption>{"".join(mixed)}'
        f"</figcaption></figure>\n<pre><code>if (a &lt; {part}) {{ a &amp;= b; }}</code></pre>\n"
    )
