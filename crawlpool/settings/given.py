"""What was given for servers: credentials, certificates, hosts that are not verified; brought to one form.

A credential is for one origin (scheme, host and port), `https://shop.example=VALUE`, or,
without one, for the origins of the seeds. `env:NAME` and `file:PATH` stand for a value that
shall not be seen in the list of processes; they are read here, once. No message quotes a
value: it may be a password in the wrong place.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ..errors import ConfigError
from ..model import Pairs
from ..secretfiles import read_cookies, read_netrc
from ..urls import normalise, place, public
from .check import as_tuple

Given: TypeAlias = str | tuple[str, str] | list[str] | Pairs | Mapping[str, str | tuple[str, str]]
"""A value, a pair, several of them, or a mapping of origins to values."""

HIDDEN = "***"

ORIGIN = re.compile(r"(https?://[^\s/?#@=]+)/?=(.*)", re.IGNORECASE | re.DOTALL)
"""`https://shop.example=VALUE`."""

_WEB = re.compile(r"https?://", re.IGNORECASE)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]]+)(?::([0-9]{1,5}))?")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_PROXIES = frozenset({"http", "https", "socks5", "socks5h"})
_LONGEST = 64 * 1024


class Secret(str):
    """A text that is not shown where values are shown: its `repr` is three stars."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide it."""
        return repr(HIDDEN)


def shown(value: Any) -> str:
    """A knob's value for whoever reads a `repr`: names and origins, and stars for the rest."""
    if isinstance(value, tuple):
        return f"({', '.join(f'({each[0]!r}, {HIDDEN!r})' for each in value)},)"
    return repr(HIDDEN)


def as_proxy(name: str, value: Any) -> str | None:
    """Check `proxy`: a URL, or "env".

    Raises:
        ConfigError: It is neither; the message leaves user name and password out.
    """
    if value is None or value == "env":
        return None if value is None else "env"
    scheme, mark, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
    if scheme.lower() not in _PROXIES or not mark or not normalise(f"http://{rest.rpartition('@')[2]}"):
        said = public(value).rpartition("@")[2] if isinstance(value, str) else type(value).__name__
        raise ConfigError(
            f"{name} {said!r} is not a URL of a proxy; write it as http://host:port (or https, socks5, socks5h), or env for what the "
            "environment names"
        )
    return str(value)


def as_logins(name: str, value: Any) -> Pairs:
    """Bring `auth` to pairs of an origin, "" for the seeds', and "user:password" (RFC 7617, 2).

    Raises:
        ConfigError: It is none; the message says what would do.
    """
    return _secrets(
        name, value, _login, "[ORIGIN=]USER:PASSWORD; env:NAME or file:PATH may stand for USER:PASSWORD"
    )


def as_tokens(name: str, value: Any) -> Pairs:
    """Bring `bearer` to pairs of an origin, "" for the seeds', and a token (RFC 6750, 2.1).

    Raises:
        ConfigError: It is none; the message says what would do.
    """
    return _secrets(name, value, _token, "[ORIGIN=]TOKEN; env:NAME or file:PATH may stand for TOKEN")


def as_pairs(name: str, value: Any) -> Pairs:
    """Bring `header` and `cookie` to pairs of a name and a value; env:NAME and file:PATH stand for values.

    Raises:
        ConfigError: It is none, or there is no such variable or file.
    """
    return tuple((key, _opened_once(name, text)) for key, text in as_tuple(name, value, is_secret=True))


def _opened_once(name: str, text: str) -> str:
    found = _opened(name, text)
    if found is not text and found.startswith(
        ("env:", "file:")
    ):  # or it would be opened when settings are copied
        raise ConfigError(f"{name}: what {text!r} stands for begins with env: or file: itself")
    return found


def as_certificates(name: str, value: Any) -> Pairs:
    """Bring `client_cert` to pairs of an origin, "" for the seeds', and "FILE" or "FILE,KEY".

    Raises:
        ConfigError: A file cannot be read, is no certificate with its key, or the key is locked.
    """
    found = []
    for origin, text in _of_origins(name, value, "[ORIGIN=]FILE[,KEY]"):
        parts = text if isinstance(text, tuple) else tuple(text.split(",", 1))
        files = tuple(str(Path(part).expanduser().absolute()) for part in parts if part)
        if not files:
            raise ConfigError(
                f"{name} should be [ORIGIN=]FILE[,KEY]: a certificate, and its key where that is another file"
            )
        _check_certificate(name, files)
        found.append((origin, ",".join(files)))
    return tuple(dict(found).items())


def as_hosts(name: str, value: Any) -> tuple[str, ...]:
    """Bring `insecure` to hosts, each with its port if one was given.

    Raises:
        ConfigError: One is no host; the message says what would do.
    """
    should = (
        f"{name} names the hosts whose certificates are not verified, each as HOST or HOST:PORT, "
        "such as localhost or 127.0.0.1:8443"
    )
    if value is None or value is False:
        return ()
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple | set | frozenset):
        raise ConfigError(f"{should}; {value!r} is none")
    hosts = []
    for text in texts:
        found = _HOST.fullmatch(text) if isinstance(text, str) else None
        whole = None if found is None else normalise(f"https://{found[1]}/")
        if found is None or whole is None or int(found[2] or 0) > 65_535:
            raise ConfigError(f"{should}; {text!r} is none")
        hosts.append(place(whole).hostname + (f":{int(found[2])}" if found[2] else ""))
    return tuple(dict.fromkeys(hosts))


