"""What the newspaper has printed. All of it is invented."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from .shared import number, pick

SECTIONS = ("Harbour", "Weather", "Council", "Sport")
AUTHORS = ("Nell Achterberg", "Tom Quern", "Sunniva Øyvik", "A. Staff")

_HEADLINES = {
    "Harbour": (
        "Ferry leaves on time, passengers alarmed", "New crane named after old crane", "Lost mooring found attached to boat",
        "Harbour master retires to smaller harbour", "Forty lobsters returned after mix-up", "Night boat to run by day",
        "Slipway to be extended at both ends", "Seal elected to harbour watch", "Buoy painted the wrong green",
        "Dredger finds last year’s dredger", "Pier reopens; nobody had noticed", "Island mail sorted by smell after ink spill",
        "Rope shortage blamed on knots", "Lighthouse tour ends in the dark", "Captain defends three-point turn",
        "Fishmonger wins prize for cheese",
    ),
    "Weather": (
        "Fog expected to be seen", "Storm named after the mayor’s aunt", "Driest hour on record", "Rainbow reported from inside",
        "Wind to continue in all directions", "Barometer falls off wall", "Snow arrives by the Tuesday boat", "Tide in early",
        "Sunshine divides the parish", "Forecast accurate, office investigated", "Hail sold as ice cream",
        "Frost found under frost", "Gale moves greenhouse to better place", "Cloud stays for third week",
        "Thunder rescheduled", "Sea mist clears to show more sea",
    ),
    "Council": (
        "Council votes to vote again", "Bench approved after nine-year debate", "Parking space to be shared by bus and hearse",
        "Mayor opens bridge, closes other bridge", "Library fines to be paid in jam", "Minutes of last meeting last hours",
        "New by-law forbids old by-laws", "Village clock set to average of clocks", "Budget balances on point of order",
        "Streetlamp to be lit on alternate corners", "Twin town asks to be cousin town", "Petition signed by one man 400 times",
        "Post box moved to avoid letters", "Committee formed to count committees", "Ring road found to be a spiral",
        "Town hall cat confirmed as clerk",
    ),
    "Sport": (
        "Away team goes home", "Rowing final decided by current", "Cricket stopped by sheep, sheep 40 not out", "Chess club loses queen",
        "Marathon shortened to fit island", "Goalkeeper found asleep, clean sheet", "Regatta won by boat that left last year",
        "Bowls green turns out to be blue", "Swimming club drains pool to check", "Tug of war enters second month",
        "Ferry wins gig race by accident", "Dart misses everything, lands in Sport", "Tennis court moved out of the sea",
        "Skittles alley opens at both ends", "Record jump measured downhill", "Cup final replayed for those who missed it",
    ),
}  # fmt: skip
_OPENINGS = (
    "It was quiet on the quay when the news came.", "Nobody was surprised, least of all the cat.", "The matter is said to be closed.",
    "Witnesses agree on the day, though not on the weather.", "A statement was read twice, since the first reading blew away.",
)  # fmt: skip
_MIDDLES = (
    "“We did what the tide allowed,” said the harbour office.", "The council will look into it, and then out of it again.",
    "Repairs are put at {cost} crowns, or one goat.", "About {people} people came to see, and stayed for the soup.",
    "The last time this happened was in {year}, and it was raining then, too.",
)  # fmt: skip
_ENDS = (
    "Tea was served.",
    "More is expected on Thursday.",
    "The Gazette will follow it up the hill.",
    "The ferry left without comment.",
)


class Story(NamedTuple):
    """One story.

    Attributes:
        headline: As printed.
        section: Where it stands.
        author: Who wrote it.
        at: When it was published.
        changed: When it was last corrected; mostly the same.
        text: Paragraphs.
    """

    headline: str
    section: str
    author: str
    at: datetime
    changed: datetime
    text: tuple[str, ...]

    @property
    def slug(self) -> str:
        """Its headline as part of a path."""
        return "-".join(re.findall(r"[a-z0-9]+", self.headline.lower().replace("’", "")))

    @property
    def path(self) -> str:
        """Its one true path."""
        return f"/{self.at:%Y/%m}/{self.slug}.html"


def stories() -> list[Story]:
    """All, the newest first: one every other day up to the end of April 2026."""
    found = []
    last = datetime(2026, 4, 30, 7, 30, tzinfo=UTC)
    for at in range(64):
        section = SECTIONS[at % 4]
        headline = _HEADLINES[section][at // 4]
        published = last - timedelta(days=2 * at, minutes=number(0, 300, headline))
        corrected = published + timedelta(days=number(1, 40, headline, "days")) if at % 9 == 4 else published
        filled = [
            each.format(
                cost=number(3, 900, headline),
                people=number(4, 70, headline),
                year=number(1902, 1999, headline),
            )
            for each in (
                pick(_OPENINGS, headline),
                pick(_MIDDLES, headline, 1),
                pick(_MIDDLES, headline, 2),
                pick(_ENDS, headline),
            )
        ]
        found.append(
            Story(
                headline, section, pick(AUTHORS, headline), published, corrected, tuple(dict.fromkeys(filled))
            )
        )
    return found
