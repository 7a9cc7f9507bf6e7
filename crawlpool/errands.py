"""What a crawl asks for on its own account: a robots.txt, a sitemap.

An errand travels like any request, with robots, pace, redirects and tries, but it is
no page: it counts for no limit, takes no place in the frontier, and ends in no record.
"""

from typing import ClassVar


class Errand:
    """Marks a request as an errand: it is the request's `data`.

    Attributes:
        is_large: Its answer may be larger than a page may.
        is_small: Its answer is read to a limit of its own, whatever is said of pages.
    """

    __slots__ = ()
    is_large: ClassVar[bool] = False
    is_small: ClassVar[bool] = False


MOST_HOPS = 5
"""Redirects of an errand that are followed; of a robots.txt RFC 9309 asks for five (2.3.1.2)."""
