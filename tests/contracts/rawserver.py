"""A server that sends exactly the bytes it is told to, and says which connection each request came on.

`site` answers like a server should; this one answers like some do. It has a thread for
each connection, and reads of a request no more than its head.
"""

import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Script:
    """How one request is answered.

    Attributes:
        pieces: Sent one by one.
        then: "keep" the connection, "close" it, "reset" it, "hang", or "ragged": close it without the end of TLS.
        wait_s: Seconds before each piece but the first.
        late: Sent as soon as the next request has come, before its own answer.
    """

    pieces: tuple[bytes, ...]
    then: str = "keep"
    wait_s: float = 0.0
    late: bytes = b""


@dataclass
class RawServer:
    """Answers requests in their order by `scripts`, over again from the first when there are no more.

    Attributes:
        context: For TLS; None for none.
        speaks_first: Answers before it is asked, and whatever it is sent.
        tunnel: What it answers to a CONNECT, as a proxy, before it goes on as the server behind.
        tunnels: The head of each CONNECT.
        requests: The connection of each request, counted from 0, and its head.
    """

    scripts: list[Script]
    context: ssl.SSLContext | None = None
    speaks_first: bool = False
    tunnel: bytes | None = None
    tunnels: list[bytes] = field(default_factory=list)
    requests: list[tuple[int, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/"

    @property
    def connections(self) -> int:
        """Connections on which something was asked."""
        return len({number for number, _ in self.requests})

    def close(self) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(PATIENCE_S)
            number = len(self._sockets)
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        sock = plain
        try:
            if self.tunnel is not None:
                self.tunnels.append(_head(plain))
                plain.sendall(self.tunnel)
            if self.context is not None:
                # Another descriptor, so that `close` can end the connection under it.
                sock = self.context.wrap_socket(plain.dup(), server_side=True)
                sock.settimeout(PATIENCE_S)
            late = b""
            while not self._stop.is_set():
                request = b"" if self.speaks_first else _head(sock)
                if not (request or self.speaks_first):
                    return
                script = self.scripts[len(self.requests) % len(self.scripts)]
                self.requests.append((number, request))
                sock.sendall(late)
                late = script.late
                if not self._play(sock, script):
                    return
        except OSError:  # the other side has had enough, which is what many tests are about
            return
        finally:
            sock.close()
            plain.close()

    def _play(self, sock: socket.socket, script: Script) -> bool:
        """Follow a script, and say whether the connection is kept."""
        for place, piece in enumerate(script.pieces):
            if place and script.wait_s:
                self._stop.wait(script.wait_s)
            sock.sendall(piece)
        if script.then == "close" and isinstance(sock, ssl.SSLSocket):
            sock.unwrap()
        elif script.then == "hang":
            self._stop.wait(PATIENCE_S)
        elif script.then == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return script.then == "keep"


def _head(sock: socket.socket) -> bytes:
    """The head of a request; empty when the connection ends first."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        more = sock.recv(65536)
        if not more:
            return b""
        received += more
    return received
