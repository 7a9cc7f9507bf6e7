"""What is counted as a server's time, and what as our own."""

import socket
import sys
import time
from contextlib import closing

import pytest

from crawlpool.worker.waited import waited


@pytest.fixture
def ends():
    """Both ends of a connection: ours, and the server's."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        closing(socket.create_connection(listener.getsockname())) as ours,
    ):
        theirs, _ = listener.accept()
        with closing(theirs):
            yield ours, theirs


def took(ours):
    piece = ours.recv(100)
    waited.took(len(piece), ours)
    return waited.wait_s


def asked():
    waited.reset()
    waited.sent()


def test_a_server_is_waited_for_from_the_last_byte_to_the_first(ends):
    ours, theirs = ends
    asked()
    time.sleep(0.2)
    theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    assert took(ours) > 0.15
    assert waited.received == 19


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when bytes came")
def test_an_answer_that_lies_here_until_we_have_time_is_not_waited_for(ends):
    ours, theirs = ends
    asked()
    theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    time.sleep(0.4)  # as a thread does while another computes and holds the interpreter's lock

    assert took(ours) < 0.2


def test_what_comes_after_the_first_bytes_changes_nothing(ends):
    ours, theirs = ends
    asked()
    theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    first = took(ours)
    time.sleep(0.1)
    theirs.sendall(b"body")

    assert took(ours) == first
    assert waited.received == 23
