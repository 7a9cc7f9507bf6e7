"""The kinds of trouble that a page may have, one function each: what it writes at a depth."""

from . import alphabet as abc
from .writer import Writer

BASES = (
    "/b/", "/c/d", "http://other.example/x/", "", "x/", "javascript:x", "data:,x", "ftp://x/", "//", "http://a b", "?q",
    "#f", "HTTPS://x.example", "about:blank", " /b/ ",
)  # fmt: skip
SAID_TO = (
    "robots",
    "ROBOTS",
    "crawlpool",
    "googlebot",
    "robots ",
    "robot\u017f",
    "ro&#98;ots",
    "description",
)
ENDED = (
    *abc.FORMATS, *abc.BLOCKS, *abc.TABLES, *abc.OTHERS, *abc.RAW,
    "br", "svg", "math", "template", "select", "option", "body", "html", "head", "img", "image", "sarcasm",
)  # fmt: skip


def plain(w: Writer, depth: int) -> str:
    """Text, or an element as on any page."""
    roll = w.dice.random()
    if roll < 0.4:
        return w.dice.choice(("text", " ", "\n", "a b", "x&amp;y", "caf\u00e9", "."))
    given = ['class="a b"'] if roll < 0.6 else []
    return w.element(w.dice.choice(("p", "div", "span", "li", "ul", "b", "h2")), w.inside(depth), *given)


def anchor(w: Writer, depth: int) -> str:
    others = (
        ("rel", "nofollow"),
        ("rel", "ugc"),
        ("download", ""),
        ("class", "x"),
        ("title", "a>b"),
        ("target", "_blank"),
    )
    given = [w.attribute(*each) for each in w.dice.sample(others, w.dice.choice((0, 0, 0, 1, 2)))]
    given.insert(w.dice.randint(0, len(given)), w.attribute("href", w.url()))
    return w.element("a", w.inside(depth) if w.dice.random() < 0.3 else "x", *given)


def link(w: Writer, _depth: int = 0) -> str:
    given = [w.attribute("rel", w.dice.choice(abc.RELATIONS)), w.attribute("href", w.url())]
    if w.dice.random() < 0.3:
        given.append(w.attribute("type", w.dice.choice(abc.TYPES)))
    if w.dice.random() < 0.1:
        given.append(w.attribute("as", w.dice.choice(("image", "font", "script", "x", "STYLE"))))
    if w.dice.random() < 0.05:
        given.append(w.attribute("imagesrcset", w.dice.choice(abc.SRCSETS).format(w.count)))
    w.dice.shuffle(given)
    return w.tag("link", *given[: w.dice.choice((1, 2, 3, 3, 3))])


def meta(w: Writer, _depth: int = 0) -> str:
    choice = w.dice.choice
    w.count += 1
    said = {
        "name": (choice(SAID_TO), choice(abc.ROBOTS)),
        "http-equiv": (
            choice(("refresh", "Refresh", "refresh ", "re\0fresh")),
            choice(abc.REFRESHES).format(w.count),
        ),
        "charset": (choice(abc.CHARSETS), None),
        "http-equiv ": ("content-type", "text/html; charset=" + choice(abc.CHARSETS)),
        "property": ("og:url", w.url()),
    }
    name, (value, content) = choice(list(said.items()))
    given = [w.attribute(name.strip(), value)]
    if content is not None:
        given.append(w.attribute("content", content))
    w.dice.shuffle(given)
    return w.tag("meta", *given)


def base(w: Writer, _depth: int = 0) -> str:
    given = w.attribute("href", w.dice.choice(BASES)) if w.dice.random() < 0.9 else "target=_blank"
    return w.tag("base", given)


def title(w: Writer, _depth: int = 0) -> str:
    text = w.dice.choice(abc.TITLES)
    if w.dice.random() < w.trouble:
        text += w.odd() + w.dice.choice(abc.IN_RAW).format("title")
    return w.element("title", text)


def heading(w: Writer, depth: int) -> str:
    return w.element("h1", w.dice.choice(abc.TITLES) + w.inside(depth))


def picture(w: Writer, _depth: int) -> str:
    given = [w.attribute("src", w.url())]
    if w.dice.random() < 0.5:
        given.append(w.attribute("srcset", w.dice.choice(abc.SRCSETS).format(w.count)))
    return w.tag("img", *given)


