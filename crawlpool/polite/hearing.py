"""What an outcome tells of its host's pace: the load there, the time it took, its bytes, its address."""

from ..errands import Errand
from ..model import FailureKind, Outcome, Response
from .adaptive import Sign
from .gate import Heard

_COMPLAINTS = frozenset({429, 503})
_TIMEOUTS = frozenset({"timeout", "connect_timeout", "idle_timeout"})


def heard_of(outcome: Outcome, now: float, wall: float) -> Heard:
    """Read an outcome for the gate.

    Args:
        outcome: What came.
        now: The time by the gate's clock.
        wall: The same in seconds since 1970. A clock that was set back meanwhile must not put
            the beginning into the future.
    """
    if isinstance(outcome, Response):
        return Heard(
            _sign_of(outcome),
            now - max(0.0, wall - outcome.fetched_at),
            outcome.wait_s,
            outcome.received or outcome.size,
            outcome.remote_address,
        )
    began_at = now - max(0.0, wall - outcome.failed_at) - outcome.elapsed_s
    sign: Sign = "timeout" if outcome.kind.value in _TIMEOUTS else ""
    if outcome.kind is FailureKind.TIMEOUT and not outcome.worker:
        sign = ""  # no worker said so: its own was hung
    return Heard(sign, began_at, is_answer=False)


def _sign_of(response: Response) -> Sign:
    status = response.status
    if 200 <= status < 300:
        return "plain" if isinstance(response.request.data, Errand) else "good"
    if status in _COMPLAINTS:
        return "complaint"
    return "plain" if status < 500 else ""
