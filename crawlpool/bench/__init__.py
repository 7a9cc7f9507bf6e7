"""The figures of docs/figures.md, measured: `python -m crawlpool.bench rate|cpu|fetch|start|elastic`.

rate      pages a second at a latency, against the ideal
cpu       pages a CPU second of the real command, against `plain`
fetch     CPU of one fetch, against `Session.get`
start     how long until there is a first record
elastic   bursts of work for few workers, for many, and for a crew that grows
plain     the script that a user would write without us
pages     a generated site, the same for the same seed
serving   that site on 127.0.0.1, served by a process of its own
usage     what a program costs, its workers included
programs  starting programs so that none outlives a measurement
report    medians, and the table that is printed

And what `crawlpool bench` compares, told in docs/bench.md:

modes     the ways to fetch a list, a short function each
compare   runs each by itself, in turn
rows      from runs to rows: medians, spreads, ratios
plot      the rows as a picture

peers     whole crawlers, ours and others, as programs: `--peers`
race      runs each on one site, in turn, and ranks them
nginx     that site, served for less than our own server takes
stages    where each millisecond of a crawl goes: `--stages`

Everything stays on loopback, and the server's CPU is never counted.
"""
