r"""The one pattern by which a page is scanned: what stands between two tags of interest, and such a tag.

It is put together from the states of the HTML standard's tokenizer (13.2.5), so that no tag is seen where a browser
sees none: in a comment, a script, a value in quotes. Where the tree construction (13.2.6) does with a tag what the
order of the page does not tell, the pattern has no way to go on, and says so:

* a tag in a table beside its cells, which is moved in front of it ("foster parenting", 13.2.6.1);
* whatever changes what its content means: `math`, `frameset`, `plaintext`, a `select` or a drawing with more in it
  than the usual, a `template` in a `template` or one that becomes a shadow tree;
* what is not finished where the page ends.

Possessive quantifiers only, and each place is looked at a few times at most: time is linear in the page, whatever
stands in it. The page is UTF-8 and has no NUL, and no CR (13.2.3.5); no byte beyond ASCII means anything here.

What is here is written for `re` and `pcre2` alike, to be compiled for bytes, in which case is ASCII's alone;
`engines.py` does that. `TAG` and `ATTRIBUTE` are for what is decoded already.
"""

import re
from typing import Final

_W: Final = r"[\t\n\f ]"
_END: Final = r"(?=[\t\n\f />])"  # of a tag's name (13.2.5.8)


def _any_case(name: str) -> str:
    """A name in letters of any case; a first one of two is found quicker so."""
    return f"[{name[0]}{name[0].upper()}](?i:{name[1:]})" if len(name) > 1 else f"[{name}{name.upper()}]"


def _names(words: str) -> str:
    """One of these names, to its end."""
    return f"(?i:{'|'.join(words.split())}){_END}"


# 13.2.5.32 to 13.2.5.39. A value in quotes that does not end is none, and nothing else either.
_VALUE: Final = r"""(?:"[^"]*+"|'[^']*+'|(?!["'])[^\t\n\f >]*+)"""
_NAME: Final = r"[^\t\n\f />][^\t\n\f />=]*+"
_ATTRIBUTE: Final = rf"{_NAME}(?:{_W}*+={_W}*+{_VALUE}|(?!{_W}*+=))"
_INSIDE: Final = rf"(?:[\t\n\f /]++|{_ATTRIBUTE})*+"
_REST: Final = rf"(?:>|{_INSIDE}>)"
_ANY_NAME: Final = r"[a-zA-Z][^\t\n\f />]*+"
_NO_TAG: Final = r"(?![a-zA-Z/!?])"  # what "<" is in text (13.2.5.6)

# 13.2.5.42 to 13.2.5.53, and 13.2.5.41 for what only looks like one.
_COMMENT: Final = r"!--(?:>|->|(?:[^-]++|-(?!->|-!>))*+--!?+>)"
_BOGUS: Final = r"(?:\?|!(?!--)|/(?![a-zA-Z]))[^>]*+>"

_IN_TEXT: Final = "style textarea noembed noframes xmp"  # raw text that names nothing
_APART_IN_TEMPLATES: Final = (
    f"template col script iframe title svg math select frame frameset plaintext {_IN_TEXT}"
)
_TAKEN: Final = "area base link meta img embed object source video audio track input"
_TABLE: Final = "table tr tbody thead tfoot col colgroup"
_GAPS_ENDED: Final = "td th tr tbody thead tfoot caption colgroup"
_SHAPES: Final = (
    "g path circle rect line polyline polygon ellipse use defs symbol clippath mask lineargradient radialgradient stop "
    "text tspan textpath pattern filter marker animate animatetransform animatemotion set "
    "fegaussianblur feoffset feblend feflood fecomposite fecolormatrix femerge femergenode"
)
_INLINE: Final = (
    "a abbr b bdi bdo big br cite code data del dfn em font i img ins kbd mark nobr q s samp small span strike strong "
    "sub sup svg time tt u var wbr"
)


def _text_until(name: str) -> str:
    """What an element holds that holds text only, up to its end tag, which is left (13.2.5.2, 13.2.5.3)."""
    end = f"</{_any_case(name)}{_END}"
    return f"(?:[^<]++|(?!{end})<)*+(?={end})"


