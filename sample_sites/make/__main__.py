"""Write wiki/ and news/ and what a crawl of them must find."""

import sys

from . import news, wiki
from .shared import EXPECTED, HOME, write

for site in (wiki.site(), news.site()):
    changed = write(HOME / site.name, site.files)
    changed += write(EXPECTED, {f"{site.name}.json": site.expected()})
    sys.stdout.write(f"{site.name}: {len(site.files)} files, {changed} changed\n")
