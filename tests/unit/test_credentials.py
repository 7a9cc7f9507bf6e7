"""Which login goes where, how a challenge is read and answered, and how files of secrets are read."""

import base64
import hashlib
import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlpool.challenges import Challenge, challenges_of
from crawlpool.credentials import Credentials
from crawlpool.digest import Digest, best_of
from crawlpool.errors import ConfigError
from crawlpool.model import Request, Response
from crawlpool.secretfiles import read_cookies, read_netrc
from crawlpool.settings import Settings
from crawlpool.worker.wire import TransportOptions

SECRET = "s3cr3t-word"


def header(credentials, url, *, is_seeds=True, **fields):
    found = credentials.header_for(Request(url, target=url, **fields), is_seeds=is_seeds)
    return None if found is None else found[0]


def basic(text):
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def answer(url, status, *headers, sent=None, **fields):
    return Response(
        request=Request(url, target=url, **fields),
        status=status,
        headers=tuple(headers),
        request_headers=() if sent is None else (("Authorization", sent),),
    )


def challenge(text):
    return "WWW-Authenticate", text


# Which origin gets what


def test_a_login_without_an_origin_is_for_the_seeds_alone():
    credentials = Credentials(auth=(("", "user:pa:ss"),))
    assert header(credentials, "https://a.example/") == basic("user:pa:ss")
    assert header(credentials, "https://a.example/", is_seeds=False) is None


@pytest.mark.parametrize(
    "url",
    ["http://api.example/", "https://api.example:8443/", "https://x.api.example/", "https://other.example/"],
)
def test_a_login_of_an_origin_goes_to_that_origin_alone(url):
    credentials = Credentials(auth=(("https://api.example", "u:p"),), bearer=(("https://b.example", "t"),))
    assert header(credentials, "https://api.example/x", is_seeds=False) == basic("u:p")
    assert header(credentials, url, is_seeds=False) is None
    assert header(credentials, url, is_seeds=True) is None
    assert header(credentials, "https://b.example/", is_seeds=False) == "Bearer t"


def test_what_is_for_an_origin_goes_before_what_is_for_the_seeds():
    credentials = Credentials(auth=(("https://a.example", "u:p"),), bearer=(("", "t"),))
    assert header(credentials, "https://a.example/") == basic("u:p")
    assert header(credentials, "https://b.example/") == "Bearer t"


def test_netrc_is_for_its_machines_over_https_and_for_seeds_and_default_for_seeds_alone(tmp_path):
    file = tmp_path / "netrc"
    file.write_text("machine a.example\n login u\n password p\ndefault login d password q\n")
    credentials = Credentials(netrc=str(file))

    assert header(credentials, "https://a.example/", is_seeds=False) == basic("u:p")
    assert header(credentials, "http://a.example/", is_seeds=False) is None
    assert header(credentials, "https://a.example:8443/", is_seeds=False) is None
    assert header(credentials, "http://a.example:8000/", is_seeds=True) == basic("u:p")
    assert header(credentials, "https://x.a.example/", is_seeds=False) is None
    assert header(credentials, "https://other.example/", is_seeds=True) == basic("d:q")
    assert header(credentials, "https://other.example/", is_seeds=False) is None


def test_a_netrc_that_others_may_read_is_told_of(tmp_path, caplog):
    file = tmp_path / "netrc"
    file.write_text(f"machine a.example login u password {SECRET}\n")
    file.chmod(0o600)
    Credentials(netrc=str(file))
    assert caplog.messages == []

    file.chmod(0o644)
    Credentials(netrc=str(file))
    assert "chmod 600" in caplog.messages[0]
    assert SECRET not in caplog.text


# Challenges


