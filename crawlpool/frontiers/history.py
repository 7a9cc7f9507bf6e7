"""What became of each URL, try by try, as rows of a job file: ends, attempts, batches."""

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from ..job.schema import State
from .base import End, Positions, Tried
from .written import bindable, public_message

_END = """
    UPDATE url SET state = ?, final_url = ?, status = ?, kind = ?, message = ?, attempts = ?, at = ?,
        elapsed_s = ?, bytes = ?, worker = ?, items = ?, digest = ?, simhash = ?, batch = ?
    WHERE id = ?
"""
_TRIED = "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BATCH = "INSERT INTO batch (at, run, positions) VALUES (?, ?, ?)"

_MOST_KEPT_BACK = 1000


class History:
    """Writes what was done into the transaction that is open.

    Args:
        db: The job's connection.
        run: The number of this run.
        answered: URLs that have got a page in earlier runs.

    Attributes:
        answered: URLs that have got a page: they were answered, failed in their handler, or are the same
            as another.
    """

    def __init__(self, db: sqlite3.Connection, run: int | None, answered: int) -> None:
        """Nothing is written yet."""
        self._db = db
        self._run = run
        self._attempts: list[tuple[Any, ...]] = []
        self.answered = answered

    def tried(self, attempt: Tried) -> None:
        """One try that ended nothing; written some time before the next commit."""
        request = attempt.request
        self._attempts.append(
            (
                request.lease,
                attempt.at,
                bindable(request.target),
                attempt.came_to,
                bindable(attempt.message) or None,
                attempt.elapsed_s,
                attempt.worker,
                attempt.wait_s,
            )
        )
        if len(self._attempts) >= _MOST_KEPT_BACK:
            self._write_attempts()

    def end(self, ends: Iterable[tuple[int, End]], positions: Positions) -> None:
        """These rows are done, and the stores stand there."""
        self._write_attempts()
        ends = list(ends)
        if not ends and not positions:
            return
        # In ASCII, since a store's name may be a path with lone surrogates.
        batch = self._db.execute(_BATCH, (time.time(), self._run, json.dumps(dict(positions)))).lastrowid
        states = [_state(end) for _, end in ends]
        self._db.executemany(
            _END,
            (
                (int(state), *_last_try(end), batch, number)
                for state, (number, end) in zip(states, ends, strict=True)
            ),
        )
        self.answered += sum(
            state is State.ANSWERED
            or (end.status is not None and (state is State.FAILED or end.status < 300))
            for state, (_, end) in zip(states, ends, strict=True)
        )

    def _write_attempts(self) -> None:
        self._db.executemany(_TRIED, self._attempts)
        self._attempts.clear()


def _state(end: End) -> State:
    if end.is_left_out:
        return State.LEFT_OUT
    is_answer = end.status is not None and end.kind in {None, "http"}
    return State.ANSWERED if is_answer else State.FAILED


def _last_try(end: End) -> tuple[Any, ...]:
    request = end.request
    is_elsewhere = bool(request.redirects) and request.target != request.redirects[0]
    return (
        bindable(request.target) if is_elsewhere else None,
        end.status,
        end.kind,
        bindable(public_message(end)) or None,
        end.attempts,
        end.at,
        end.elapsed_s,
        end.size,
        end.worker,
        end.items,
        end.digest,
        end.simhash,
    )
