"""`python -m crawlpool`, the same as the command `crawlpool`."""

import sys

from .cli import main

if __name__ == "__main__":  # a spawned worker imports this file again, and must not crawl
    sys.exit(main())
