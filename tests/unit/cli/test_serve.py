"""crawlpool serve: an address on standard output, pages behind it, and Ctrl-C to end it."""

import signal
import socket
import subprocess
import sys
from urllib.request import ProxyHandler, build_opener

import pytest

from crawlpool.cli.serve import serve_command
from crawlpool.errors import ConfigError

COMMAND = [sys.executable, "-m", "crawlpool", "serve"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_text("<title>Here</title>")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a child")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_directory_is_served_until_ctrl_c(folder, number):
    with subprocess.Popen(
        [*COMMAND, str(folder), "--port", "0", "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with build_opener(ProxyHandler({})).open(url, timeout=10) as answer:
            assert answer.read() == b"<title>Here</title>"
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "200  GET /" in said
    assert "Traceback" not in said


def test_a_port_in_use_is_said(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)):
            serve_command([str(folder), "--port", str(port)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name one directory"),
        (["no-such-place"], "no directory no-such-place here, and no sample site of that name"),
        (["x", "--port", "70000"], "'70000' should be a port"),
        (["x", "--errors", "20"], "'20' should be a share, such as 0.1 or 10%"),
        (["x", "--rate-limit", "0"], "'0' should be requests a second"),
        (["x", "--latency", "-1"], "'-1' should be 0 or more"),
        (["x", "--jitter", "soon"], "'soon' should be seconds"),
        (["x", "--porf", "1"], "did you mean --port?"),
    ],
)
def test_what_is_typed_wrong_is_quoted_with_what_would_do(words, said):
    with pytest.raises(ConfigError) as caught:
        serve_command(words)
    assert said in str(caught.value)
