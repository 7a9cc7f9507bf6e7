"""A response's headers as a mapping."""

from collections.abc import Iterator, Mapping

from ..model import Pairs


class Headers(Mapping[str, str]):
    """A response's headers, their names compared without case; duplicates joined by ", " (RFC 9110, 5.3).

    Of Set-Cookie, which cannot be joined, the first; `get_all` has every one.
    """

    def __init__(self, given: Pairs) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in given:
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        name = name.lower()
        values = self._values[name]
        return values[0] if name == "set-cookie" else ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_all(self, name: str) -> list[str]:
        """Every value of a header, in the order in which they came; empty without one."""
        return list(self._values.get(name.lower(), ()))
