"""Imports point one way, so that a newcomer can read the package from either end."""

import ast
from functools import cache
from pathlib import Path

import crawlpool

PACKAGE = Path(crawlpool.__file__).parent

LAYERS = [
    {"model", "errors", "units", "cutoff", "secretfiles", "addresses"},
    {"urls", "settings", "handlerfile", "challenges", "seedlines", "errands"},
    {"calendars", "sessions", "patterns", "job", "digest", "hostnotes", "counts", "tempo"},
    {
        "seeds",
        "scope",
        "targets",
        "traps",
        "frontiers",
        "polite",
        "parse",
        "stores",
        "cookies",
        "credentials",
        "redirects",
        "named",
        "serve",
        "records",
    },
    {"timeline"},
    {"worker", "handlers", "stats", "following", "outgoing", "selecting", "saved", "trace"},
    {"handling"},
    {"backends", "hosts", "landing", "identity", "duplicates", "sitemaps"},
    {
        "inbox",
        "keeping",
        "blame",
        "growth",
        "holding",
        "retiring",
        "departures",
        "arrivals",
        "folding",
        "crawlfile",
    },
    {"trying", "taking", "roster"},
    {"crew", "settling", "network"},
    {"parsecrew"},
    {"dispatch"},
    {"loop", "live"},
    {"wiring"},
    {"resuming", "rehearsal"},
    {"outputs"},
    {"engine"},
    {"arguments", "running"},
    {"api"},
    {"fetching", "fetchpool", "testing"},
    {"bench"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
NEIGHBOURS_MAY = {("settings", "urls"), ("following", "stats"), ("outgoing", "worker")}


def imports_of(file: Path) -> set[str]:
    """First parts of what a module imports from the package, such as "model"."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = list(parts[: len(parts) - node.level])
                names = node.module.split(".") if node.module else [alias.name for alias in node.names]
                first = (base + names)[0]
                if not first.startswith("__"):  # __version__ is the package's own
                    found.add(first)
            elif node.module and node.module.startswith("crawlpool."):
                found.add(node.module.split(".")[1])
    return found


@cache
def arrows() -> list[tuple[str, str, str]]:
    rows = []
    for file in sorted(PACKAGE.rglob("*.py")):
        home = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if home in {"__init__", "__main__", "sample_sites"}:
            continue
        rows.extend((home, to, str(file.relative_to(PACKAGE))) for to in imports_of(file) if to != home)
    return rows


def test_every_module_has_a_place_in_the_drawing():
    homes = {home for home, _, _ in arrows()} | {to for _, to, _ in arrows()}
    assert homes <= set(LEVEL), homes - set(LEVEL)


def test_no_import_points_the_other_way():
    wrong = [
        (file, to)
        for home, to, file in arrows()
        if LEVEL[to] > LEVEL[home] or (LEVEL[to] == LEVEL[home] and (home, to) not in NEIGHBOURS_MAY)
    ]
    assert wrong == []


def test_the_crawl_loop_names_no_implementation():
    hidden = {"wiring", "stores", "parse", "seeds", "settings", "cli", "serve", "requests"}
    assert imports_of(PACKAGE / "loop.py") & hidden == set()