def _script() -> str:
    """The text of a script (13.2.5.4, 13.2.5.15 to 13.2.5.31).

    Behind "<!--" in it, its end tag is the first one only if no start tag of a script stands before that.
    """
    end = f"</{_any_case('script')}{_END}"
    either = f"</?+{_any_case('script')}{_END}"
    return f"(?:[^<]++|(?!{end}|<!--)<)*+(?:<!--(?:[^<]++|(?!{either})<)*+)?+(?={end})"


def _raw(words: str) -> str:
    return "|".join(f"{_any_case(name)}{_END}{_INSIDE}>{_text_until(name)}" for name in words.split())


_SCRIPT: Final = f"{_any_case('script')}{_END}{_INSIDE}>{_script()}"

# Between the cells of a table (13.2.6.4.9 to 13.2.6.4.15) there is white space, and then the next part, or an end.
_NEXT_PART: Final = (
    rf"{_W}*+(?=</?+t[dhr][> ]|(?:<{_COMMENT}{_W}*+)*+"
    rf"(?:\Z|<{_names('td th tr tbody thead tfoot caption col colgroup')}|</{_names(_GAPS_ENDED + ' table')}))"
)

# All names but those that are taken or set apart; the usual ones are looked for first.
_OTHER: Final = "a h1 script iframe title svg template select math image frame frameset plaintext"
_USUAL: Final = (
    "[dgjkqruwyz][a-z0-9]*+ p li t[dh] s(?:pan|trong|ection|mall|u[bp]) h[2-6r] [bi] br em code article aside"
)
_TO_END: Final = rf"(?:>|[\t\n\f /]{_INSIDE}>)"  # from the end of a name
_SKIPPED: Final = (
    r"/(?:[abd-su-z][a-z0-9]*+>|t[dhr]>[\t\n\f ]*+(?=</?+t[dhr][> ])|code>)"
    + "".join(rf"|{name}{_TO_END}" for name in _USUAL.split())
    + rf"|tr{_TO_END}{_NEXT_PART}"
    rf"|(?!{_names(_OTHER + ' ' + _IN_TEXT + ' ' + _TAKEN + ' ' + _TABLE)}){_ANY_NAME}{_REST}"
    rf"|/(?!{_names(_GAPS_ENDED)}){_ANY_NAME}{_REST}"
    rf"|(?:/{_names(_GAPS_ENDED)}|{_names(_TABLE)}){_REST}{_NEXT_PART}"
    rf"|{_COMMENT}|{_BOGUS}|{_raw(_IN_TEXT)}|{_NO_TAG}"
)


def tokens(*, heading: str, blocks: str, skipped_blocks: str = "", odd: str, end: str) -> str:
    """What is of no interest, and then a tag that is.

    Groups: (1) the reference of a plain anchor; (2) the attributes of another; (3) the reference of a plain picture;
    (4, 5) the name and the attributes of an element that may name something; (6) the attributes of a script, (7) of
    a frame; (8) what stands in a title; and then those of the arguments, in their order.

    Args:
        heading: What is looked for behind the start tag of a heading.
        blocks: A `select`, a `template` or a drawing, from behind its "<".
        skipped_blocks: Those of them that are of no interest, each with a "|" before it.
        odd: What is made of anything else, of which is not said what it means.
        end: What is looked for where the page ends.
    """
    return (
        rf"(?:[^<]*+<(?:{_SKIPPED}{skipped_blocks}))*+[^<]*+(?:<(?:"
        # An anchor as nearly all are written: nothing to decode, no `rel`, no `download`.
        rf"""[aA](?:{_W}++(?![hHrRdD]){_ATTRIBUTE})*+{_W}++href="([^"&]*+)"(?:{_W}++(?![rRdD]){_ATTRIBUTE})*+{_W}*+>"""
        rf"|[aA]{_END}({_INSIDE})>"
        # And a picture.
        rf"""|img(?:{_W}++(?![sS]){_ATTRIBUTE})*+{_W}++src="([^"&]++)"(?:{_W}++(?![sS]){_ATTRIBUTE})*+{_W}*+/?+>"""
        rf"|({_names(_TAKEN)})({_INSIDE})>"
        rf"|{_any_case('script')}{_END}({_INSIDE})>{_script()}"
        rf"|{_any_case('iframe')}{_END}({_INSIDE})>{_text_until('iframe')}"
        rf"|{_any_case('title')}{_END}{_REST}((?:[^<]++|(?!</{_any_case('title')}{_END})<)*+)(?=<)"
        rf"|{_any_case('h1')}{_END}{_INSIDE}>{heading}"
        rf"|{blocks}"
        rf"|{odd}"
        rf")|{end})"
    )


