"""The wiki and the newspaper are made by `sample_sites/make`, and are what it makes."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawlpool.serve import sample_site

ROOT = Path(__file__).parents[3]
MADE = ["news", "wiki"]


@pytest.fixture
def made(monkeypatch):
    """What would be written, by name."""
    monkeypatch.syspath_prepend(str(ROOT))
    from sample_sites.make import news, wiki

    return {"news": news.site(), "wiki": wiki.site()}


@pytest.mark.parametrize("name", MADE)
def test_the_files_in_the_tree_are_those_that_are_made(made, name):
    root = sample_site(name)
    there = {
        path.relative_to(root).as_posix(): path.read_bytes().decode()
        for path in root.rglob("*")
        if path.is_file()
    }

    assert sorted(there) == sorted(made[name].files)
    assert [file for file in there if there[file] != made[name].files[file]] == [], "run `make sites`"
    expected = (ROOT / "fixtures" / "expected" / f"{name}.json").read_bytes().decode()
    assert expected == made[name].expected(), "run `make sites`"


@pytest.mark.parametrize("name", MADE)
def test_a_made_site_is_small(name):
    files = [path for path in sample_site(name).rglob("*") if path.is_file()]

    assert 60 <= sum(file.suffix == ".html" for file in files) <= 150
    assert sum(-(-file.stat().st_size // 4096) * 4096 for file in files) < 600_000


def test_every_story_says_to_programs_what_it_says_to_readers():
    stories = sorted(sample_site("news").glob("2*/*/*.html"))

    assert len(stories) == 64
    for file in stories:
        tree = LexborHTMLParser(file.read_bytes())
        data = json.loads(tree.css_first("script[type='application/ld+json']").text())
        times = [datetime.fromisoformat(node.attributes["datetime"]) for node in tree.css("article time")]
        path = file.relative_to(sample_site("news")).as_posix()

        assert data["headline"] == tree.css_first("h1").text()
        assert data["author"]["name"] == tree.css_first("a[rel=author]").text()
        assert [
            datetime.fromisoformat(data["datePublished"]),
            datetime.fromisoformat(data["dateModified"]),
        ] == [
            times[0],
            times[-1],
        ]
        assert path.startswith(f"{times[0]:%Y/%m}/")
        assert tree.css_first("link[rel=canonical]").attributes["href"] == f"/{path}"


def test_the_wiki_has_names_in_many_scripts_and_files_with_plain_ones():
    rules = (sample_site("wiki") / "_redirects").read_text(encoding="utf-8")

    assert len(re.findall(r"^/wiki/\S*%[C-F]\S*  /articles/", rules, re.MULTILINE)) >= 12
    assert all(path.name.isascii() for path in sample_site("wiki").rglob("*"))