def as_file(name: str, value: Any) -> str | None:
    """Bring a name of a file to one that holds from every folder.

    Raises:
        ConfigError: There is no such file, or it may not be read.
    """
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise ConfigError(f"{name} is {value!r}, and should be the name of a file")
    path = Path(value).expanduser().absolute()
    try:
        path.open("rb").close()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name} {str(value)!r}: {_why(error)}") from None
    return str(path)


def as_netrc(name: str, value: Any) -> str | None:
    """Bring `netrc` to the name of a file; True is ~/.netrc.

    Raises:
        ConfigError: It cannot be read.
    """
    path = None if value is False else as_file(name, "~/.netrc" if value is True else value)
    _try(name, path, read_netrc)
    return path


def as_cookie_file(name: str, value: Any) -> str | None:
    """Bring `cookie_file` to the name of a file of cookies.

    Raises:
        ConfigError: It cannot be read; the message names the line.
    """
    path = as_file(name, value)
    _try(name, path, read_cookies)
    return path


def as_authorities(name: str, value: Any) -> str | None:
    """Bring `ca_file` to the name of a file with certificates that can be trusted.

    Raises:
        ConfigError: There is no such file, or no certificate in it.
    """
    path = as_file(name, value)
    if path is not None:
        import ssl  # noqa: PLC0415  loads OpenSSL; the main process needs it for nothing else

        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
        except OSError as error:
            raise ConfigError(f"{name} {path!r} holds no certificates in PEM form: {_why(error)}") from None
    return path


def _try(name: str, path: str | None, read: Callable[[str], object]) -> None:
    if path is not None:
        try:
            read(path)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{name} {path!r}: {getattr(error, 'strerror', None) or error}") from None


def _secrets(name: str, value: Any, check: Callable[[Any], str | None], should: str) -> Pairs:
    found: dict[str, Secret] = {}
    for origin, given in _of_origins(name, value, should):
        text = given if isinstance(given, tuple | Secret) else _opened(name, given)
        secret = check(text)
        if secret is None:
            raise ConfigError(f"{name} should be {should}")
        found[origin] = Secret(secret)
    return tuple(found.items())


def _login(given: Any) -> str | None:
    """A user and a password: no colon in the user, no control characters in either (RFC 7617, 2)."""
    user, colon, password = (given[0], ":", given[1]) if isinstance(given, tuple) else given.partition(":")
    text = f"{user}{colon}{password}"
    return text if colon and ":" not in user and text.isprintable() else None


def _token(given: Any) -> str | None:
    return str(given) if isinstance(given, str) and _TOKEN.fullmatch(given) else None


def _opened(name: str, text: str) -> str:
    """A value, or what `env:NAME` and `file:PATH` stand for.

    Raises:
        ConfigError: There is no such variable or file.
    """
    kind, _, where = text.partition(":")
    if kind == "env":
        value = os.environ.get(where)
        if value is None:
            raise ConfigError(f"{name}: there is no environment variable {where!r}")
        return value.strip()
    if kind == "file":
        try:
            with Path(where).expanduser().open("rb") as file:
                return file.read(_LONGEST).decode().strip()
        except (OSError, ValueError) as error:
            raise ConfigError(f"{name}: file {where!r}: {_why(error)}") from None
    return text


def _of_origins(name: str, value: Any, should: str) -> Iterator[tuple[str, Any]]:
    """Pairs of an origin, "" for the seeds', and what was given for it: a text, or a tuple of two."""
    wrong = ConfigError(f"{name} should be {should}")
    if value is None:
        return
    if isinstance(value, str):
        yield _split(value, wrong)
    elif isinstance(value, Mapping):
        for origin, each in value.items():
            yield _origin(origin, wrong), _value(each, wrong)
    elif _is_pair(value) and not _WEB.match(value[0]):  # ("user", "password"), ("cert.pem", "key.pem")
        yield "", value
    elif isinstance(value, list | tuple):
        for each in value:
            if isinstance(each, str):
                yield _split(each, wrong)
            elif isinstance(each, list | tuple) and len(each) == 2 and isinstance(each[0], str):
                yield _origin(each[0], wrong), _value(each[1], wrong)
            else:
                raise wrong
    else:
        raise wrong


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(each, str) for each in value)


def _value(value: Any, wrong: ConfigError) -> Any:
    if isinstance(value, str) or _is_pair(value):
        return value
    raise wrong


def _split(text: str, wrong: ConfigError) -> tuple[str, str]:
    if not _WEB.match(text):
        return "", text
    found = ORIGIN.fullmatch(text)
    if found is None:
        raise wrong
    return _origin(found[1], wrong), found[2]


def _origin(text: Any, wrong: ConfigError) -> str:
    if text == "":
        return ""
    whole = normalise(text) if isinstance(text, str) and "@" not in text else None
    if whole is None or place(whole).path != "/":
        raise wrong
    return place(whole).origin


def _check_certificate(name: str, files: tuple[str, ...]) -> None:
    import ssl  # noqa: PLC0415  loads OpenSSL; the main process needs it for nothing else

    try:
        # Without a password of ours OpenSSL would ask for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(
            files[0], files[1] if len(files) > 1 else None, _locked
        )
    except _LockedError:
        raise ConfigError(
            f"{name} {files[-1]!r}: the key is locked by a password; unlock a copy: openssl pkey -in KEY -out OPEN"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name} {', '.join(map(repr, files))}: {_why(error)}") from None


class _LockedError(Exception):
    """A key wants a password."""


def _locked() -> str:
    raise _LockedError


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)
