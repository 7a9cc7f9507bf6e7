"""A page as Markdown, by markdownify (the extra `markdown`), for a bounded time."""

from contextlib import suppress

from ..cutoff import CutOff, cut_off_after
from ..errors import ConfigError
from .page import Page

_UNSEEN = ["head", "title", "script", "style", "noscript", "template", "svg", "iframe", "object"]


def check_markdown() -> None:
    """See that markdownify is there, and load it before a clock runs.

    Raises:
        ConfigError: It is not.
    """
    try:
        import markdownify  # noqa: F401, PLC0415  an extra
    except ImportError:
        raise ConfigError('the column markdown needs: pip install "crawlpool[markdown]"') from None


def markdown_of(page: Page, limit_s: float) -> str | None:
    """The page as Markdown, its links absolute; None when that takes too long, or it nests too deep.

    Args:
        page: A page that is HTML; its `soup` is spent.
        limit_s: Seconds, beside those that `page.soup` may take.
    """
    from markdownify import ATX, MarkdownConverter  # noqa: PLC0415  an extra

    def convert() -> str:
        soup = page.soup
        for unseen in soup.find_all(_UNSEEN):
            unseen.decompose()
        for kind, name in (("a", "href"), ("img", "src")):
            for element in soup.find_all(kind):
                with suppress(ValueError):  # it leads to no http(s) URL
                    element[name] = page.follow(str(element.get(name, ""))).url
        return str(MarkdownConverter(heading_style=ATX).convert_soup(soup)).strip()

    try:
        page.soup  # noqa: B018  it has a time of its own
        return cut_off_after(limit_s, convert)
    except (CutOff, Exception):  # noqa: BLE001  RecursionError, and what else a page may bring about in there
        return None
