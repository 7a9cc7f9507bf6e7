"""The wiki: dense links, names in all scripts, redirects, categories, and copies of every page by query.

A crawl from the main page finds every article once. It is kept from the talk pages
by robots.txt, and from old revisions by rel=nofollow; who follows those gets each
page four times.
"""

import re
import unicodedata
import zlib
from html import escape
from urllib.parse import quote

from .islands import HOLMS, Article, articles
from .shared import STYLE, Site, page, pick

NAME = "The Skerry Wiki"
NAV = {"/": "Main page", "/wiki/Special:AllPages": "All pages", "/wiki/Special:Random": "Random page"}
FOOT = '    <p class="small">The islands of this wiki are not there. They were made for crawlers to practise on.</p>\n'

ALIASES = {
    "Eider duck": "Eider",
    "Eiders": "Eider duck",  # a redirect to a redirect
    "grásey": "Grásey",
    "Gra\u0301sey": "Grásey",  # the same letters, decomposed: another URL
    "Oyvik": "Øyvik",
    "Thorsholm": "Þorshólm",
    "Higashi no shima": "東の島",
    "Lighthouses": "Lighthouse#Keepers",
    "Shipwreck": "Wreck",
    "Home page": "",
}
ELSEWHERE = (
    ("https://bücher.example/skerries", "A history in print"),
    ("https://xn--bcher-kva.example/maps", "Maps from the same shop"),
    ("http://skerry。example/", "A full stop that is not ours"),
    ("https://аррӏе.example/", "Letters that look like others"),
    ("https://de.skerry.example/wiki/Gr%C3%A1sey", "Deutsch"),
    ("mailto:editors@skerry.example", "Write to us"),
)
MISSING = ("Ghost Light", "The Winter Ferry", "Zeehond")  # articles that nobody wrote
GONE = "Sunken Tower"


def site() -> Site:
    """All of it."""
    made = Site("wiki")
    known = articles()
    rules = ["# Titles are paths, as people write them; files have plainer names.\n"]
    for article in known:
        _article(made, rules, article, known)
    _categories(made, rules, known)
    _disambiguation(made, rules)
    _lists(made, rules, known)
    _edges(made, rules)
    made.files["_redirects"] = "".join(rules)
    made.files["robots.txt"] = (
        "# Articles are for everybody; talk, and what changes pages, is for people.\n"
        "User-agent: *\nDisallow: /wiki/Talk:\nDisallow: /w/\n"
    )
    made.files["style.css"] = STYLE
    made.unreached += ["_redirects", "robots.txt", "style.css", "talk.html"]
    made.never_asked["/style.css"] = "a style sheet is not a page"
    made.never_asked["/articles/grasey.html"] = "the name of a file, to which no link leads"
    return made


def path_of(title: str) -> str:
    """The path of an article, as the URL standard serialises it."""
    name, mark, section = title.partition("#")
    return f"/wiki/{quote(name.replace(' ', '_'), safe='()_:,.!-')}{mark}{section}" if name else "/"


def _file_of(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))
    return f"{words or 'title'}-{zlib.crc32(title.encode()):08x}" if len(words) * 2 < len(title) else words


def _article(made: Site, rules: list[str], article: Article, known: list[Article]) -> None:
    title, path, file = article.title, path_of(article.title), f"articles/{_file_of(article.title)}.html"
    rules.append(f"{path}  /{file}  200\n")
    made.files[file] = _page(title, article, known)
    made.found(path, f"{title} | {NAME}")
    talk = f"/wiki/Talk:{path.removeprefix('/wiki/')}"
    made.refused(talk, "Disallow: /wiki/Talk:")
    rules.append(f"{talk}  /talk.html  200\n")


def _page(title: str, article: Article, known: list[Article]) -> str:
    rows = "".join(
        f"      <tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n"
        for name, value in article.facts.items()
    )
    text = "".join(f"    <p>{_linked(each, title)}</p>\n" for each in article.text)
    others = [each.title for each in known if each.category == article.category and each.title != title]
    start = known.index(article) % max(1, len(others))
    beside = " ·\n      ".join(_link(each, each) for each in (others * 2)[start : start + 6])
    about = path_of(title).removeprefix("/wiki/")
    main = f"""\
    <h1>{escape(title)}</h1>
    <table class="infobox">
{rows}    </table>
{text}    <h2 id="Keepers">See also</h2>
    <p class="beside">
      {beside}
    </p>
    <p class="categories">Category: <a href="/wiki/Category:{article.category}">{article.category}</a></p>
"""
    revision = 1000 + zlib.crc32(title.encode()) % 9000
    foot = f"""\
    <a href="/wiki/Talk:{about}">Talk</a>
    <a rel="nofollow" href="/w/index.php?title={about}&amp;action=edit">Edit</a>
    <a rel="nofollow" href="?action=history">History</a>
    <a rel="nofollow" href="?oldid={revision}">Older version</a>
    <a rel="nofollow" href="?printable=yes">For printing</a>
"""
    return page(
        title, NAME, NAV, main, head=f'  <link rel="canonical" href="{path_of(title)}">\n', foot=foot + FOOT
    )


def _linked(text: str, on: str) -> str:
    """Text with its [[links]] as HTML."""
    parts = re.split(r"\[\[([^]|]+)(?:\|([^]]+))?\]\]", text)
    found = [escape(parts[0])]
    for title, words, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found += [_link(title, words or title, on), escape(after)]
    return "".join(found)


def _link(title: str, words: str, on: str = "") -> str:
    """A link as editors write them: mostly escaped, now and then just typed."""
    href = path_of(title) if pick((0, 1, 2), on, title) else f"/wiki/{title.replace(' ', '_')}"
    return f'<a href="{escape(href)}">{escape(words)}</a>'


