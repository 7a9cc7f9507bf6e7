"""Memory that one page leaves is kept for the next, instead of being handed back in between.

A tree takes six times as much as its page and more, in small pieces at the end of the heap. The C library of
most Linux systems (glibc) gives that end back once some hundred KB of it are free, so each page had its memory from
the kernel anew: 470 page faults for 64 KB of many tags, a quarter of what the parse costs in all. The limit follows
the size of the largest block that was mapped on its own and then freed, to twice of it (mallopt(3), M_MMAP_THRESHOLD).
So one such block is made and freed. Other C libraries do what they do.
"""

_BLOCK = 16 * 1024 * 1024
"""Bytes; up to twice as many may stay unused at the end of the heap. None of them is ever written to."""


def keep_freed_memory() -> None:
    """Let this process, and those that are forked from it, keep up to 32 MiB of freed memory."""
    bytes(_BLOCK)
