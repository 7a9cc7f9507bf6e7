"""Pages that say "not found" with a status that says all is well."""

import pytest

from crawlpool.parse.facts import read_facts
from crawlpool.parse.missing import is_said_in


@pytest.mark.parametrize(
    "text",
    [
        "404",
        "Not Found",
        "404 Not Found",
        "Error 404",
        "Page not found | Bookshop",
        "Oops! That page can't be found.",
        "Seite nicht gefunden - Buchladen",
        "Fehler 404",
        "Page introuvable",
        "P\u00e1gina no encontrada",
        "Pagina non trovata",
        "Strona nie zosta\u0142a znaleziona",
        "\u0421\u0442\u0440\u0430\u043d\u0438\u0446\u0430 \u043d\u0435 \u043d\u0430\u0439\u0434\u0435\u043d\u0430",
        "\u30da\u30fc\u30b8\u304c\u898b\u3064\u304b\u308a\u307e\u305b\u3093\u3067\u3057\u305f",
        "\u9875\u9762\u4e0d\u5b58\u5728",
        "\ud398\uc774\uc9c0\ub97c \ucc3e\uc744 \uc218 \uc5c6\uc2b5\ub2c8\ub2e4",
    ],
)
def test_not_found_is_known_in_many_languages(text):
    assert is_said_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A Light in the Attic",
        "Room 404",
        "Peugeot 404 for sale",
        "Lost and found",
        "Not found in translation",
        "Errors 4040",
        "The page",
        "Foundation",
        "page not foundation",
        "My life as a page not found " + "and more " * 20,
    ],
)
def test_whole_words_count_and_nothing_less(text):
    assert not is_said_in(text)


@pytest.mark.parametrize(
    ("html", "is_missing"),
    [
        ("<title>Page not found</title><h1>Bookshop</h1>", True),
        ("<title>Bookshop</title><h1>Page <b>not</b> found</h1>", True),
        ("<title>Bookshop</title><h2>Page not found</h2>", False),
        ("<title>Bookshop</title><h1>Books</h1><p>Page not found", False),
        ("<title>Bookshop</title>", False),
    ],
)
def test_title_and_first_heading_are_looked_at(html, is_missing):
    facts = read_facts(html.encode(), "text/html", "http://a/", with_links=False)
    assert facts.says_missing is is_missing
