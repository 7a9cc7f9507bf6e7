"""A crawl while it runs: what it does at this moment, and the keys by which a person steers it."""
