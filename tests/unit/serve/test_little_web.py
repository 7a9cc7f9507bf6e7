"""What tests may rely on when they use `site`."""

import http.client
import socket
import threading

import pytest


def get(site, path, **headers):
    connection = http.client.HTTPConnection(site.host, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_a_page_is_answered_and_counted(site):
    site.page("/", links=["/a?x=1&y=2"], title="Home & away")

    status, headers, body = get(site, "/")

    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<title>Home &amp; away</title>" in body
    assert b'<a href="/a?x=1&amp;y=2">' in body
    assert site.requests == ["/"]


def test_a_path_that_nobody_made_is_missing_but_counted(site):
    assert get(site, "/nothing")[0] == 404
    assert site.asked("/nothing") == 1


def test_robots_txt_is_missing_unless_it_is_made_and_is_no_page(site):
    assert get(site, "/robots.txt")[0] == 404

    site.robots("User-agent: *\nDisallow: /x")

    assert get(site, "/robots.txt")[2] == b"User-agent: *\nDisallow: /x"
    assert site.requests == []
    assert site.asked("/robots.txt") == 2


def test_a_path_without_query_answers_any_query_and_one_with_it_only_that(site):
    site.page("/any", "any")
    site.page("/any?q=1", "one")

    assert get(site, "/any?q=1")[2] == b"one"
    assert get(site, "/any?q=2")[2] == b"any"


def test_a_page_fails_first_as_often_as_was_asked(site):
    site.page("/", "here", fails_first=2)

    assert [get(site, "/")[0] for _ in range(4)] == [503, 503, 200, 200]


def test_a_redirect_says_where_to(site):
    site.redirect("/old", "/new", 307)

    status, headers, _ = get(site, "/old")

    assert (status, headers["Location"]) == (307, "/new")


def test_raw_bytes_go_out_as_they_are_and_the_connection_ends(site):
    site.raw("/", b"not HTTP at all")

    with socket.create_connection(("127.0.0.1", int(site.host.rpartition(":")[2])), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_all(client) == b"not HTTP at all"


def test_a_dripped_page_comes_whole_in_the_end(site):
    site.drip("/", b"abc", every_s=0.001)
    site.drip("/head", b"abc", every_s=0.0001, from_head=True)

    assert get(site, "/")[2] == b"abc"
    assert get(site, "/head")[2] == b"abc"


def test_a_page_that_hangs_never_answers_and_is_over_when_the_client_leaves(site):
    site.hang("/")
    client = socket.create_connection(("127.0.0.1", int(site.host.rpartition(":")[2])), timeout=10)
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    site.wait_for("/")
    assert site.under_way == 1

    client.close()

    site.wait_until(lambda: site.under_way == 0)


def test_held_pages_are_counted_at_once_and_answered_when_released(site):
    site.page("/", "here")
    site.hold("/")
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(get(site, "/")[2])) for _ in range(5)]
    for thread in threads:
        thread.start()
    site.wait_for("/", times=5)
    assert site.under_way == site.most_at_once == 5
    assert sorted(arrival.at_once for arrival in site.log) == [1, 2, 3, 4, 5]

    site.release("/")
    for thread in threads:
        thread.join()

    assert answers == [b"here"] * 5
    assert get(site, "/")[2] == b"here"


def test_the_log_keeps_method_headers_body_and_connection(site):
    site.page("/form", lambda arrival: b"you said " + arrival.body)
    connection = http.client.HTTPConnection(site.host, timeout=10)
    for _ in range(2):
        connection.request("POST", "/form", body=b"a=1", headers={"X-Odd": "yes"})
        assert connection.getresponse().read() == b"you said a=1"
    connection.close()
    get(site, "/form")

    first, second, third = site.log

    assert (first.method, first.body, first.header("x-odd")) == ("POST", b"a=1", "yes")
    assert (first.connection, second.connection, third.connection) == (0, 0, 1)
    assert site.connections == 2
    assert first.at <= second.at <= third.at


def test_a_client_that_takes_it_for_a_proxy_is_answered_by_path(site):
    site.page("/a", "here")
    connection = http.client.HTTPConnection(site.host, timeout=10)
    connection.request("GET", "http://shop.example/a")
    assert connection.getresponse().read() == b"here"
    connection.close()

    assert (site.log[0].path, site.log[0].target) == ("/a", "http://shop.example/a")


def test_sites_on_two_addresses_do_not_hear_each_other(sites):
    one, two = sites(), sites("127.0.0.2")
    one.page("/", "one")
    two.page("/", "two")

    assert (get(one, "/")[2], get(two, "/")[2]) == (b"one", b"two")
    assert (one.requests, two.requests) == (["/"], ["/"])
    assert two.url.startswith("http://127.0.0.2:")


def test_waiting_for_what_does_not_come_fails_and_says_what_for(site):
    with pytest.raises(AssertionError, match="/never to be asked"):
        site.wait_for("/never", timeout_s=0.01)


def test_a_body_function_that_raises_fails_the_test(sites):
    site = sites()
    site.page("/", lambda _: 1 / 0)

    assert get(site, "/")[0] == 500
    with pytest.raises(ZeroDivisionError):
        site.close()
    site._errors.clear()


def test_connections_can_be_cut_while_the_site_goes_on(site):
    site.hang("/")
    site.page("/a")
    client = socket.create_connection(("127.0.0.1", int(site.host.rpartition(":")[2])), timeout=10)
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    site.wait_for("/")

    site.cut()

    assert read_all(client) == b""
    client.close()
    assert get(site, "/a")[0] == 200


def read_all(client):
    got = b""
    try:
        while part := client.recv(65536):
            got += part
    except ConnectionResetError:
        pass
    return got