@pytest.mark.parametrize(
    ("text", "schemes"),
    [
        ("Basic", ["basic"]),
        ('Basic realm="a, b=c", Digest nonce=n , qop="auth,auth-int"', ["basic", "digest"]),
        ('Newauth realm="apps", type=1, title="say \\"apps\\"", Basic realm="x"', ["newauth", "basic"]),
        ("Negotiate abc==, Basic realm=x", ["negotiate", "basic"]),
        (",, Basic realm = x ,, Digest nonce=y", ["basic", "digest"]),
        ("", []),
        ("=", []),
        ('"', []),
        ('Digest nonce="never closed', ["digest"]),
        ("Digest nonce=a\x00b", []),
        ("x" * 9_000, []),
    ],
)
def test_a_header_may_hold_several_challenges_and_anything_else(text, schemes):
    assert [each.scheme for each in challenges_of((challenge(text),))] == schemes


def test_the_parameters_of_a_challenge_are_what_stands_between_the_quotes():
    (found,) = challenges_of((challenge('Digest REALM="say \\"hi\\"", nonce=n, qop="auth", nonce=late'),))
    assert found == Challenge("digest", {"realm": 'say "hi"', "nonce": "n", "qop": "auth"})


@given(st.text(alphabet='aB "\\,=\t;é\x7f', max_size=200))
def test_no_challenge_raises(text):
    best_of(challenges_of((challenge(f"Digest nonce=n, {text}"), challenge(text))))


