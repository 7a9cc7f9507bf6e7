"""`make check` fails for a known hole, and never takes a check that did not happen for one that was passed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parent.parent / ".ci" / "audit.py"
HOLE = '{"name": "x", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}'
GOOD = '{"name": "y", "version": "1", "vulns": []}'
UNKNOWN = '{"name": "z", "skip_reason": "not found"}'


@pytest.mark.parametrize(
    ("printed", "code", "said"),
    [
        (f'{{"dependencies": [{GOOD}, {UNKNOWN}, {HOLE}]}}', 1, "x 1 has a known hole, CVE-1, mended in 2"),
        (
            f'{{"dependencies": [{GOOD}, {UNKNOWN}]}}',
            0,
            "No known hole in 1 packages; 1 could not be looked up.",
        ),
        (f'{{"dependencies": [{UNKNOWN}]}}', 0, "NOT AUDITED"),
        ('{"dependencies": []}', 0, "NOT AUDITED"),
        ("no connection", 0, "NOT AUDITED"),
    ],
)
def test_a_hole_ends_the_build_and_a_service_that_is_away_is_said_loudly(tmp_path, printed, code, said):
    (tmp_path / "pip_audit.py").write_text(f"print({printed!r})")
    done = subprocess.run(
        [sys.executable, AUDIT],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
