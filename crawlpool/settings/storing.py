"""How records are written."""

from dataclasses import dataclass
from typing import Annotated, TypedDict

from .knob import Knob


@dataclass(frozen=True, kw_only=True)
class Storing:
    """How records are written."""

    raw_cells: Annotated[
        bool,
        Knob(
            group="Records",
            help="Write text into CSV as it is, also what a spreadsheet would run as a formula; "
            "else that gets an apostrophe.",
        ),
    ] = False


class StoringKnobs(TypedDict, total=False):
    """The same as keywords."""

    raw_cells: bool
