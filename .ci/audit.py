"""Ask the advisory service whether anything that is installed here has a known hole: `make check` ends with it.

Exit code 1, and the holes, when there are some. Where the service cannot be asked, or knows
none of the packages (a mirror that has no advisories), the build goes on, and this says so on
lines that cannot be overlooked: a check that did not happen is not one that was passed.
"""

import json
import subprocess
import sys
from typing import Any

_PATIENCE_S = 120
_WORDS = ("--format", "json", "--progress-spinner", "off", "--skip-editable", "--timeout", "10")


def asked() -> tuple[list[dict[str, Any]], str]:
    """What is known of each package, and what was said besides."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *_WORDS],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], f"no answer within {_PATIENCE_S} s"
    try:
        known = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = done.stderr.strip().splitlines()
        return [], lines[-1][:200] if lines else f"exit code {done.returncode}"
    return known, "it knows none of the packages that are installed"


def main() -> int:
    """Print what is known; the exit code."""
    known, why = asked()
    looked_up = [each for each in known if "skip_reason" not in each]
    holes = [(each, hole) for each in looked_up for hole in each.get("vulns", ())]
    for each, hole in holes:
        fixed = ", ".join(hole.get("fix_versions") or ()) or "no version yet"
        print(f"{each['name']} {each['version']} has a known hole, {hole['id']}, mended in {fixed}")
    if not looked_up:
        bar = "!" * 78
        print(f"{bar}\nNOT AUDITED: the advisory service could not be asked ({why}).\n{bar}", file=sys.stderr)
    elif not holes:
        left = len(known) - len(looked_up)
        print(
            f"No known hole in {len(looked_up)} packages"
            + (f"; {left} could not be looked up." if left else ".")
        )
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
