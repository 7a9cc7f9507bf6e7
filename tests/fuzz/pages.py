"""Hard pages at random: a grammar of HTML that knows where the standard's parser decides something.

A page has a few kinds of trouble only, drawn anew for each ("swarm testing"): with all of them at once no
page would be plain enough for a reader that vouches for plain pages, and no trouble would stand alone.
"""

from random import Random

from . import alphabet as abc
from . import kinds
from .writer import Writer

_NAMES = (
    *abc.FORMATS, *abc.BLOCKS, *abc.OTHERS, *abc.VOID, *abc.TABLES, *abc.FRAMES, *abc.SELECTS, *abc.RAW, *abc.BREAKS_OUT,
    "svg", "math", "template", "base", "title", "image",
)  # fmt: skip
_PIECES = (
    "x",
    " ",
    "href=",
    "<a href=",
    "<",
    ">",
    '"',
    "'",
    "</",
    "<!--",
    "<script>",
    "</script>",
    "<a ",
    "<title>",
    "</title>",
)
_STARTS = (
    "<!DOCTYPE html>",
    "<!doctype html>\n",
    "",
    "\ufeff",
    "<!-- x -->",
    "\0",
    " ",
    "<?xml version='1.0' encoding='utf-8'?>",
)
_ENDS = (
    "",
    "",
    "",
    "</body></html>",
    "</body>",
    "</html>\n",
    "</body></html>x",
    "</body></html><a href=/late>",
)
_MARKS = (
    "\n", " ", "\0", "\x0b", "\xa0", "x", "&#32;", "&nbsp;", "</p>", "</br>", "<br>", "<head>", "<html>", "</html>", "<body>",
    "<template></template>", "<style>a{}</style>", "<script>x</script>", "<noscript>x</noscript>", "<svg></svg>", "<bgsound>", "<basefont>",
)  # fmt: skip


def page(dice: Random) -> str:
    """A whole page, or a piece of one."""
    troubles = dice.sample(kinds.TROUBLES, dice.choice((1, 2, 2, 3, 3, 4, 6)))
    writer = Writer(dice, (kinds.plain, kinds.anchor, kinds.anchor, kinds.naming, *troubles * 3))
    if dice.random() < 0.05:
        return _soup(writer, dice.randint(1, 60))
    text = writer.content(dice.randint(1, 8))
    if dice.random() < 0.7:
        text = _head(writer) + text + dice.choice(_ENDS)
    return text if dice.random() < 0.8 else _mangled(writer, text)


def _head(w: Writer) -> str:
    """All before the content; each part of it may be missing."""
    choice = w.dice.choice
    start = choice(_STARTS) if w.dice.random() < 0.8 else w.odd()
    root = choice(("<html>", "<html lang=en>", "<HTML>\n", "", ""))
    head = choice(("<head>", "<head>\n", "<HEAD x>", "", ""))
    inside = "".join(_in_head(w) for _ in range(w.dice.randint(0, 5)))
    end = choice(
        ("</head>", "</head>\n", "</HEAD >", "", "", "</head><head>", "\xa0", "<p>", f"</head>{_in_head(w)}")
    )
    return (
        start
        + root
        + head
        + inside
        + end
        + choice(("<body>", "<body class=a>", "\n<body>", "", "<body><body>"))
    )


def _in_head(w: Writer) -> str:
    if w.dice.random() < 0.2:
        return w.dice.choice(_MARKS)
    writers = (
        kinds.link,
        kinds.link,
        kinds.meta,
        kinds.meta,
        kinds.title,
        kinds.title,
        kinds.base,
        kinds.raw,
        kinds.comments,
        kinds.noscripts,
    )
    return w.dice.choice(writers)(w, 0)


def _soup(w: Writer, count: int) -> str:
    """Tokens of all kinds in any order."""
    choice = w.dice.choice
    parts: list[str] = []
    for _ in range(count):
        roll = w.dice.random()
        if roll < 0.35:
            name = choice(("href", "src", "data", "content", "rel", "srcset", "name"))
            parts.append(w.tag(choice(_NAMES), *([w.attribute(name, w.url())] if roll < 0.2 else [])))
        elif roll < 0.55:
            parts.append(f"</{choice(_NAMES)}>")
        elif roll < 0.75:
            parts.append(w.odd())
        else:
            parts.append(choice(abc.JUNK if roll < 0.85 else _PIECES))
    return "".join(parts)


def _mangled(w: Writer, text: str) -> str:
    """Cut, spliced with another, or with pieces gone, doubled, moved or put in."""
    dice = w.dice
    for _ in range(dice.choice((1, 1, 2, 4))):
        first, second = sorted((dice.randint(0, len(text)), dice.randint(0, len(text))))
        match dice.randint(0, 7):
            case 0:
                text = text[:first]
            case 1:
                text = text[:first] + text[min(second, first + 5) :]
            case 2:
                text = text[:second] + text[first:]
            case 3:
                text = text[:first] + w.odd() + text[first:]
            case 4:
                text = text[:first] + w.content(1) + text[first:]
            case 5:
                text = text[first:]
            case 6:
                text = text[:first] + dice.choice("<>\"'=/!-& \n\0a") + text[first + 1 :]
            case _:
                other = page(dice)
                text = text[:first] + other[dice.randint(0, len(other)) :]
    return text
