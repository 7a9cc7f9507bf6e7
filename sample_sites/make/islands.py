"""What the wiki is about: islands, and what is on and around them. All of it is invented."""

from typing import NamedTuple

from .shared import number, pick


class Article(NamedTuple):
    """One article.

    Attributes:
        title: As people write it.
        category: Its category.
        facts: Rows of its table.
        text: Paragraphs; what stands in [[ ]] is a link, with [[title|words]] for other words.
    """

    title: str
    category: str
    facts: dict[str, str]
    text: tuple[str, ...]


ISLANDS = (
    "Grásey", "Øyvik", "Þorshólm", "Île aux Phoques", "São Brás Rock", "Ærøskær", "Łodzik", "東の島", "Αγία Μαρίνα",
    "Inchmoor", "Kelda Minor", "Little Stack", "Long Ness", "Marram", "Nether Skerry", "Out Skerry", "Pellan",
    "Quern Island", "Ragged Holm", "Sandwick", "Tarn Head", "Ulva Beag", "Vattern", "Wether Isle",
)  # fmt: skip
LIGHTS = (
    "Bell Point Light", "Crow Stack Light", "Dunmore Light", "Fairway Light", "Gannet Rock Light", "Hook Sand Light",
    "Long Ness Light", "Out Skerry Light", "Sule Light", "Tarn Head Light",
)  # fmt: skip
SHIPS = (
    "MV Auk", "MV Eider", "SS Constance", "PS Lady Marram", "MV Holm", "SV Patience", "MV Tern", "SS Vattern",
)  # fmt: skip
CREATURES = (
    "Eider", "Gannet", "Grey seal", "Island vole", "Leach’s petrel", "Marram cat", "Rock pipit", "Skerry sheep",
    "Storm moth", "Tern", "Wind wren", "Ångström’s limpet",
)  # fmt: skip
PEOPLE = (
    "Agnes Moor", "Björn Þórsson", "Captain Ellery", "Dame Isobel Ness", "Ida Łodzik", "Józef Kell", "Mina Achterberg",
    "Ola Øyvik",
)  # fmt: skip
DISHES = (
    "Crappit loaf",
    "Dulse broth",
    "Limpet stovies",
    "Seal-day cake",
    "Smoked tern egg",
    "Soft skerry cheese",
)
SUBJECTS = ("Ferry", "Lighthouse", "Peat", "Skerry", "Tide race", "Wreck")
HOLMS = ("Holm (island)", "Holm (surname)")

_SHORES = (
    "low and sandy",
    "steep on three sides",
    "ringed with reefs",
    "mostly shingle",
    "soft, and falling into the sea",
)
_TRADES = (
    "sheep and lobsters",
    "kelp",
    "a small weaving mill",
    "stone",
    "visitors in June",
    "letters, since it has the post office",
)
_REASONS = (
    "after a hard winter",
    "in the year of the two storms",
    "when the ferry stopped",
    "for want of a pier",
    "over a matter of goats",
)


