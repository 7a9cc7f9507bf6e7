"""What the fork server imports before it forks, so that a new worker is ready in milliseconds."""

from ..parse import engines
from . import entry, requests_

__all__ = ["entry", "requests_"]

engines.make_ready()
