"""Write a page's bytes to a file, whole or not at all, under a name that is safe on every system."""

import os
import re
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from ..urls import place

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_LONGEST_NAME = 120
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever stands behind the dot."""

_OBEYED = frozenset({".desktop", ".lnk", ".local", ".scf", ".url"})
"""Endings by which a desktop reads a file, and goes where it says, as soon as its folder is shown."""


def save(content: bytes, path: str | os.PathLike[str], *, name: str) -> Path:
    """Write bytes to a file, making its folders; a reader never sees half of it.

    Args:
        content: The bytes.
        path: The file, or a folder: one that is there, or that ends in a slash.
        name: What the file is called in a folder.

    Returns:
        The file that was written.
    """
    target = Path(path)
    if str(path).endswith(("/", os.sep)) or target.is_dir():
        target /= name
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid4().hex}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    return target


def file_name(url: str, *, ending: str = "", with_host: bool = True) -> str:
    """A file's name for a URL: host and path in letters, digits, ".", "_" and "-", and a mark of the whole URL.

    The mark keeps two URLs apart that differ in what is replaced or cut, or in case, which
    some file systems ignore. The name begins with a letter, a digit or "_": it is no
    flag, not hidden, and none that Windows keeps for a device. An ending that a desktop
    obeys by itself gets ".download" behind it, as browsers do.

    Args:
        url: In normal form.
        ending: What the name ends in when the URL's path has no ending of its own, such as ".html".
        with_host: Begin with the host; else the folder says it, and a path without a name is called "index".
    """
    where = place(url)
    path = where.path.partition("?")[0]
    found = _ENDING.search(path)
    own = found[0] if found else ""
    named = f"{where.host if with_host else ''}{path.removesuffix(own)}"
    stem = _UNSAFE.sub("_", named).strip("._-")[:_LONGEST_NAME] or ("" if with_host else "index")
    if not stem or DEVICES.match(stem):
        stem = f"_{stem}"
    if own.lower() in _OBEYED:
        own += ".download"
    mark = blake2b(url.encode(errors="replace"), digest_size=5).hexdigest()
    return f"{stem}-{mark}{own or ending}"
