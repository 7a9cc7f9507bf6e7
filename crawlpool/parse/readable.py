"""A page as plain text that reads: a line for each paragraph, heading, list item and row of a table."""

from selectolax.lexbor import LexborHTMLParser

_UNSEEN = ["script", "style", "noscript", "template", "svg", "math", "iframe", "object", "title"]
_BREAKS = (
    "address,article,aside,blockquote,br,caption,dd,details,dialog,div,dl,dt,fieldset,figcaption,figure,footer,"
    "form,h1,h2,h3,h4,h5,h6,header,hgroup,hr,legend,li,main,menu,nav,ol,option,p,pre,search,section,summary,"
    "table,tr,ul"
)
"""What begins and ends a line in a browser (HTML standard, 15.3.3 and following)."""

_MARK = "\x1e"


def readable_text(tree: LexborHTMLParser) -> str:
    """The text that a reader of the page sees, white space folded, a line for each block; the tree is spent.

    Args:
        tree: The page; elements are taken out of it and marks put in, so it is of no other use afterwards.
    """
    body = tree.body
    if body is None:
        return ""
    tree.strip_tags(_UNSEEN)
    for node in tree.css(_BREAKS):
        node.insert_before(_MARK)
        node.insert_after(_MARK)
    for node in tree.css("td,th"):
        node.insert_after(" ")
    lines = (" ".join(line.split()) for line in body.text().split(_MARK))
    return "\n".join(line for line in lines if line)
