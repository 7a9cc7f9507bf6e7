"""`python -m crawlpool.bench.modes FOLDER`: one mode, run once; see `once.py`."""

import sys

from .once import main

if __name__ == "__main__":  # a spawned worker imports this file again
    main(sys.argv[1:])