def frame(w: Writer, _depth: int) -> str:
    roll = w.dice.random()
    given = [w.attribute("src", w.url())] if roll < 0.8 else []
    if roll > 0.7:
        given.append(w.attribute("srcdoc", f"<a href=/{w.count}>x</a><base href=/b/>"))
    return w.element("iframe", w.dice.choice(("", "", "x", "<a href=/no>", "&lt;")), *given)


def film(w: Writer, depth: int) -> str:
    source = w.tag("source", w.attribute("src", w.url()), *(["srcset=/z"] if w.dice.random() < 0.3 else []))
    given = [w.attribute("poster", w.url())] if w.dice.random() < 0.5 else []
    return w.element(w.dice.choice(("video", "audio", "picture")), source + w.inside(depth), *given)


def part(w: Writer, depth: int) -> str:
    """An element of a page's own parts, with a type."""
    given = w.attribute("type", w.dice.choice(abc.TYPES))
    match w.dice.randint(0, 4):
        case 0:
            return w.element("script", "", w.attribute("src", w.url()), given)
        case 1:
            return w.element("object", w.inside(depth), w.attribute("data", w.url()), given)
        case 2:
            return w.tag(
                "area", w.attribute("href", w.url()), *(["download"] if w.dice.random() < 0.2 else [])
            )
        case 3:
            kind = w.attribute("type", w.dice.choice(("image", "IMAGE", "text", "hidden", "image ")))
            return w.tag("input", kind, w.attribute("src", w.url()))
        case _:
            name = w.dice.choice(("embed", "track", "source", "frame", "image"))
            return w.tag(name, w.attribute("src", w.url()), given)


def naming(w: Writer, depth: int) -> str:
    """An element that may name a URL or say something of the page, other than an anchor."""
    return w.dice.choice((picture, frame, film, part, part, part, link, meta, base, title, heading))(w, depth)


def odd(w: Writer, _depth: int) -> str:
    return w.odd()


def comments(w: Writer, depth: int) -> str:
    if w.dice.random() < 0.8:
        return w.dice.choice(abc.COMMENTS)
    return f"<!--{w.content(1, depth + 1)}-->"


def formats(w: Writer, depth: int) -> str:
    """Elements that are opened again, and anchors in anchors (13.2.4.3, 13.2.6.4.7)."""
    return w.element(w.dice.choice(abc.FORMATS), w.inside(depth))


def blocks(w: Writer, depth: int) -> str:
    return w.element(w.dice.choice(abc.BLOCKS), w.inside(depth))


def others(w: Writer, depth: int) -> str:
    name = w.dice.choice(abc.OTHERS + abc.VOID)
    return w.tag(name) if name in abc.VOID else w.element(name, w.inside(depth))


def tables(w: Writer, depth: int) -> str:
    """Tables in all states, whole or in pieces (13.2.6.4.9 to 13.2.6.4.15)."""
    if w.dice.random() > 0.4:
        return w.element(w.dice.choice(abc.TABLES), w.inside(depth))
    cells = [
        w.element(w.dice.choice(("td", "td", "th")), w.inside(depth + 1)) for _ in range(w.dice.randint(0, 3))
    ]
    before = w.dice.choice(("", "<tbody>", "<caption>x</caption>", "<colgroup><col>", "\n", "x", "&nbsp;"))
    return w.element("table", before + w.element("tr", "".join(cells)))


def selects(w: Writer, depth: int) -> str:
    """13.2.6.4.7: a select holds nearly anything today."""
    if w.dice.random() < 0.5:
        name = w.dice.choice(abc.SELECTS)
        if name in abc.VOID:
            return w.tag(name, w.attribute("src", w.url()), "type=image")
        return w.element(name, w.inside(depth))
    options = [
        w.element(
            w.dice.choice(("option", "option", "optgroup")),
            w.dice.choice(("x", "x&amp;y", "", w.content(1, depth + 2))),
        )
        for _ in range(w.dice.randint(0, 3))
    ]
    return w.element("select", "".join(options))


def forms(w: Writer, depth: int) -> str:
    return w.element(
        w.dice.choice(("form", "form", "button", "fieldset", "label", "option")), w.inside(depth)
    )


