"""The server on the wire: connections, requests that come in pieces, faults on purpose."""

import contextlib
import http.client
import math
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from crawlpool.errors import ConfigError
from crawlpool.serve import Served, serve
from crawlpool.serve.faults import Fault, Faults, RateLimit

BIG = 50_000_000  # more than the system holds for a client that does not read


@pytest.fixture
def root(tmp_path):
    (tmp_path / "index.html").write_text("home")
    (tmp_path / "a.html").write_text("page a")
    (tmp_path / "robots.txt").write_text("User-agent: *")
    with (tmp_path / "big.bin").open("wb") as file:
        file.truncate(BIG)
    return tmp_path


@contextlib.contextmanager
def connected(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        yield client


def read_all(client):
    got = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            got += part
    return bytes(got)


def say(server, *parts):
    """Send these parts one by one; give all that came until the server closed."""
    with connected(server) as client:
        for part in parts:
            client.sendall(part)
        return read_all(client)


def get(server, path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


GET = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_a_connection_is_kept_for_the_next_request(root):
    with serve(root) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        sockets = set()
        for path in ("/", "/a.html", "/missing"):
            connection.request("GET", path)
            connection.getresponse().read()
            sockets.add(connection.sock)
        connection.close()

    assert len(sockets) == 1
    assert None not in sockets


@pytest.mark.parametrize("latency_s", [0, 0.002])
def test_requests_sent_ahead_are_answered_in_order(root, latency_s):
    with serve(root, latency_s=latency_s) as server:
        got = say(server, GET % b"/a.html" + GET % b"/big.bin" + GET % b"/missing" + LAST % b"/")

    answers = re.findall(rb"HTTP/1\.1 (\d+)", got)
    assert answers == [b"200", b"200", b"404", b"200"]
    assert (
        got.index(b"page a") < got.index(bytes(1000)) < got.index(b"404 Not Found</h1>") < got.rindex(b"home")
    )
    assert got.count(b"\0") == BIG


def test_a_request_may_come_a_byte_at_a_time(root):
    with serve(root) as server:
        request = b"\r\n" + LAST % b"/a.html"

        assert say(server, *(request[at : at + 1] for at in range(len(request)))).endswith(b"page a")


def test_bodies_are_read_past_whichever_way_they_are_framed(root):
    chunked = (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;x=y\r\nhello\r\n3\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n"
    )
    counted = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    with serve(root) as server:
        got = say(server, chunked[:70], chunked[70:] + counted[:60], counted[60:] + LAST % b"/")

        assert re.findall(rb"HTTP/1\.1 (\d+)", got) == [b"405", b"405", b"200"]
        assert [line.path for line in server.log] == ["/", "/", "/"]


def test_a_client_that_asks_whether_to_send_its_body_is_told_to_go_on(root):
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
    with serve(root) as server, connected(server) as client:
        client.sendall(head)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ab")
        assert read_all(client).startswith(b"HTTP/1.1 405")


def test_an_old_client_gets_its_answer_and_the_end_of_the_connection(root):
    with serve(root) as server:
        assert say(server, b"GET /a.html HTTP/1.0\r\n\r\n").endswith(b"page a")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd", 400),
        (b"GET /" + b"a" * 70_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_ends(root, sent, status):
    with serve(root) as server:
        assert say(server, sent).startswith(b"HTTP/1.1 %d " % status)
        assert get(server)[0] == 200


def test_a_client_that_leaves_in_the_middle_harms_nobody(root):
    with serve(root) as server:
        for sent in (b"GET / HT", GET % b"/big.bin", b""):
            with connected(server) as client:
                client.sendall(sent)
        assert get(server)[0] == 200


def test_a_client_that_reads_slowly_does_not_make_the_server_hold_the_whole_file(root):
    with serve(root) as server, connected(server) as client:
        client.sendall(LAST % b"/big.bin")
        assert get(server)[0] == 200  # the big answer has begun, and is waiting
        transports = [connection._transport for connection in tuple(server._listener._connections)]
        held = [transport.get_write_buffer_size() for transport in transports if transport is not None]
        assert 0 < max(held) < 1_000_000
        assert len(read_all(client)) > BIG


def test_a_file_that_shrinks_while_it_is_sent_breaks_the_connection_off(root, caplog):
    with serve(root) as server, connected(server) as client:
        client.sendall(LAST % b"/big.bin")
        assert get(server)[0] == 200
        with (root / "big.bin").open("r+b") as file:
            file.truncate(10)
        assert len(read_all(client)) < BIG

    assert "was cut while it was sent" in caplog.text


def test_the_log_says_what_was_answered(root):
    seen = []
    with serve(root, on_served=seen.append) as server:
        get(server, "/a.html?q=1")
        get(server, "/missing")

        assert [line[1:] for line in server.log] == [("GET", "/a.html?q=1", 200), ("GET", "/missing", 404)]
        assert abs(server.log[0].time - time.time()) < 60
        assert seen == server.log
        assert isinstance(seen[0], Served)


def test_the_log_keeps_so_many_lines_and_no_more(root):
    with serve(root, most_logged=3) as server:
        for number in range(5):
            get(server, f"/{number}")

        assert [line.path for line in server.log] == ["/2", "/3", "/4"]


# Where it listens


def test_the_url_is_known_before_the_first_answer(root):
    server = serve(root)
    try:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert server.port > 0
    finally:
        server.stop()


def test_a_port_in_use_is_an_error_that_says_so(root):
    with (
        serve(root) as server,
        pytest.raises(ConfigError, match=f"port {server.port} of 127.0.0.1 is in use"),
    ):
        serve(root, port=server.port)


def test_a_port_is_free_again_after_the_server(root):
    with serve(root) as server:
        get(server)
        port = server.port

    with serve(root, port=port) as server:
        assert get(server)[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "8.8.8.8", "fe80::1"])
def test_an_address_that_others_can_reach_is_refused(root, host):
    with pytest.raises(ConfigError, match="can be reached by other machines"):
        serve(root, host=host)


@pytest.mark.parametrize("host", ["shop.example", "", "127.0.0.1:80", "http://127.0.0.1"])
def test_a_host_that_is_no_address_is_an_error(root, host):
    with pytest.raises(ConfigError, match="is no address"):
        serve(root, host=host)


def test_an_address_that_this_machine_does_not_have_is_an_error(root):
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1"):
        serve(root, host="192.0.2.1", allow_public=True)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range_is_an_error(root, port):
    with pytest.raises(ConfigError, match="65535"):
        serve(root, port=port)


def test_localhost_is_the_loopback_address(root):
    with serve(root, host="localhost") as server:
        assert server.url == f"http://localhost:{server.port}"
        assert get(server)[0] == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_ipv6_loopback_has_its_brackets(root):
    try:
        server = serve(root, host="::1")
    except ConfigError as error:
        pytest.skip(str(error))
    with server:
        assert server.url == f"http://[::1]:{server.port}"
        with socket.create_connection(("::1", server.port), timeout=10) as client:
            client.sendall(LAST % b"/")
            assert read_all(client).endswith(b"home")


# Beginning and end


def test_starting_and_stopping_twice_is_harmless(root):
    server = serve(root)
    server.start()
    server.start()
    assert get(server)[0] == 200
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        get(server)


def test_a_server_that_was_never_started_lets_go_of_its_port(root):
    server = serve(root)
    server.stop()

    with serve(root, port=server.port) as again:
        assert get(again)[0] == 200


def test_stopping_does_not_wait_for_answers_that_are_late(root):
    asked = threading.Event()
    with serve(root, latency_s=3600, on_served=lambda _: asked.set()) as server:
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        client.sendall(GET % b"/")
        assert asked.wait(10)

    assert read_all(client) == b""
    client.close()


def test_serving_in_this_thread_lasts_until_it_is_stopped_from_another(root):
    server = serve(root)
    answers = []

    def visit_and_stop():
        answers.append(get(server)[0])
        server.stop()

    visitor = threading.Thread(target=visit_and_stop)
    server.serve_forever(on_ready=visitor.start)
    visitor.join()

    assert answers == [200]


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_ctrl_c_ends_serving_at_once(root):
    script = (
        "import sys; from crawlpool.serve import serve\n"
        "server = serve(sys.argv[1])\n"
        "try: server.serve_forever(on_ready=lambda: print(server.url, flush=True))\n"
        "except KeyboardInterrupt: print('stopped')"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    process.send_signal(signal.SIGINT)

    out, err = process.communicate(timeout=10)

    assert (out, err, process.returncode) == ("stopped\n", "", 0)


# Faults on purpose


def test_latency_holds_each_answer_back_by_itself(root):
    with serve(root, latency_s=0.2) as server, ThreadPoolExecutor(20) as pool:
        started = time.monotonic()
        statuses = [status for status, _, _ in pool.map(lambda _: get(server), range(20))]
        took_s = time.monotonic() - started

    assert statuses == [200] * 20
    assert 0.18 < took_s < 20 * 0.2  # a clock may be coarse


def test_a_share_of_answers_fails_in_all_three_ways(root):
    outcomes = set()
    with serve(root, errors=0.5) as server:
        for number in range(40):
            try:
                outcomes.add(get(server, f"/a.html?{number}")[0])
            except (http.client.RemoteDisconnected, ConnectionResetError):
                outcomes.add(0)
        assert {line.status for line in server.log} == outcomes == {0, 200, 500, 503}


def test_robots_txt_never_fails_on_purpose(root):
    with serve(root, errors=1.0, rate_limit=1) as server:
        assert [get(server, "/robots.txt")[0] for _ in range(5)] == [200] * 5


def test_faults_depend_on_seed_path_and_turn_and_not_on_the_order():
    paths = [f"/{number}" for number in range(200)]

    def faults(order, seed):
        chance = Faults(errors=0.3, jitter_s=1, seed=seed)
        return {path: [chance.trouble(path), chance.trouble(path)] for path in order}

    one = faults(paths, seed=1)
    failed = sum(trouble.fault is not None for troubles in one.values() for trouble in troubles)
    assert faults(reversed(paths), seed=1) == one
    assert faults(paths, seed=2) != one
    assert 0.2 < failed / 400 < 0.4
    assert {trouble.fault for troubles in one.values() for trouble in troubles} == {None, *Fault}
    assert all(0 <= trouble.wait_s < 1 for troubles in one.values() for trouble in troubles)


def test_a_client_beyond_the_limit_is_told_when_to_come_again(root):
    with serve(root, rate_limit=0.5) as server:
        assert get(server)[0] == 200
        status, headers, _ = get(server)

    assert status == 429
    assert headers["Retry-After"] in ("1", "2")


def test_a_rate_limit_lets_through_what_it_says_and_counts_each_client_by_itself():
    limit = RateLimit(2)

    assert [limit.wait_s("a", 0.0) for _ in range(4)] == [0, 0, 1, 1]
    assert limit.wait_s("b", 0.0) == 0
    assert [limit.wait_s("a", 0.5) for _ in range(2)] == [0, 1]
    assert [limit.wait_s("a", 100.0) for _ in range(3)] == [0, 0, 1]
    assert RateLimit(0.1).wait_s("a", 0.0) == 0


def test_a_client_that_waits_as_told_is_let_through():
    for per_s in (0.1, 0.3, 1, 7):
        limit, now = RateLimit(per_s), 0.0
        for _ in range(20):
            wait_s = limit.wait_s("a", now)
            if wait_s:
                now += wait_s
                assert limit.wait_s("a", now) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency_s": -1},
        {"latency_s": math.nan},
        {"latency_s": math.inf},
        {"jitter_s": -0.1},
        {"errors": 1.1},
        {"errors": -0.1},
        {"errors": math.nan},
        {"rate_limit": 0},
        {"rate_limit": -1},
        {"rate_limit": math.inf},
    ],
)
def test_a_value_out_of_range_is_an_error_that_names_and_quotes_it(root, wrong):
    ((name, value),) = wrong.items()

    with pytest.raises(ConfigError, match=f"{name.removesuffix('_s')} is {value!r}"):
        serve(root, **wrong)


def test_a_line_of_the_log_can_be_pickled():
    line = Served(1.0, "GET", "/", 200)

    assert pickle.loads(pickle.dumps(line)) == line