BLOCK_NAMES: Final = _names("svg select template")

TAG: Final = re.compile(rf"<(?:{_COMMENT}|(/?+)({_ANY_NAME})({_INSIDE})>)")
"""A comment or a tag: whether it is an end tag, its name, its attributes."""

ATTRIBUTE: Final = re.compile(
    rf"""({_NAME})(?:{_W}*+={_W}*+(?:"([^"]*+)"|'([^']*+)'|((?!["'])[^\t\n\f >]*+)))?+"""
)
"""One attribute: its name, then its value in one of three groups."""


def template() -> str:
    """What stands in it is a tree of its own, and no end tag in it reaches out of it (13.2.6.4.4).

    Behind a `col` in it, nothing but columns is read (13.2.6.4.22).
    """
    shadow = _any_case("shadowrootmode")
    return (
        rf"{_any_case('template')}{_END}(?:[\t\n\f /]++|(?!{shadow}){_ATTRIBUTE})*+>"
        rf"(?:[^<]++|<(?:/(?!{_names('template')}){_ANY_NAME}{_REST}|(?!{_names(_APART_IN_TEMPLATES)}){_ANY_NAME}{_REST}"
        rf"|{_COMMENT}|{_BOGUS}|{_SCRIPT}|{_raw(_IN_TEXT + ' iframe title')}|{_drawing()}"
        rf"|{_NO_TAG}))*+(?=</{_names('template')})"
    )


def select() -> str:
    """With nothing in it but what both readings of the standard take for options (13.2.6.4.7)."""
    return (
        rf"{_any_case('select')}{_END}{_REST}(?:[^<]++|<(?:{_COMMENT}|/?+{_names('option optgroup')}{_REST}))*+"
        rf"(?=</{_names('select')})"
    )


def svg() -> str:
    """Shapes, and elements that hold text only: none of these ends a drawing (13.2.6.5)."""
    return _drawing(
        "".join(
            rf"|{_any_case(name)}{_END}{_INSIDE}(?<!/)>[^<]*+</{_any_case(name)}{_W}*+>"
            for name in ("title", "desc", "style")
        )
    )


def _drawing(others: str = "") -> str:
    return (
        rf"{_any_case('svg')}{_END}{_INSIDE}(?<!/)>"
        rf"(?:[^<]++|<(?:{_COMMENT}|/?+{_names(_SHAPES)}{_REST}{others}))*+</{_any_case('svg')}{_W}*+>"
    )


def head() -> str:
    """What stands in the head of a page or is put into it, with what is before it; the first other tag or text begins the body.

    13.2.6.4.1 to 13.2.6.4.6. What does not belong into a `noscript` of the head ends it, and is read in the head;
    behind the head's end tag, `noscript` begins the body.
    """
    parts = (
        rf"{_W}++|<(?:{_COMMENT}|{_BOGUS}|{_raw('style noframes title')}|{_SCRIPT}|{template()}"
        rf"|/(?!{_names('body html br head')}){_ANY_NAME}{_REST}"
        rf"|{_names('html head meta link base basefont bgsound')}{_REST}"
    )
    ended = rf"</{_names('head')}{_REST}"
    return rf"(?:{parts}|{_names('noscript')}{_REST}))*+(?:{ended}(?:{parts}|/{_names('head')}{_REST}))*+)?+"


def heading() -> str:
    """What stands in a heading of text and of elements that cannot end it, up to its end tag."""
    return rf"((?:[^<]++|<(?:{_COMMENT}|/?+{_names(_INLINE + ' ' + _SHAPES)}{_REST}|{_NO_TAG}))*+)</{_names('h1')}"
