"""The pace of hosts from one run of a job to the next: what was asked of us then holds now.

    gate ── unsaved ──▶ job, with each commit ── next run ──▶ gate

A run that was killed may have asked a host after its last commit; so after one of those
every host counts as asked just now: the time between two requests passes first.
"""

import math
import time
from collections.abc import Callable

from .job.pace import PaceRow, PaceRows
from .polite.gate import Gate

SOON_S = 0.05
"""Seconds after which news of a rest or a delay are committed; a commit costs some milliseconds."""


class Keeping:
    """Between a gate and the job that remembers it.

    Args:
        gate: Whose times are those of `clock`.
        rows: The job's.
        longest_s: Seconds that a rest may last; a clock that was set back makes it no longer.
        delay_s: Seconds between two requests to any host, by the settings.
        rate_s: The same between two requests to whomever.
        clock: The gate's.
    """

    def __init__(
        self,
        gate: Gate,
        rows: PaceRows,
        *,
        longest_s: float,
        delay_s: float,
        rate_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let the gate take note from now on."""
        self._gate = gate
        self._rows = rows
        self._longest_s = longest_s
        self._delay_s, self._rate_s = delay_s, rate_s
        self._clock = clock
        gate.keeps_pace = True

    def restore(self) -> None:
        """Tell the gate what an earlier run asked."""
        now, wall = self._clock(), time.time()
        for row in self._rows.all():
            if not all(map(math.isfinite, row[1:4])):
                continue
            last_at = now if not self._rows.was_ended else now - max(0.0, wall - row.asked_at)
            left_s = min(row.until - wall, max(self._longest_s, row.spacing_s))
            spacing_s = min(max(row.spacing_s, 0.0), self._longest_s)
            until = max(now + left_s, last_at + spacing_s)
            if until > now:
                self._gate.restore(row.host, last_at=last_at, until=until, why=row.why)
        if self._delay_s > 0 and not self._rows.was_ended:
            self._gate.begin_at(now + self._delay_s)
        if self._rate_s > 0 and not self._rows.was_ended:
            self._gate.all_wait_until(now + self._rate_s)
        self._rows.drop_past(wall)

    def is_due(self, since_s: float) -> bool:
        """Whether something was learned that should not wait for the next commit."""
        return self._gate.has_news and since_s >= SOON_S

    def save(self) -> None:
        """Write what changed; it counts with the commit that follows."""
        now, wall = self._clock(), time.time()
        self._rows.save(
            PaceRow(
                each.host,
                wall + each.last_at - now if math.isfinite(each.last_at) else 0.0,
                float(each.spacing_s),
                wall + each.until - now,
                each.why,
            )
            for each in self._gate.unsaved()
        )
