"""The local server of the sample sites: a directory on loopback, slow or faulty on purpose.

asked      requests, cut off a stream of bytes
wire       one connection: requests in, replies out
listener   the socket, the event loop and its thread
folder     which file answers a path
rules      what `_redirects` and `_headers` say
faults     what goes wrong on purpose
server     all of it together: `serve`
sites      where the sample sites are
"""

from .server import Served, Server, serve
from .sites import sample_site, sample_sites

__all__ = ["Served", "Server", "sample_site", "sample_sites", "serve"]
