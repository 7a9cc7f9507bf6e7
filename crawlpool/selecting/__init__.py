"""Tables without code: what of a page becomes a column, by selectors and by the names of fields.

selections.py   `price=.price_color`: what is found on a page
fields.py       `+text,-links`: which columns a record has
columns.py      the record of one URL, made of both
"""

from .columns import Columns
from .selections import Selection, selections_of

__all__ = ["Columns", "Selection", "selections_of"]
