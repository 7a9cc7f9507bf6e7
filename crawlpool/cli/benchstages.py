"""`crawlpool bench --stages`: where each millisecond of a crawl goes."""

from collections.abc import Sequence


def show_stages(words: Sequence[str]) -> int:
    """Crawl and show it."""
    raise NotImplementedError(words)
