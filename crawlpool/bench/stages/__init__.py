"""Where each millisecond of a crawl goes: `crawlpool bench --stages`.

clock    a clock a thread: the CPU of whatever runs inside a mark is charged to its stage
seams    where the marks are: which function begins which stage
watcher  what puts them there, in the main process and in each worker, and brings the sums home
once     one crawl with marks, in a process of its own
sums     from sums to rows, and what is not accounted

The marks are wrapped around functions when a crawl is to be looked at, and only then: a crawl as it comes
has none, and asks nowhere whether it should.
"""
