"""The newspaper: dates, pages of lists, feeds, sitemaps, JSON-LD, and more than one address for a story.

A crawl by links finds all but the oldest stories, which stand in the sitemaps alone;
some stories a second time for phones and with the marks of a campaign, both with a
canonical link; and some that only subscribers may read.
"""

import json
from html import escape

from . import press
from .shared import STYLE, Site, page
from .stories import AUTHORS, SECTIONS, Story, stories

NAME = "The Slipway Gazette"
HOME = "https://gazette.example"
"""Where the files say that they live; the server puts its own address there (`_origin`)."""

NAV = {"/": "Front page", **{f"/{each.lower()}/": each for each in SECTIONS}, "/about.html": "About us"}
FOOT = '    <p class="small">There is no Slipway and no Gazette. Both were made for crawlers to practise on.</p>\n'
LISTED = 10
ORPHANS = 5
AMP = range(0, 64, 6)
CAMPAIGN = range(1, 7)
PAID = (8, 21, 34)


def site() -> Site:
    """All of it."""
    made = Site("news")
    told = stories()
    linked = told[:-ORPHANS]
    for at, story in enumerate(told):
        made.files[story.path[1:]] = _story(story, at, told)
        if story in linked:
            made.found(story.path, f"{story.headline} | {NAME}", 402 if at in PAID else 200)
        else:
            made.never_asked[story.path] = "no page links to it; it stands in a sitemap"
            made.unreached.append(story.path[1:])
        if at in AMP and story in linked:
            _amp(made, story)
    for at in PAID:  # the text is there, and is not given
        made.unreached.append(told[at].path[1:])
        made.records[told[at].path]["title"] = f"For subscribers | {NAME}"
    _front(made, told)
    for section in SECTIONS:
        _lists(made, section, section.lower(), [each for each in linked if each.section == section])
    for author in AUTHORS:
        _author(made, author, [each for each in linked if each.author == author])
    _edges(made, told)
    press.add(made, told, name=NAME, home=HOME)
    return made


def _head(canonical: str, more: str = "") -> str:
    return f"""\
  <link rel="canonical" href="{canonical}">
  <link rel="alternate" type="application/rss+xml" title="{NAME}" href="/feed.rss">
  <link rel="alternate" type="application/atom+xml" title="{NAME}" href="/feed.atom">
{more}"""


