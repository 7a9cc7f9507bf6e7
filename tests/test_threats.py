"""What docs/security.md says a server cannot do: each sentence names tests, and each of them tries it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTIONS = ("Where it connects", "Secrets", "What an answer may cost", "What is written", "Between processes")
_NAMED = re.compile(r"`(tests/[\w/.]+\.py)::(\w+)`")


def rows_under(heading):
    """The rows of the table under a heading, as cells."""
    text = SECURITY.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", row.strip("|")) for row in rows[2:]]


def functions_of(path):
    """The functions of a file that pytest collects, and that try something."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    tried = (ast.Assert, ast.With, ast.Call)
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and any(isinstance(each, tried) for each in ast.walk(node))
    }


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_threat_is_tried_by_tests_that_are_there(heading):
    rows = rows_under(heading)
    assert rows
    for row in rows:
        assert len(row) == 4, row
        threat, answer, _, tests = (cell.strip() for cell in row)
        assert threat, row
        assert answer, row
        named = _NAMED.findall(tests)
        assert named, f"no test tries this: {threat}"
        for path, name in named:
            assert name.startswith("test_"), name
            assert name in functions_of(path), f"{path} has no {name}"


def test_no_threat_stands_twice():
    threats = [row[0].strip() for heading in SECTIONS for row in rows_under(heading)]
    assert len(threats) == len(set(threats))


def test_the_readme_leads_to_the_table_and_says_how_to_report_a_hole():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    security = readme.split("\n## Security\n", 1)[1].split("\n## ", 1)[0]
    assert "(docs/security.md)" in security
    assert "docs/security.md#to-report-a-hole" in security
    assert "\n## To report a hole\n" in SECURITY
