"""Where the sample sites are: in the installed package, or at the top of a checkout."""

from pathlib import Path

from ..errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent.parent


def sample_sites() -> list[str]:
    """Names of the sample sites, sorted; empty when they are not there."""
    home = _home()
    return sorted(path.name for path in home.iterdir() if (path / "index.html").is_file()) if home else []


def sample_site(name: str) -> Path:
    """The directory of a sample site, such as "bookshop".

    Raises:
        ConfigError: There is no site of that name; the message names those there are.
    """
    home = _home()
    if home is None or name not in sample_sites():
        known = ", ".join(sample_sites()) or "none; the package was installed without them"
        raise ConfigError(f"unknown sample site {name!r}; known: {known}")
    return home / name


def _home() -> Path | None:
    for home in (_PACKAGE / "sample_sites", _PACKAGE.parent / "sample_sites"):
        if home.is_dir():
            return home
    return None