@pytest.mark.parametrize("piece", ['a="', ",a=b", "a", " ", ",", '\\"', '" ', "a=", 'a="\\'])
def test_a_hostile_challenge_takes_no_time(piece):
    started = time.process_time()
    challenges_of((challenge("Digest x=" + piece * (8_000 // len(piece))),) * 100)
    assert time.process_time() - started < 1.0


# Digest


def digest_of(text, user="Mufasa", password="Circle of Life", **more):
    found = best_of(challenges_of((challenge(text),)))
    assert found is not None, text
    return Digest(found, user, password, **more)


def said(value):
    (found,) = challenges_of((challenge(value),))
    return found.parameters


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_a_digest_is_the_one_of_the_standards_example(algorithm, response):
    # RFC 7616, 3.9.1.
    digest = digest_of(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
        new_cnonce=lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    sent = said(digest.header("GET", "/dir/index.html"))
    assert sent["response"] == response
    assert sent["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert (sent["nc"], sent["qop"], sent["algorithm"]) == ("00000001", "auth", algorithm)


def test_a_digest_with_a_hashed_name_is_the_one_of_the_standards_example():
    # RFC 7616, 3.9.2, with the algorithm whose name the library of hashes knows.
    digest = digest_of(
        'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", '
        "charset=UTF-8, userhash=true",
        user="J\u00e4s\u00f8n Doe",
        password="Secret, or not?",
        new_cnonce=lambda: "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
    )
    sent = said(digest.header("GET", "/doe.json"))
    name = hashlib.new("sha512_256", "J\u00e4s\u00f8n Doe:api@example.org".encode()).hexdigest()
    assert (sent["username"], sent["userhash"]) == (name, "true")


def test_each_request_counts_its_nonce_up_and_is_for_its_own_path():
    digest = digest_of('Digest realm="r", nonce="n", qop="auth"')
    one, two = said(digest.header("GET", "/a?b=c")), said(digest.header("POST", "/a?b=c"))
    assert (one["nc"], two["nc"]) == ("00000001", "00000002")
    assert one["uri"] == "/a?b=c"
    assert one["response"] != two["response"]


def test_a_session_digest_keeps_its_first_hash():
    digest = digest_of(
        'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess', new_cnonce=lambda: "c"
    )

    def h(text):
        return hashlib.sha256(text.encode()).hexdigest()

    secret = h(f"{h('Mufasa:r:Circle of Life')}:n:c")
    for count in ("00000001", "00000002"):
        assert said(digest.header("GET", "/"))["response"] == h(f"{secret}:n:{count}:c:auth:{h('GET:/')}")


def test_what_the_server_named_is_quoted_and_cannot_become_another_parameter():
    digest = digest_of('Digest realm="a\\", x=\\"b", nonce="\\\\", opaque="\\""', user='me", x="1')
    sent = said(digest.header("GET", '/"'))
    assert "x" not in sent
    assert (sent["realm"], sent["nonce"], sent["opaque"], sent["username"]) == (
        'a", x="b',
        "\\",
        '"',
        'me", x="1',
    )


@pytest.mark.parametrize(
    ("texts", "algorithm"),
    [
        (["Digest nonce=a, algorithm=MD5", "Digest nonce=a, algorithm=SHA-256", "Basic realm=x"], "SHA-256"),
        (["Digest nonce=a, algorithm=md5-sess"], "md5-sess"),
        (["Digest nonce=a"], None),
        (["Digest nonce=a, algorithm=ROT13"], ""),
        (["Digest nonce=a, qop=magic"], ""),
        (["Digest realm=a"], ""),
        (["Digest nonce=" + "n" * 5_000], ""),
        (["Basic realm=x"], ""),
    ],
)
def test_the_strongest_challenge_that_can_be_answered_is(texts, algorithm):
    found = best_of(challenges_of(tuple(map(challenge, texts))))
    assert ("" if found is None else found.parameters.get("algorithm")) == algorithm


# When a challenge is answered

URL = "https://a.example/x"
ASKS = challenge('Digest realm="r", nonce="one", qop="auth"')


def test_a_challenge_is_answered_once_and_a_wrong_password_stands():
    credentials = Credentials(auth=(("", "u:p"),))
    assert credentials.answers(answer(URL, 401, ASKS, sent=basic("u:p")), is_seeds=True)

    sent = header(credentials, URL)
    assert sent.startswith("Digest ")
    assert not credentials.answers(answer(URL, 401, ASKS, sent=sent), is_seeds=True)
    assert header(credentials, "https://b.example/") == basic("u:p"), "another origin did not ask for it"


def test_a_nonce_that_grew_old_is_replaced_but_not_for_ever():
    credentials = Credentials(auth=(("", "u:p"),))
    assert credentials.answers(answer(URL, 401, ASKS), is_seeds=True)
    answered = 0
    for number in range(100):
        stale = challenge(f'Digest realm="r", nonce="n{number}", qop="auth", stale=TRUE')
        answered += credentials.answers(answer(URL, 401, stale, sent=header(credentials, URL)), is_seeds=True)
    assert answered == 15

    assert not credentials.answers(answer(URL, 200, sent=header(credentials, URL)), is_seeds=True)
    assert credentials.answers(answer(URL, 401, stale, sent=header(credentials, URL)), is_seeds=True)


def test_what_was_under_way_with_an_older_nonce_goes_again_with_the_new_one():
    credentials = Credentials(auth=(("", "u:p"),))
    credentials.answers(answer(URL, 401, ASKS), is_seeds=True)
    early = header(credentials, URL)
    credentials.answers(
        answer(URL, 401, challenge('Digest realm="r", nonce="two", stale=true'), sent=early), is_seeds=True
    )
    assert credentials.answers(
        answer(URL, 401, challenge('Digest realm="r", nonce="three"'), sent=early), is_seeds=True
    )


@pytest.mark.parametrize(
    ("credentials", "response", "is_seeds"),
    [
        (Credentials(), answer(URL, 401, ASKS), True),
        (Credentials(auth=(("", "u:p"),)), answer(URL, 401, ASKS), False),
        (Credentials(auth=(("https://b.example", "u:p"),)), answer(URL, 401, ASKS), True),
        (Credentials(bearer=(("", "t"),)), answer(URL, 401, ASKS), True),
        (Credentials(auth=(("", "u:p"),)), answer(URL, 401, challenge("Basic realm=x")), True),
        (Credentials(auth=(("", "u:p"),)), answer(URL, 401), True),
        (Credentials(auth=(("", "u:p"),)), answer(URL, 403, ASKS), True),
        (Credentials(auth=(("", "u:p"),)), answer(URL, 401, ASKS, headers={"Authorization": "mine"}), True),
    ],
)
def test_a_challenge_that_is_not_ours_to_answer_is_left_alone(credentials, response, is_seeds):
    assert not credentials.answers(response, is_seeds=is_seeds)


# What was given


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ("u:p", {"": "u:p"}),
        (("u", "p:q"), {"": "u:p:q"}),
        ("https://A.example/=u:p=1", {"https://a.example": "u:p=1"}),
        (["u:p", "http://b.example:8000=v:q"], {"": "u:p", "http://b.example:8000": "v:q"}),
        ({"https://a.example:443": ("u", "p"), "": "v:q"}, {"https://a.example": "u:p", "": "v:q"}),
        ({"http://[::1]:8080": "u:p"}, {"http://[::1]:8080": "u:p"}),
        ("u:", {"": "u:"}),
        (None, {}),
    ],
)
def test_a_login_may_be_given_in_many_ways(value, pairs):
    settings = Settings(auth=value)
    assert dict(settings.auth) == pairs
    assert Settings(auth=settings.auth) == settings


@pytest.mark.parametrize(
    "value",
    [SECRET, (f"a:{SECRET}", "b"), {"a.example": SECRET}, {"https://a.example/path": f"u:{SECRET}"}, 5, [5],
     {"https://u:p@a.example": f"u:{SECRET}"}, f"u:{SECRET}\x00", f"https://a.example/x={SECRET}:p", [("", 5)]],
)  # fmt: skip
def test_a_login_that_is_none_is_refused_without_being_shown(value):
    with pytest.raises(ConfigError, match=r"^auth should be \[ORIGIN=\]USER:PASSWORD") as caught:
        Settings(auth=value)
    assert SECRET not in str(caught.value)


def test_a_secret_may_be_read_from_the_environment_or_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("MY_LOGIN", f"u:{SECRET}")
    (tmp_path / "token").write_text(f"{SECRET}\n")
    settings = Settings(auth="https://a.example=env:MY_LOGIN", bearer=f"file:{tmp_path / 'token'}")

    assert dict(settings.auth) == {"https://a.example": f"u:{SECRET}"}
    assert dict(settings.bearer) == {"": SECRET}
    monkeypatch.setenv("MY_LOGIN", "env:MY_LOGIN")
    assert Settings(auth=("env", "MY_LOGIN")).auth[0][1] == "env:MY_LOGIN", "a user of that name"


def test_nothing_that_is_shown_of_settings_holds_a_secret(tmp_path):
    settings = Settings(
        header={"Authorization": SECRET},
        cookie={"sid": SECRET},
        auth={"https://a.example": ("u", SECRET)},
        bearer=SECRET,
        proxy=f"http://u:{SECRET}@127.0.0.1:3128",
    )
    assert SECRET not in repr(settings)
    assert SECRET not in f"{settings.auth} {settings.bearer}"
    assert "https://a.example" in repr(settings)
    assert SECRET not in repr(TransportOptions(proxy=settings.proxy))
    assert pickle.loads(pickle.dumps(settings)) == settings

    request = Request("http://a.example/", headers={"X": SECRET}, cookies={"X": SECRET}, body=SECRET)
    response = Response(request=request, status=200, request_headers=(("Authorization", SECRET),))
    assert SECRET not in repr(response)
    assert "http://a.example/" in repr(response)


@pytest.mark.parametrize(
    "knob",
    [
        {"header": {"X-Key": f"{SECRET}\n"}},
        {"header": {f"A {SECRET}"[:3]: SECRET}},
        {"header": f"Authorization {SECRET}"},
        {"proxy": f"u:{SECRET}@127.0.0.1:3128"},
        {"proxy": f"ftp://u:{SECRET}@127.0.0.1:3128"},
        {"bearer": f"{SECRET} and more"},
        {"cookie": [(SECRET,)]},
    ],
)
def test_no_complaint_about_a_knob_shows_a_secret(knob):
    with pytest.raises((ConfigError, ValueError)) as caught:
        Settings(**knob)
    assert SECRET not in str(caught.value)


def test_a_request_with_a_header_that_cannot_be_sent_does_not_show_it():
    with pytest.raises(ValueError, match="one line") as caught:
        Request("http://a.example/", headers={"X-Key": f"{SECRET}\n"})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "hosts"),
    [
        ("localhost", ("localhost",)),
        (("A.example", "127.0.0.1:8443", "[::1]:443"), ("a.example", "127.0.0.1:8443", "[::1]:443")),
        ([], ()),
        (False, ()),
    ],
)
def test_hosts_that_are_not_verified_are_named(value, hosts):
    assert Settings(insecure=value).insecure == hosts


@pytest.mark.parametrize(
    "value", [True, "https://a.example", "a.example/x", "a.example:99999", "", 5, [5], "a b"]
)
def test_all_hosts_at_once_are_not_left_unverified(value):
    with pytest.raises(ConfigError, match="insecure names the hosts whose certificates are not verified"):
        Settings(insecure=value)


# Files


def cookies_in(tmp_path, text):
    (tmp_path / "cookies.txt").write_text(text)
    return read_cookies(str(tmp_path / "cookies.txt"))


def test_a_cookie_file_is_read_as_browsers_write_it(tmp_path):
    found = cookies_in(
        tmp_path,
        "# Netscape HTTP Cookie File\r\n\r\n"
        ".shop.example\tTRUE\t/\tTRUE\t0\tsid\tabc=\r\n"
        "#HttpOnly_www.shop.example\tFALSE\t/a\tFALSE\t1893456000.5\tn\t\n"
        "a.example\tFALSE\t/\tFALSE\t0\tempty\n",
    )
    assert [tuple(each) for each in found] == [
        ("shop.example", False, "/", True, 0.0, "sid", "abc="),
        ("www.shop.example", True, "/a", False, 1893456000.5, "n", ""),
        ("a.example", True, "/", False, 0.0, "empty", ""),
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"a.example TRUE / FALSE 0 sid {SECRET}", "1 fields with tabs between them"),
        (f"sid={SECRET}", "1 fields with tabs between them"),
        (f"a.example\tyes\t/\tFALSE\t0\tsid\t{SECRET}", "TRUE or FALSE"),
        (f"a.example\tTRUE\tx\tFALSE\t0\tsid\t{SECRET}", "path"),
        (f"a.example\tTRUE\t/\tFALSE\tsoon\tsid\t{SECRET}", "number"),
        (f"a example\tTRUE\t/\tFALSE\t0\tsid\t{SECRET}", "no host"),
        (f"a.example\tTRUE\t/\tFALSE\t0\tsid\t{SECRET};", "can be sent"),
        (f"a.example\tTRUE\t/\tFALSE\t0\t\t{SECRET}", "can be sent"),
    ],
)
def test_a_line_that_is_no_cookie_is_named_without_its_value(tmp_path, line, said):
    with pytest.raises(ValueError, match=r"^line 3, '(a\.example|sid|a)'\.\.\.: ") as caught:
        cookies_in(tmp_path, f"# ours\n\n{line}\n")
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_netrc_that_cannot_be_read_is_named_without_what_is_in_it(tmp_path):
    (tmp_path / "netrc").write_text(f"machine a.example\nlogin u\npasswort {SECRET}\n")
    with pytest.raises(ValueError, match="machine HOST login USER password PASSWORD") as caught:
        read_netrc(str(tmp_path / "netrc"))
    assert SECRET not in str(caught.value)
    with pytest.raises(ConfigError, match=r"^netrc '.*netrc': line "):
        Settings(netrc=str(tmp_path / "netrc"))
