"""A server that means harm: every place where it may say something holds what a terminal, a log, a shell, a spreadsheet or a database might obey."""

import socketserver
import threading
from html import escape
from typing import Self

ESCAPES = (
    "\x1b[2J",  # clears the screen
    "\x1b]0;owned\x07",  # names the window
    "\x1b]52;c;b3duZWQ=\x07",  # fills the clipboard
    "\x1b]8;;http://evil.test/\x1b\\click\x1b]8;;\x1b\\",  # hides where a link leads
    "\x9b41m",  # C1: a red ground
    "\x08\x08",
    "\x7f",
    "\u202egpj.exe\u2066",  # turns the line around
    "\u2028",
    "\U000e0041",
)
MARKUP = "[bold red]x[/bold red][link=http://evil.test/]y[/link][/nothing]"
FORGED = "\r\n2026-01-01T00:00:00.000Z ERROR crawlpool all.lost\r\n"
FORMULA = "=cmd|'/c calc'!A0"
SQL = "'); DROP TABLE pages; --\"); DROP TABLE pages; --"
TITLE = FORMULA + "".join(ESCAPES) + MARKUP + SQL + "</title><script>"
LINE = "".join(ESCAPES).replace("\u2028", "") + MARKUP
"""What fits into one line of a head, but for its line ends."""

PICKLE = b"cos\nsystem\n(S'touch owned'\ntR."
"""Runs a program when it is unpickled."""

LABELS = (
    "unicode_escape",
    "rot13",
    "zlib",
    "idna",
    "utf-7",
    "punycode",
    "raw_unicode_escape",
    "mbcs",
    "os.system",
    LINE,
)
"""Names of codecs that Python has, or might go looking for, and the Encoding standard has not."""


class Hostile(socketserver.ThreadingTCPServer):
    """On 127.0.0.1, port 0; `with Hostile() as server: server.url`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answers = _answers(self.url)
        self.asked: list[str] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def paths(self) -> list[str]:
        """Every page but robots.txt."""
        return [path for path in self.answers if path != "/robots.txt"]


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        target = self.rfile.readline().split(b" ")
        while self.rfile.readline().strip():
            continue
        path = target[1].decode() if len(target) > 1 else "/"
        self.server.asked.append(path)  # type: ignore[attr-defined]
        self.wfile.write(self.server.answers.get(path, _page("<title>lost</title>", status="404 " + LINE)))  # type: ignore[attr-defined]


def _page(
    body: str | bytes, *, status: str = "200 OK", type_: str = "text/html; charset=utf-8", head: str = ""
) -> bytes:
    data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {type_}\r\n{head}Connection: close\r\nContent-Length: {len(data)}\r\n\r\n"
    return lines.encode() + data


def _answers(url: str) -> dict[str, bytes]:
    rows = "".join(
        f"<tr><th>{escape(each)}</th><td>{escape(each)}</td></tr>"
        for each in (*ESCAPES, FORMULA, SQL, MARKUP)
    )
    links = "".join(f'<a href="/{escape(each)}">x</a>' for each in (*ESCAPES, FORGED, FORMULA, SQL, MARKUP))
    made = {
        "/robots.txt": _page(
            f"User-agent: *\nUser-agent: {LINE}\nDisallow: /forbidden{LINE}\nDisallow: /forbidden\nCrawl-delay: {LINE}\nSitemap: {LINE}\n",
            type_="text/plain",
        ),
        "/": _page(f"<title>{TITLE}</title>{links}<table>{rows}</table>"),
        "/entities": _page("<title>" + "".join(f"&#{ord(one)};" for one in TITLE) + f"</title><table>{rows}</table>"),
        "/forged": _page(f"<title>a{FORGED}b</title><h1>a{FORGED}b</h1>", head=f"X-Robots-Tag: {LINE}\r\nX-Seen: {LINE}\r\n"),
        "/reason": _page("", status=f"503 {LINE}"),
        "/status": b"HTTP/1.1 2\x1b[2J0 OK\r\n\r\n",
        "/type": _page("<title>x</title>", type_=f"text/{LINE}; charset={LINE}"),
        "/redirect": _page("", status=f"302 {LINE}", head=f"Location: /{LINE}\r\n"),
        "/nowhere": _page("", status="302 Found", head=f"Location: http://[{LINE}/\r\n"),
        "/elsewhere": _page("", status="302 Found", head=f"Location: javascript:{LINE}\r\n"),
        "/coding": _page("<title>x</title>", head=f"Content-Encoding: {LINE}\r\n"),
        "/nohttp": f"{LINE} is no HTTP{FORGED}".encode(),
        "/chunk": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{LINE}\r\n".encode(),
        "/length": f"HTTP/1.1 200 OK\r\nContent-Length: {LINE}\r\n\r\n".encode(),
        "/transfer": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {LINE}\r\n\r\n".encode(),
        "/cookie": _page("<title>x</title>", head=f"Set-Cookie: {LINE}={LINE}; Path=/\r\nSet-Cookie: a={LINE}\r\n"),
        "/surrogate": _page(b"<title>\xed\xa0\x80\xff\xfe\x00x</title>"),
        "/pickle": _page(PICKLE + b"<title>" + PICKLE + b"</title>"),
        "/forbidden": _page("<title>never seen</title>"),
    }  # fmt: skip
    for n, label in enumerate(LABELS):
        made[f"/label{n}"] = _page(b"<title>\\x1b[2J+ACI-</title>", type_=f"text/html; charset={label}")
    return made