def drawings(w: Writer, depth: int) -> str:
    """From an icon to what ends a drawing (13.2.6.5)."""
    roll = w.dice.random()
    if roll < 0.5:
        ends = ("/>", " />", "></path>", "></g>", ">")
        shapes = [
            f'<{w.dice.choice(abc.SHAPES)} d="M0 0"{w.dice.choice(ends)}' for _ in range(w.dice.randint(0, 3))
        ]
        return w.element("svg", "".join(shapes), 'viewBox="0 0 1 1"')
    name = w.dice.choice(abc.IN_SVG if roll < 0.9 else abc.BREAKS_OUT)
    given = (
        [] if w.dice.random() < 0.4 else [w.attribute(w.dice.choice(("href", "xlink:href", "src")), w.url())]
    )
    inside = (
        w.element(name, w.inside(depth), *given) if w.dice.random() < 0.7 else w.tag(name, *given)[:-1] + "/>"
    )
    if w.dice.random() < 0.2:
        inside += w.dice.choice(("<![CDATA[<a href=/no>]]>", "<![CDATA[", "]]>", "</p>", "</br>", "x"))
    return w.element("svg", inside)


def formulas(w: Writer, depth: int) -> str:
    given = [] if w.dice.random() < 0.6 else [w.attribute(w.dice.choice(("href", "xlink:href")), w.url())]
    return w.element("math", w.element(w.dice.choice(abc.IN_MATH), w.inside(depth), *given))


def raw(w: Writer, _depth: int = 0) -> str:
    """Elements that hold text only, with what looks like their end (13.2.5.2 to 13.2.5.31)."""
    name = w.dice.choice(abc.RAW)
    pieces = abc.IN_SCRIPT if name == "script" else [each.format(name) for each in abc.IN_RAW]
    return w.element(name, "".join(w.dice.choice(pieces) for _ in range(w.dice.randint(0, 5))))


def templates(w: Writer, depth: int) -> str:
    inside = w.inside(depth)
    if w.dice.random() < 0.2:  # what comes first says how the rest is read (13.2.6.4.18)
        inside = (
            w.tag(w.dice.choice(("col", "tr", "td", "tbody", "caption", "frame", "colgroup")))
            + raw(w)
            + inside
        )
    modes = ("open", "closed", "OPEN", "x", "")
    given = [w.attribute("shadowrootmode", w.dice.choice(modes))] if w.dice.random() < 0.6 else []
    host = w.dice.choice(("div", "p", "ul", "my-card", "span", "table", "body"))
    return w.element(host, w.element("template", inside, *given))


def frames(w: Writer, depth: int) -> str:
    """Tags that count only at their own place, and are left out elsewhere."""
    name = w.dice.choice(abc.FRAMES)
    if w.dice.random() < 0.5:
        return w.dice.choice((f"</{name}>", w.tag(name), w.tag(name, "class=x")))
    return w.element(name, w.inside(depth))


def heads(w: Writer, depth: int) -> str:
    return w.dice.choice((link, meta, base, title))(w, depth)


def noscripts(w: Writer, depth: int) -> str:
    return w.element("noscript", heads(w, depth) if w.dice.random() < 0.5 else w.inside(depth))


def ends(w: Writer, _depth: int) -> str:
    return f"</{w.dice.choice(ENDED)}{w.end_of_end()}>"


def many(w: Writer, depth: int) -> str:
    """The same again and again, past the bounds on how many are looked at."""
    return w.content(1, depth + 1) * w.dice.choice((2, 2, 2, 3, 3, 3, 21, 101)) if depth < 2 else "x"


def nests(w: Writer, depth: int) -> str:
    """One in another, past the bounds on how far up somebody looks."""
    name = w.dice.choice(
        ("div", "span", "b", "font", "p", "li", "svg", "g", "my-card", "table><tr><td", "svg><g", "button")
    )
    count = w.dice.choice((2, 8, 9, 62, 64, 65, 101)) if depth < 2 else 2
    inner = w.dice.choice(("<use href=/used />", "<use href=/used></use>", w.inside(depth), w.inside(depth)))
    start = w.dice.choice((f"<{name}>", f"<{name}>", f"<{name} x=a/>", f"<{name} />"))
    nested = (
        start * count
        + inner
        + f"</{name.partition('>')[0]}>" * (count if w.dice.random() < 0.8 else count // 2)
    )
    return f"<svg>{nested}</svg>" if name == "g" else nested


TROUBLES = (
    odd, comments, formats, blocks, others, tables, selects, forms, drawings, formulas, raw, templates, frames, heads,
    noscripts, ends, many, naming, nests,
)  # fmt: skip
