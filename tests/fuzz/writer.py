"""Writes tags and attributes in all the ways that the HTML standard's tokenizer takes (13.2.5)."""

from collections.abc import Callable, Sequence
from random import Random

from . import alphabet as abc

_DEEPEST = 5


class Writer:
    """Writes one page. Each reference is numbered, so that one that is lost, read twice or moved shows.

    Args:
        dice: Chance that comes again.
        kinds: What the page is made of; each is written by a function of the writer and of how deep it stands.
    """

    def __init__(self, dice: Random, kinds: Sequence[Callable[["Writer", int], str]]) -> None:
        self.dice = dice
        self.count = 0
        self.kinds = kinds
        self.trouble = dice.choice((0.0, 0.0, 0.02, 0.05, 0.15, 0.4))
        """How often a value or an attribute is an odd one."""
        self.neat = dice.choice((0.0, 0.5, 0.9, 0.98, 1.0))
        """How often an element is closed where it should be."""

    def content(self, count: int, depth: int = 0) -> str:
        """So many pieces of the kinds that this page has."""
        if depth > _DEEPEST:
            return "x"
        return "".join(self.dice.choice(self.kinds)(self, depth) for _ in range(count))

    def inside(self, depth: int) -> str:
        """What an element holds."""
        return self.content(self.dice.choice((0, 1, 1, 2, 3)), depth + 1)

    def element(self, name: str, inside: str, *attributes: str) -> str:
        """Start tag, content, and mostly an end tag; the name may have an attribute behind it."""
        dice = self.dice
        start = self.tag(name, *attributes)
        roll = dice.random()
        if roll < self.neat:
            return f"{start}{inside}</{self.cased(name.partition(' ')[0])}{self.end_of_end()}>"
        roll = dice.random()
        if roll < 0.4:
            return start + inside
        if roll < 0.6:
            return f"{start}{inside}</{dice.choice(abc.FORMATS + abc.BLOCKS + abc.TABLES + abc.OTHERS + abc.FRAMES)}>"
        if roll < 0.8:
            return f"{start}</{name.partition(' ')[0]}>{inside}"
        return f"{inside}</{name.partition(' ')[0]}>"

    def tag(self, name: str, *attributes: str) -> str:
        """A start tag."""
        dice = self.dice
        if dice.random() >= self.trouble and not attributes:
            return f"<{self.cased(name)}>"
        parts = [f"<{self.cased(name)}"]
        given = list(attributes)
        while dice.random() < self.trouble:
            given.insert(dice.randint(0, len(given)), dice.choice(abc.JUNK))
        for attribute in given:
            parts += (dice.choice(abc.BLANKS) if dice.random() < max(self.trouble, 0.05) else " ", attribute)
        if dice.random() < self.trouble:
            parts.append(dice.choice((" ", "/", " /", "\n", *abc.NO_BLANKS, "/ ", " / /")))
        return "".join(parts) + (">" if dice.random() > self.trouble / 20 else "")

    def end_of_end(self) -> str:
        """End tags may have attributes, which mean nothing."""
        return (
            self.dice.choice(("", " ", "\n", "/", " x", " x='>'", " href=/no", " /", "\0"))
            if self.dice.random() < self.trouble
            else ""
        )

    def cased(self, name: str) -> str:
        roll = self.dice.random()
        if roll > 0.15:
            return name
        if roll > 0.05 or self.trouble == 0:
            return name.upper()
        if roll > 0.02:
            return name.capitalize()
        # Letters that Unicode's rules take for ASCII ones when case does not matter, and names that only begin alike.
        return self.dice.choice(
            (
                name.replace("s", "\u017f"),
                name.replace("k", "\u212a"),
                name.replace("i", "\u0130"),
                name + "\0",
                name + "x",
                name[:1] + "\0" + name[1:],
            )
        )

    def attribute(self, name: str, value: str) -> str:
        """One attribute in any of the ways to write it (13.2.5.32 to 13.2.5.39)."""
        dice = self.dice
        name = name.upper() if dice.random() < 0.05 else name
        roll = dice.random()
        is_odd = dice.random() < self.trouble
        gap = dice.choice(("=", " = ", "\n=\n", "=\t", "\f=", "=\r", " =", "= ", "=\r\n")) if is_odd else "="
        if roll < 0.5:
            written = name + gap + '"' + value.replace('"', "&quot;") + '"'
        elif roll < 0.7:
            written = name + gap + "'" + value.replace("'", "&#39;") + "'"
        elif any(each in value for each in " \t\n\f\r>") or not value:
            written = name + gap + '"' + value.replace('"', "") + '"' if roll < 0.95 else name
        else:
            written = name + gap + value
        if is_odd and dice.random() < 0.3:
            twice = f"{name.swapcase() if dice.random() < 0.5 else name}=/twice"
            written = f"{twice} {written}" if dice.random() < 0.5 else f"{written} {twice}"
        return written

    def url(self) -> str:
        """A reference of its own, or one that an earlier element had."""
        dice = self.dice
        self.count += dice.random() < 0.9
        number = self.count
        if dice.random() >= max(self.trouble, 0.1):
            return f"/{number}"
        url = dice.choice(
            (
                "/{0}", "{0}", "../{0}", "./{0}", "?q={0}", "#{0}", "#", "", "//other.example/{0}", "http://other.example/{0}?a=1&b=2", "javascript:x({0})", "mailto:a@b", "data:,{0}", " /{0} ", "\t/{0}\n",
                "/{0}?a=1&amp;b=2", "/{0}?a=1&b=2&copy=3", "/{0}#x", "/{0}\\x", "HTTP://SITE.EXAMPLE/{0}", "ftp://x/{0}", "http:/{0}", "http:{0}", "/{0}?caf\u00e9=\u65e5", "/caf\u00e9/{0}", "/{0}/../x/./y", "/%7e{0}/%2e%2e/", "//[::1]/{0}", "http://a b/{0}", "https://user:pass@x.example/{0}", ".", "..", "/", "//", "///x", ":{0}", "a:b", "?", "&{0}", "/{0}&", "/{0}&x;",
            )
        ).format(number)  # fmt: skip
        while dice.random() < self.trouble:
            place = dice.randint(0, len(url))
            url = (
                url[:place]
                + dice.choice(abc.REFERENCES if dice.random() < 0.5 else abc.ODD_CHARACTERS)
                + url[place:]
            )
        return url

    def odd(self) -> str:
        """Something that is hard to read, alone."""
        return self.dice.choice(self.dice.choice((abc.REFERENCES, abc.ODD_CHARACTERS, abc.COMMENTS)))