def articles() -> list[Article]:
    """All of them, in the order of their kinds."""
    found = []
    for at, name in enumerate(ISLANDS):
        near, light, ship = ISLANDS[(at + 5) % len(ISLANDS)], pick(LIGHTS, name), pick(SHIPS, name)
        people, beast, dish = pick(PEOPLE, name), pick(CREATURES, name), pick(DISHES, name)
        found.append(
            Article(
                name,
                "Islands",
                {
                    "Area": f"{number(12, 2400, name, 'area') / 10:.1f} ha",
                    "People": str(number(0, 410, name, "people")),
                    "First settled": str(number(880, 1790, name, "settled")),
                },
                (
                    f"{name} is an island of the Far Skerries, {pick(_SHORES, name)}, between [[{near}]] and the open sea. "
                    f"It lives on {pick(_TRADES, name)}, and is served by the [[{ship}]].",
                    f"Its nearest light is [[{light}]]. The [[{beast}]] breeds here; [[{people}]] was the first to write it down. "
                    f"Like most of the islands it was left {pick(_REASONS, name)}, and taken up again a generation later.",
                    f"At midsummer there is [[{dish}]] for whoever comes by [[Ferry|boat]], and [[Peat]] fires on the shore. "
                    f"The [[Tide race|race]] off its north end has put more than one [[Wreck]] on the chart.",
                ),
            )
        )
    for at, name in enumerate(LIGHTS):
        isle = pick(ISLANDS, name)
        found.append(
            Article(
                name,
                "Lighthouses",
                {
                    "Height": f"{number(9, 48, name)} m",
                    "Lit": str(number(1780, 1911, name)),
                    "Flash": f"{number(1, 4, name)} every {number(5, 30, name)} s",
                },
                (
                    f"{name} is a [[Lighthouse]] off [[{isle}]]. It is seen from [[{LIGHTS[(at + 1) % len(LIGHTS)]}]] on a clear night.",
                    f"[[{pick(PEOPLE, name, 'keeper')}]] kept it for {number(3, 41, name)} years, and named a goat after each board member. "
                    f"The [[{pick(SHIPS, name, 'wreck')}]] struck the rock below it {pick(_REASONS, name)}.",
                ),
            )
        )
    for name in SHIPS:
        ends = pick(ISLANDS, name, 1), pick(ISLANDS, name, 2)
        found.append(
            Article(
                name,
                "Ships",
                {"Built": str(number(1871, 1998, name)), "Length": f"{number(14, 77, name)} m"},
                (
                    f"The {name} is a [[Ferry]] that ran between [[{ends[0]}]] and [[{ends[1]}]], weather permitting, which it seldom did.",
                    f"Her master was [[{pick(PEOPLE, name)}]]. She was laid up {pick(_REASONS, name)} and is now a [[Wreck]], a café, or both.",
                ),
            )
        )
    for name in CREATURES:
        found.append(
            Article(
                name,
                "Creatures",
                {
                    "Weight": f"{number(1, 900, name) / 10:.1f} kg",
                    "Seen": pick(("April to August", "all year", "in fog only"), name),
                },
                (
                    f"The {name[0].lower() + name[1:] if name[1].islower() else name} is found on [[{pick(ISLANDS, name, 1)}]] and [[{pick(ISLANDS, name, 2)}]], "
                    f"and nowhere else but in a drawing by [[{pick(PEOPLE, name)}]].",
                    f"It is often taken for the [[{CREATURES[(CREATURES.index(name) + 1) % len(CREATURES)]}]], which is quieter. "
                    f"Keepers of [[{pick(LIGHTS, name)}]] counted {number(3, 9000, name)} of them in one night.",
                ),
            )
        )
    for name in PEOPLE:
        found.append(
            Article(
                name,
                "People",
                {
                    "Born": str(number(1790, 1905, name)),
                    "Known for": pick(("maps", "a dictionary", "recipes", "never leaving"), name),
                },
                (
                    f"{name} was born on [[{pick(ISLANDS, name)}]] and went to sea on the [[{pick(SHIPS, name)}]].",
                    f"The [[{pick(DISHES, name)}]] is said to be theirs. So is the quarrel about the [[Skerry|word for a small rock]].",
                ),
            )
        )
    for name in DISHES:
        found.append(
            Article(
                name,
                "Food",
                {"Takes": f"{number(1, 9, name)} h", "Served": pick(("hot", "cold", "reluctantly"), name)},
                (
                    f"{name} comes from [[{pick(ISLANDS, name)}]], and is smoked over [[Peat]].",
                    f"[[{pick(PEOPLE, name)}]] left a recipe that begins with a [[{pick(CREATURES, name)}]] and a warning.",
                ),
            )
        )
    for at, name in enumerate(SUBJECTS):
        others = SUBJECTS[at - 1], SUBJECTS[(at + 1) % len(SUBJECTS)]
        found.append(
            Article(
                name,
                "Subjects",
                {"See also": f"{others[0]}, {others[1]}"},
                (
                    f"{name}, in the Far Skerries, means more than elsewhere: see [[{others[0]}]] and [[{others[1]}]], and on [[{pick(ISLANDS, name)}]] the opposite.",
                    f"The best account is that of [[{pick(PEOPLE, name)}]], which the [[{pick(SHIPS, name)}]] took to the bottom.",
                ),
            )
        )
    found.append(
        Article(
            "Holm (island)",
            "Islands",
            {"Area": "0.4 ha", "People": "0"},
            ("A holm is what is left of an island at high water, such as [[Ragged Holm]].",),
        )
    )
    found.append(
        Article(
            "Holm (surname)",
            "People",
            {"Bearers": "2"},
            ("A name of [[Ragged Holm]]; both who bear it deny being related to the [[MV Holm]].",),
        )
    )
    return found
