"""A folder on 127.0.0.1, served by nginx, which costs less than our own server: for what is measured by CPU.

    served(folder)               python -m crawlpool.bench.nginx FOLDER ROOM
        url         ◀──────────  its first line, once nginx answers
                                 └── nginx, one worker, no log

The process ends nginx when its standard input ends, and so also when we are killed.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .programs import started
from .serving import serving

_PATIENCE_S = 10.0
_TRIES = 5
_CONFIG = """\
{user}worker_processes 1;
daemon off;
pid "{room}/nginx.pid";
error_log "{room}/error.log" error;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 75s; keepalive_requests 1000000;
  client_body_temp_path "{room}/1"; proxy_temp_path "{room}/2"; fastcgi_temp_path "{room}/3";
  uwsgi_temp_path "{room}/4"; scgi_temp_path "{room}/5";
  open_file_cache max=20000 inactive=600s; open_file_cache_valid 600s;
  types {{ text/html html; text/plain txt; text/css css; }}
  charset utf-8;
  server {{ listen 127.0.0.1:{port} backlog=1024; root "{folder}"; index index.html; }}
}}
"""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve a folder on a free port for the length of the block: the URL, without a slash at the end, and who serves.

    By our own server where nginx is not installed, or does not start.
    """
    if shutil.which("nginx") is not None:
        with (
            tempfile.TemporaryDirectory(prefix="crawlpool-nginx-") as room,
            started(
                ["-m", "crawlpool.bench.nginx", str(folder), room],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            ) as process,
        ):
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if url:
                yield url, "nginx"
                return
    with serving(folder) as server:
        yield server.url, "crawlpool's own server, which is slower than nginx: pages/s say little"


def main(words: Sequence[str]) -> int:
    """Run nginx until standard input ends; 1 when it does not start."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder, room = map(Path, words)
    for _ in range(_TRIES):
        port = _free_port()
        config = room / "nginx.conf"
        # A worker of another user could not read a folder that is ours alone.
        user = "user root;\n" if _is_root() else ""
        config.write_text(
            _CONFIG.format(user=user, room=room, port=port, folder=folder.resolve()), encoding="utf-8"
        )
        nginx = subprocess.Popen(  # noqa: S603  our own words
            [shutil.which("nginx") or "nginx", "-c", str(config), "-e", str(room / "error.log")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if _is_up(nginx, port):
                print(f"http://127.0.0.1:{port}", flush=True)  # noqa: T201  the parent reads it
                sys.stdin.read()
                return 0
        finally:
            nginx.terminate()
            nginx.wait(_PATIENCE_S)
    return 1


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_up(nginx: "subprocess.Popen[bytes]", port: int) -> bool:
    """Whether it answers; False when it has ended, since somebody else took the port, say."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return nginx.poll() is None
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
