"""The URLs of a style sheet: one pass over its text by the tokens of the CSS Syntax standard (section 4).

    @import "a.css", @import url(a.css)      style
    url(...) in @font-face                   font
    any other url(...), image-set("a" 1x)    image

What stands in comments and strings is no URL, `@namespace` names no document, and a
reference that begins with "#" is in the page itself. No property is looked at: what
names a picture may come to show one.
"""

import re
from collections.abc import Iterator

_ESCAPE = r"\\(?:[0-9a-fA-F]{1,6}(?:\r\n|[ \t\n\r\f])?+|[^\n\r\f0-9a-fA-F])"
_NAME = r"(?:[-_a-zA-Z0-9\x80-\U0010ffff]|" + _ESCAPE + r")++"
_IN_STRING = r"(?:[^{quote}\\\n\r\f]++|\\(?:\r\n|(?s:.)|\Z))*+"
_TOKEN = re.compile(
    r"/\*(?s:.)*?(?:\*/|\Z)"  # a comment
    r'|"(?P<double>' + _IN_STRING.format(quote='"') + r')(?:"|\Z|(?=[\n\r\f]))'
    r"|'(?P<single>" + _IN_STRING.format(quote="'") + r")(?:'|\Z|(?=[\n\r\f]))"
    r"|(?P<mark>[@#]?)(?P<name>" + _NAME + r")(?P<opens>\()?+"
    r"|(?P<bracket>[][(){};])"
)
_BARE_URL = re.compile(
    r"[ \t\n\r\f]*+(?:(?=[\"'])|(?P<url>(?:[^\"'()\\ \t\n\r\f\x00-\x08\x0b\x0e-\x1f\x7f]++|"
    + _ESCAPE
    + r")*+)[ \t\n\r\f]*+(?:\)|\Z)|(?P<bad>(?:[^)\\]++|\\(?:(?s:.)|\Z))*+\)?+))"
)
_ESCAPED = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\r\f])?+|(\r\n|[\n\r\f]|\Z)|((?s:.)))")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LISTING = frozenset({"url", "src", "image-set", "-webkit-image-set"})
"""Functions whose strings are URLs (CSS Images 4, 2.4)."""
_MOST_CHARACTERS = 4 * 1024 * 1024  # two seconds at the worst
_MOST_OPEN = 1000
_MOST_LOOKED = 16


def references_of_css(css: str) -> Iterator[tuple[str, str]]:
    """References as they are written, escapes undone, each with its kind; empty ones are left out.

    Never raises; time is linear in the length, and no more than 4 Mi characters are looked at.
    """
    if "(" not in css and "@" not in css:
        return
    for reference, kind in _Scan(css[:_MOST_CHARACTERS].replace("\0", "\ufffd")):
        if reference and not reference.startswith("#"):
            yield reference, kind


class _Scan:
    """Where in a style sheet the scan is: open brackets, and what stands before the next block."""

    def __init__(self, css: str) -> None:
        self._css = css
        self._position = 0
        self._open: list[tuple[str, str]] = []  # (what closes it, the function or rule that opened it)
        self._rule = ""  # the at-rule whose beginning is being read
        self._is_imported = False  # its URL was read

    def __iter__(self) -> Iterator[tuple[str, str]]:
        while found := _TOKEN.search(self._css, self._position):
            self._position = found.end()
            reference: str | None = None
            if found["name"] is not None:
                reference = self._name(unescaped(found["name"]).lower(), found["mark"], found["opens"])
            elif found["bracket"] is not None:
                self._bracket(found["bracket"])
            elif self._is_listing and (found["double"] or found["single"]):
                reference = unescaped(found["double"] or found["single"])
            if reference is not None:
                yield from self._found(reference)

    def _name(self, name: str, mark: str, opens: str | None) -> str | None:
        """Take a name, an at-keyword or the beginning of a function; the URL, where it is one without quotes."""
        if opens is None:
            if mark == "@" and self._is_between_parts:
                self._rule, self._is_imported = name, False
            return None
        if name == "url" and not mark and (bare := _BARE_URL.match(self._css, self._position)):
            self._position = bare.end()
            if bare["url"] is not None:
                return unescaped(bare["url"])
            if bare["bad"] is not None:
                return None
        self._push(")", "" if mark else name)
        return None

    @property
    def _is_between_parts(self) -> bool:
        """Whether no bracket but that of a block is open here."""
        return not self._open or self._open[-1][0] == "}"

    @property
    def _is_listing(self) -> bool:
        """Whether a string would be a URL here."""
        if self._open:
            return self._open[-1][1] in _LISTING
        return self._rule == "import" and not self._is_imported

    def _found(self, reference: str) -> Iterator[tuple[str, str]]:
        if self._rule == "namespace":
            return
        if self._rule == "import":
            is_first, self._is_imported = not self._is_imported, True
            if is_first and (not self._open or (len(self._open) == 1 and self._open[0][1] in _LISTING)):
                yield reference, "style"
            return
        is_font = any(name == "font-face" for _, name in self._open[:_MOST_LOOKED])
        yield reference, "font" if is_font else "image"

    def _bracket(self, bracket: str) -> None:
        if bracket in _CLOSING:
            rule = ""
            if bracket == "{":
                rule, self._rule = self._rule, ""
            self._push(_CLOSING[bracket], rule)
        elif bracket == ";":
            if self._is_between_parts:
                self._rule = ""
        elif self._open and self._open[-1][0] == bracket:
            self._open.pop()

    def _push(self, closing: str, name: str) -> None:
        if len(self._open) < _MOST_OPEN:
            self._open.append((closing, name))


def unescaped(text: str) -> str:
    """Text with its escapes undone (CSS Syntax, 4.3.7)."""
    return _ESCAPED.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    digits, nothing, other = found.groups()
    if digits is None:
        return "" if nothing is not None else str(other)
    number = int(digits, 16)
    return "\ufffd" if number == 0 or number > 0x10FFFF or 0xD800 <= number < 0xE000 else chr(number)
