"""`--save`: what a folder of bodies gets of one URL: a line for its index, and the body under a safe name."""

import re
from hashlib import blake2b
from typing import Any

from .model import Failure, Outcome, Response
from .parse.saving import DEVICES, file_name
from .parse.sniff import HTML_TYPES
from .records import shown
from .urls import place

FIELDS = ("url", "final_url", "status", "content_type", "file", "bytes", "sha256", "error")
"""The fields of each line of the index, in their order."""

_ENDINGS = {
    "application/atom+xml": ".xml",
    "application/javascript": ".js",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/rss+xml": ".xml",
    "application/xml": ".xml",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "text/css": ".css",
    "text/csv": ".csv",
    "text/javascript": ".js",
    "text/plain": ".txt",
    "text/xml": ".xml",
    **dict.fromkeys(HTML_TYPES, ".html"),
}
"""What a file's name ends in when its URL has no ending; of other types it has none."""

_UNSAFE = re.compile(r"[^a-z0-9.-]+")
_LONGEST_FOLDER = 80


def saved_of(outcome: Outcome) -> dict[str, Any]:
    """The fields of the index, and the body as `body`; None where there is none.

    The bodies of good answers (2xx) are kept. `file` is where the body goes, seen from the
    folder; the store puts a number behind it when there is a file of that name already, and
    adds `bytes` and `sha256` of what it wrote.
    """
    response = outcome if isinstance(outcome, Response) else outcome.response
    request = outcome.request
    made: dict[str, Any] = dict.fromkeys(FIELDS)
    made["url"] = shown(request.url)
    if isinstance(outcome, Failure):
        made["error"] = f"{outcome.kind.value}: {outcome.message}"
    if response is None:
        return made
    kind = response.media_type or response.content_type
    made |= {"final_url": shown(response.final_url), "status": response.status, "content_type": kind or None}
    if isinstance(outcome, Failure):
        return made
    if response.status >= 400:
        made["error"] = f"HTTP {response.status} {' '.join(response.reason.split())[:100]}".rstrip()
    elif response.is_cut:
        made["error"] = f"cut: the body is longer than {response.size:,} bytes"
    if 200 <= response.status < 300 and response.is_body_read:
        name = file_name(response.final_url, ending=_ENDINGS.get(kind, ""), with_host=False)
        made["file"] = f"{folder_name(response.final_url)}/{name}"
        made["body"] = response.body
    return made


def folder_name(url: str) -> str:
    """A folder's name for a URL's host: letters, digits, ".", "_" and "-"; marked where it had to be cut."""
    host = place(url).host
    name = _UNSAFE.sub("_", host.lower()).strip("._-")
    if len(name) > _LONGEST_FOLDER:
        mark = blake2b(host.encode(errors="replace"), digest_size=5).hexdigest()
        name = f"{name[:_LONGEST_FOLDER].strip('._-')}-{mark}"
    # A proxy answers for any host, also one that is called like the index.
    return f"_{name}" if name in {"", "index.jsonl"} or DEVICES.match(name) else name
