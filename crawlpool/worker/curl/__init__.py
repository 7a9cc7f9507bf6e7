"""Fetching with libcurl: everything in here needs pycurl (`libcurl.py` beside it says whether that is installed).

transport   many requests under way in one thread, and what becomes of them
transfer    one request and its handle
incoming    the bytes of its answer, read by our rules
lines       what is sent in front of a body
routes      where an order goes, and to whom
way         what a handle was told of that, and what it is asked on the way
tls         whom it trusts
faults      what libcurl's errors are called
lookups     names looked up in threads
nameless    orders that wait for one
watching    which sockets have something to say
"""

from .transport import CurlTransport

__all__ = ["CurlTransport"]
