"""Pages that people wrote: those of this repository, and any in folders that are named."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_LARGEST = 8 * 1024 * 1024


def sample_pages() -> Iterator[tuple[str, bytes]]:
    """The pages of the sample sites."""
    yield from pages_under(ROOT / "sample_sites")


def pages_under(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every page in a folder, or a page itself, with its place."""
    found = (
        [folder]
        if folder.is_file()
        else sorted([*folder.rglob("*.html"), *folder.rglob("*.htm"), *folder.rglob("*.xhtml")])
    )
    for path in found:
        if path.is_file() and path.stat().st_size <= _LARGEST:
            yield str(path), path.read_bytes()


def literals() -> Iterator[tuple[str, bytes]]:
    """Every text in the tests that looks like markup: each was written for a reason."""
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.parent.name == "fuzz":
            continue  # read by tests of their own
        seen: set[bytes] = set()
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
                continue
            body = node.value if isinstance(node.value, bytes) else node.value.encode("utf-8", "replace")
            if b"<" in body and body not in seen:
                seen.add(body)
                yield f"{path.relative_to(ROOT)}:{node.lineno}", body
