"""What a crawl's file may say besides knobs: the command's own flags, and the seeds."""

from collections.abc import Mapping
from typing import Final

OWN: Final[Mapping[str, str]] = {
    "seeds": "sources",
    "output": "files",
    "failed": "file",
    "save": "file",
    "fresh": "switch",
    "append": "switch",
    "refresh": "switch",
    "job": "file",
    "no_job": "switch",
    "handler": "handler",
    "column": "text",
    "fail_on": "word",
    "quiet": "switch",
    "verbose": "count",
    "log_file": "file",
    "trace": "file",
    "view": "word",
}
"""The keys under [crawl] that are no knobs, and what each takes; but for seeds, the flag of that name says what it does.

"sources" are words as on a command line, "files" and "file" names seen from the file's folder,
"switch" is true or false, "count" a whole number or true, "word" one of those that the flag allows, "text" any.
"""
