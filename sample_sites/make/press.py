"""What the newspaper tells programs: sitemaps by month, one for news, an RSS feed and an Atom feed."""

from collections.abc import Iterable
from email.utils import format_datetime
from html import escape

from .shared import Site
from .stories import Story

_SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_ATOM = "http://www.w3.org/2005/Atom"
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_IN_FEEDS = 15


def add(made: Site, told: list[Story], *, name: str, home: str) -> None:
    """Add them to the site; no crawl by links sees them."""
    months = sorted({f"{each.at:%Y-%m}" for each in told})
    files = {}
    entries = []
    for month in months:
        within = [each for each in told if f"{each.at:%Y-%m}" == month]
        files[f"sitemaps/{month}.xml"] = _urls(within, home)
        newest = max(each.changed for each in within)
        entries.append(
            f"  <sitemap><loc>{home}/sitemaps/{month}.xml</loc><lastmod>{newest.isoformat()}</lastmod></sitemap>\n"
        )
    files["sitemaps/news.xml"] = _news(told[:2], name, home)
    entries.append(f"  <sitemap><loc>{home}/sitemaps/news.xml</loc></sitemap>\n")
    files["sitemap.xml"] = f'{_XML}<sitemapindex xmlns="{_SITEMAPS}">\n{"".join(entries)}</sitemapindex>\n'
    files["feed.rss"] = _rss(told[:_IN_FEEDS], name, home)
    files["feed.atom"] = _atom(told[:_IN_FEEDS], name, home)
    for file, text in files.items():
        made.files[file] = text
        made.unreached.append(file)
        made.never_asked[f"/{file}"] = (
            "a feed is not a page" if file.startswith("feed") else "no page links to it"
        )


def _urls(told: Iterable[Story], home: str) -> str:
    rows = "".join(
        f"  <url><loc>{home}{each.path}</loc><lastmod>{each.changed.isoformat()}</lastmod></url>\n"
        for each in told
    )
    return f'{_XML}<urlset xmlns="{_SITEMAPS}">\n{rows}</urlset>\n'


def _news(told: Iterable[Story], name: str, home: str) -> str:
    rows = "".join(
        f"""\
  <url>
    <loc>{home}{each.path}</loc>
    <news:news>
      <news:publication><news:name>{escape(name)}</news:name><news:language>en</news:language></news:publication>
      <news:publication_date>{each.at.isoformat()}</news:publication_date>
      <news:title>{escape(each.headline)}</news:title>
    </news:news>
  </url>
"""
        for each in told
    )
    return f'{_XML}<urlset xmlns="{_SITEMAPS}" xmlns:news="{_NEWS}">\n{rows}</urlset>\n'


def _rss(told: Iterable[Story], name: str, home: str) -> str:
    rows = "".join(
        f"""\
    <item>
      <title>{escape(each.headline)}</title>
      <link>{home}{each.path}</link>
      <guid isPermaLink="true">{home}{each.path}</guid>
      <pubDate>{format_datetime(each.at)}</pubDate>
      <category>{each.section}</category>
    </item>
"""
        for each in told
    )
    channel = f"    <title>{escape(name)}</title>\n    <link>{home}/</link>\n    <description>News that floats</description>\n"
    return f'{_XML}<rss version="2.0">\n  <channel>\n{channel}{rows}  </channel>\n</rss>\n'


def _atom(told: list[Story], name: str, home: str) -> str:
    rows = "".join(
        f"""\
  <entry>
    <id>{home}{each.path}</id>
    <title>{escape(each.headline)}</title>
    <link rel="alternate" href="{home}{each.path}"/>
    <updated>{each.changed.isoformat()}</updated>
    <author><name>{escape(each.author)}</name></author>
  </entry>
"""
        for each in told
    )
    head = f'  <id>{home}/</id>\n  <title>{escape(name)}</title>\n  <updated>{told[0].at.isoformat()}</updated>\n  <link rel="self" href="{home}/feed.atom"/>\n'
    return f'{_XML}<feed xmlns="{_ATOM}">\n{head}{rows}</feed>\n'