def _categories(made: Site, rules: list[str], known: list[Article]) -> None:
    for category in sorted({article.category for article in known}):
        within = sorted(article.title for article in known if article.category == category)
        items = "".join(f"      <li>{_link(title, title)}</li>\n" for title in within)
        main = f"    <h1>Category: {category}</h1>\n    <p>{len(within)} articles.</p>\n    <ul>\n{items}    </ul>\n"
        title, path = f"Category: {category}", f"/wiki/Category:{category}"
        made.files[f"categories/{category.lower()}.html"] = page(title, NAME, NAV, main, foot=FOOT)
        rules.append(f"{path}  /categories/{category.lower()}.html  200\n")
        made.found(path, f"{title} | {NAME}")


def _disambiguation(made: Site, rules: list[str]) -> None:
    items = "".join(f"      <li>{_link(each, each)}</li>\n" for each in (*HOLMS, "Ragged Holm", "MV Holm"))
    main = f"    <h1>Holm</h1>\n    <p>Holm may be any of these:</p>\n    <ul>\n{items}    </ul>\n"
    made.files["articles/holm.html"] = page("Holm", NAME, NAV, main, foot=FOOT)
    rules.append("/wiki/Holm  /articles/holm.html  200\n")
    made.found("/wiki/Holm", f"Holm | {NAME}")


def _lists(made: Site, rules: list[str], known: list[Article]) -> None:
    titles = sorted(article.title for article in known)
    items = "".join(f"      <li>{_link(title, title)}</li>\n" for title in titles)
    main = f"    <h1>All pages</h1>\n    <p>{len(titles)} articles.</p>\n    <ul>\n{items}    </ul>\n"
    made.files["articles/all-pages.html"] = page("All pages", NAME, NAV, main, foot=FOOT)
    rules.append("/wiki/Special:AllPages  /articles/all-pages.html  200\n")
    made.found("/wiki/Special:AllPages", f"All pages | {NAME}")

    first = [known[at] for at in (0, 2, 7, 24, 40, 55, 62)]
    shown = "".join(
        f"      <li>{_link(each.title, each.title)}: {_linked(each.text[0], each.title)}</li>\n"
        for each in first
    )
    categories = ", ".join(
        f'<a href="/wiki/Category:{each}">{each}</a>'
        for each in sorted({article.category for article in known})
    )
    aliases = ", ".join(f'<a href="{path_of(each)}">{escape(each)}</a>' for each in ALIASES)
    missing = ", ".join(
        f'<a class="new" rel="nofollow" href="/w/index.php?title={quote(each)}&amp;action=edit">{each}</a>'
        for each in MISSING
    )
    elsewhere = "".join(
        f'      <li><a href="{escape(href)}">{escape(words)}</a></li>\n' for href, words in ELSEWHERE
    )
    main = f"""\
    <h1>Welcome to the Skerry Wiki</h1>
    <p>{len(known)} articles on the Far Skerries, in these categories: {categories}.</p>
    <ul>
{shown}    </ul>
    <h2>Other names</h2>
    <p>{aliases}, <a href="/wiki/Holm">Holm</a>, <a href="{path_of(GONE)}">{GONE}</a>.</p>
    <h2>Nobody has written yet</h2>
    <p>{missing}, and <a href="/wiki/The_Last_Page">the last page</a>.</p>
    <h2>Elsewhere</h2>
    <ul>
{elsewhere}    </ul>
"""
    head = '  <link rel="canonical" href="/">\n  <link rel="search" type="application/opensearchdescription+xml" href="/w/search.xml">\n'
    made.files["index.html"] = page("Main page", NAME, NAV, main, head=head, foot=FOOT)
    made.found("/", f"Main page | {NAME}")


def _edges(made: Site, rules: list[str]) -> None:
    """Redirects, what is gone, what never was, and the one talk page."""
    rules.append("# Other names\n")
    for name, target in ALIASES.items():
        rules.append(f"{path_of(name)}  {path_of(target)}  {302 if target == 'Wreck' else 301}\n")
        end = target
        while end in ALIASES:
            end = ALIASES[end]
        made.known(
            path_of(name),
            f"it redirects to {path_of(end).partition('#')[0]}, which is recorded already",
            302 if target == "Wreck" else 301,
        )
    rules.append(f"/wiki/Special:Random  {path_of('東の島')}  302\n")
    made.known("/wiki/Special:Random", f"it redirects to {path_of('東の島')}, which is recorded already", 302)
    rules.append(f"{path_of(GONE)}  410\n/wiki/*  /404.html  404\n")
    made.found(path_of(GONE), "410 Gone", 410)
    main = '    <h1>There is no such article</h1>\n    <p>Perhaps <a href="/">the main page</a> knows more.</p>\n'
    made.files["404.html"] = page("No such article", NAME, NAV, main, foot=FOOT)
    made.found("/wiki/The_Last_Page", f"No such article | {NAME}", 404)
    main = (
        '    <h1>Talk</h1>\n    <p>I disagree. See <a href="/wiki/Talk:Talk">talk about this talk</a>.</p>\n'
    )
    made.files["talk.html"] = page("Talk", NAME, NAV, main, foot=FOOT)
    made.never_asked["/wiki/Talk:Talk"] = "found only where robots.txt lets nobody in"
    made.never_asked["/w/index.php?title=Ghost%20Light&action=edit"] = "a link with rel=nofollow"
    made.never_asked[f"{path_of('Grásey')}?action=history"] = "a link with rel=nofollow"
