"""What lanes have in common that have no process of their own: there is little to be known of them."""

import os


class HereLane:
    """A lane whose worker is this process, a thread of it, or somebody else's affair."""

    can_be_killed = False

    @property
    def pid(self) -> int:
        """Our own process id."""
        return os.getpid()

    def begun(self) -> tuple[int, ...] | None:
        """Unknown."""
        return None

    def memory(self) -> None:
        """It has none of its own."""

    def is_alive(self) -> bool:
        """A thread does not die of a request, and another's pool is its owner's business."""
        return True