def _story(story: Story, at: int, told: list[Story]) -> str:
    """A story with its data for machines (schema.org's NewsArticle as JSON-LD)."""
    about = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.headline,
        "datePublished": story.at.isoformat(),
        "dateModified": story.changed.isoformat(),
        "author": {"@type": "Person", "name": story.author},
        "articleSection": story.section,
        "isAccessibleForFree": at not in PAID,
        "mainEntityOfPage": f"{HOME}{story.path}",
    }
    linked = told[:-ORPHANS]
    near = [each for each in linked if each.section == story.section and each is not story]
    items = "".join(
        f'      <li><a href="{each.path}">{escape(each.headline)}</a></li>\n'
        for each in near[at // 4 : at // 4 + 3]
    )
    text = "".join(f"    <p>{escape(each)}</p>\n" for each in story.text)
    corrected = (
        f' Corrected <time datetime="{story.changed.isoformat()}">{story.changed:%d %B %Y}</time>.'
        if story.changed != story.at
        else ""
    )
    amp = (
        f'    <p class="small"><a href="{_amp_path(story)}">For phones</a></p>\n'
        if at in AMP and story in linked
        else ""
    )
    main = f"""\
    <article>
      <h1>{escape(story.headline)}</h1>
      <p class="meta">By <a rel="author" href="{_author_path(story.author)}">{escape(story.author)}</a>,
      <time datetime="{story.at.isoformat()}">{story.at:%d %B %Y}</time>, in <a href="/{story.section.lower()}/">{story.section}</a>.{corrected}</p>
{text}    </article>
{amp}    <h2>More</h2>
    <ul>
{items}    </ul>
"""
    data = json.dumps(about, ensure_ascii=False, indent=2)
    more = f'  <meta property="article:published_time" content="{story.at.isoformat()}">\n  <script type="application/ld+json">\n{data}\n  </script>\n'
    if amp:
        more += f'  <link rel="amphtml" href="{_amp_path(story)}">\n'
    return page(story.headline, NAME, NAV, main, head=_head(story.path, more), foot=FOOT)


def _amp_path(story: Story) -> str:
    return f"/amp/{story.slug}.html"


def _amp(made: Site, story: Story) -> None:
    text = "".join(f"    <p>{escape(each)}</p>\n" for each in story.text)
    main = f"    <h1>{escape(story.headline)}</h1>\n{text}"
    head = f'  <link rel="canonical" href="{story.path}">\n'
    made.files[_amp_path(story)[1:]] = page(story.headline, NAME, {"/": "Front page"}, main, head=head)
    made.found(_amp_path(story), f"{story.headline} | {NAME}")


def _teasers(told: list[Story]) -> str:
    return "".join(
        f'      <li><a href="{each.path}">{escape(each.headline)}</a> <time datetime="{each.at:%Y-%m-%d}">{each.at:%d %B}</time></li>\n'
        for each in told
    )


def _front(made: Site, told: list[Story]) -> None:
    marked = "".join(
        f'      <li><a href="{told[at].path}?utm_source=front&amp;utm_medium=box">{escape(told[at].headline)}</a></li>\n'
        for at in CAMPAIGN
    )
    main = f"""\
    <h1>{NAME}</h1>
    <ul class="teasers">
{_teasers(told[:12])}    </ul>
    <h2>Most read</h2>
    <ol>
{marked}    </ol>
    <p><a href="/latest">The latest</a>, <a href="/archive/1998/">the archive of 1998</a>, <a href="/live.html">live from the quay</a>, <a href="/subscribers/">subscribers</a>.</p>
"""
    made.files["index.html"] = page("All the news that floats", NAME, NAV, main, head=_head("/"), foot=FOOT)
    made.found("/", f"All the news that floats | {NAME}")
    for at in CAMPAIGN:
        made.found(f"{told[at].path}?utm_source=front&utm_medium=box", f"{told[at].headline} | {NAME}")


def _lists(made: Site, title: str, folder: str, told: list[Story]) -> None:
    """Lists of ten, from page to page by rel=next."""
    last = -(-len(told) // LISTED)
    for at in range(1, last + 1):
        here, after = _list_path(folder, at), _list_path(folder, at + 1)
        before = _list_path(folder, at - 1)
        links = f'<a rel="prev" href="{before}">Newer</a> ' if at > 1 else ""
        links += f'<a rel="next" href="{after}">Older</a>' if at < last else ""
        shown = title if at == 1 else f"{title}, page {at}"
        more = f'  <link rel="next" href="{after}">\n' if at < last else ""
        main = f"    <h1>{shown}</h1>\n    <ul>\n{_teasers(told[(at - 1) * LISTED : at * LISTED])}    </ul>\n    <p>{links}</p>\n"
        made.files[f"{here[1:]}index.html"] = page(shown, NAME, NAV, main, head=_head(here, more), foot=FOOT)
        made.found(here, f"{shown} | {NAME}")


def _list_path(folder: str, at: int) -> str:
    return f"/{folder}/" if at == 1 else f"/{folder}/page/{at}/"


def _author_path(author: str) -> str:
    return f"/by/{author.lower().replace('. ', '-').replace(' ', '-').replace('ø', 'o')}.html"


def _author(made: Site, author: str, told: list[Story]) -> None:
    path = _author_path(author)
    main = f"    <h1>{escape(author)}</h1>\n    <ul>\n{_teasers(told[:LISTED])}    </ul>\n"
    made.files[path[1:]] = page(
        author, NAME, NAV, main, head='  <meta name="robots" content="noindex">\n', foot=FOOT
    )
    made.found(path, f"{author} | {NAME}")


def _edges(made: Site, told: list[Story]) -> None:
    """What is not simply there: for subscribers, forbidden, moved, or read again every minute."""
    rules = ["# Stories that only subscribers may read: the first lines, and Payment Required.\n"]
    rules += [f"{told[at].path}  /paywall.html  402!\n" for at in PAID]
    rules.append(f"/archive/1998/*  /closed.html  403\n/latest  {told[0].path}  302\n")
    made.files["_redirects"] = "".join(rules)
    made.known("/latest", f"it redirects to {told[0].path}, which is recorded already", 302)
    for path, title, text, head in (
        (
            "/paywall.html",
            "For subscribers",
            "This story is for subscribers. A subscription is a fish a week.",
            "",
        ),
        ("/closed.html", "Forbidden", "The archive of 1998 is kept by a goose.", ""),
        (
            "/about.html",
            "About us",
            "We print on Thursdays, on what the fish was wrapped in.",
            _head("/about.html"),
        ),
        ("/live.html", "Live from the quay", "Nothing yet.", '  <meta http-equiv="refresh" content="60">\n'),
    ):
        main = f"    <h1>{title}</h1>\n    <p>{text}</p>\n"
        made.files[path[1:]] = page(title, NAME, NAV, main, head=head, foot=FOOT)
    made.found("/about.html", f"About us | {NAME}")
    made.found("/live.html", f"Live from the quay | {NAME}")
    made.found("/archive/1998/", f"Forbidden | {NAME}", 403)
    made.refused("/subscribers/", "Disallow: /subscribers/")
    made.files["_origin"] = f"{HOME}\n"
    made.files["robots.txt"] = f"User-agent: *\nDisallow: /subscribers/\n\nSitemap: {HOME}/sitemap.xml\n"
    made.files["style.css"] = STYLE
    made.unreached += ["_origin", "_redirects", "robots.txt", "style.css"]
    made.never_asked["/style.css"] = "a style sheet is not a page"
