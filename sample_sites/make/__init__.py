"""Writes the two sample sites that are made rather than typed: `python -m sample_sites.make`, or `make sites`.

    wiki.py, islands.py     an encyclopaedia of islands that are not there
    news.py, stories.py     the newspaper of one of them
    shared.py               a page, a choice without chance, files written only when they changed

The same sites come out each time, byte for byte, and a test holds the files in the
tree to that. What a crawl of them must find is worked out here too, from what
the pages were made of and not from a crawl: `fixtures/expected/`.
"""
