"""What happens to outputs and their job when a crawl begins: one table, the same everywhere.

    output  its job     no flag                    --append              --fresh     --refresh
    no      none        start                      start                 start       start
    yes     none        refuse, name the flags     start behind it       start over  as without
    any     unfinished  go on, if it is the same   go on, as now given   start over  refuse
    any     finished    nothing to do              go on, as now given   start over  fetch all again

"Go on, as now given" takes new seeds, scope and handlers for what is still to come;
what was fetched is not fetched again. "Fetch all again" adds behind what is there.
Nothing is ever asked, so that it works the same without a terminal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import __version__
from .counts import Earlier
from .errors import ConfigError, FrontierError
from .frontiers.base import Positions
from .frontiers.sqlite import SqliteFrontier
from .identity import Same, differences
from .job.file import JobFile
from .job.pace import PaceRows
from .job.place import network_of
from .job.schema import JobInUse, NoJobFile, is_ours, named
from .redirects import may_travel
from .stores.base import Position, Start

_MANY = 1_000_000
_READ_S = 2.7e-6  # seconds that each known URL takes to read, as measured at ten million
_FORGOTTEN = ("url", "host", "attempt", "skip", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a crawl is to do with its job, as it was asked for.

    Attributes:
        path: The job file.
        start: `FRESH`, `APPEND`, or None for neither flag.
        is_refresh: Whether all is to be fetched again.
        outputs: The outputs that are files, by the name that the job keeps their positions under.
        same: What has to be the same as at the start of the job.
        settings: The knobs, no secrets among them.
        command: How the crawl is started again; empty for one that a program started.
    """

    path: Path
    start: Start | None
    is_refresh: bool
    outputs: Mapping[str, Path]
    same: Same
    settings: Mapping[str, Any]
    command: Mapping[str, Any]


class Job:
    """The job of one run, as a context: its file is held from here on, and let go at the end.

    Attributes:
        is_over: There is nothing to do: it is finished already.
        is_resumed: It goes on with what an earlier run left.
        said: A sentence on that; "" for a crawl that starts.
        earlier: What earlier runs did.
        left: URLs that they left waiting.

    Raises:
        ConfigError: The table says to refuse; the message says why, and what would do.
        FrontierError: The job file cannot be used, or another process holds it.
    """

    def __init__(self, plan: Plan) -> None:
        """Open the job and decide."""
        self._plan = plan
        self.is_over = False
        self.is_resumed = False
        self.said = ""
        self.earlier = Earlier()
        self.left = 0
        self._answered = 0  # URLs that have got a page, as the frontier counts them
        self._is_forgotten = (
            False  # its URLs; that counts only with `began`, when every output could be opened
        )
        self._was_whole = False  # nothing was written to an output since the last commit
        self._was: dict[str, str] = {}  # names of outputs in the job, by those that they have now
        if plan.start is Start.FRESH:
            _wipe(plan.path)
        elif not _is_there(plan.path) and plan.start is None:
            _refuse_existing(plan.outputs)
        self._file = JobFile(plan.path)
        try:
            with named(plan.path):
                self._begin()
        except BaseException:
            self._file.close()
            raise

    def _begin(self) -> None:
        file, plan = self._file, self._plan
        state = file.get("state")
        before: Same = file.get("same") or {}
        changed = differences(before, plan.same) + ([] if state is None else self._other_outputs())
        if not self._decide(state, changed):
            return
        if state is None or changed or not before:
            file.set("same", dict(plan.same))
        if plan.command:
            file.set("command", dict(plan.command))
        file.set("state", "unfinished")
        file.set("ended", None)
        file.set("settings", dict(plan.settings))
        self._was_whole = bool(file.get("whole"))
        self._run = file.begin_run(plan.settings, __version__)
        if not self._is_forgotten:
            file.commit()  # before the first output is made, so that it is known whose it is after a crash

    def _decide(self, state: str | None, changed: Sequence[str]) -> bool:
        """Go through the table; False when there is nothing to do."""
        file, plan = self._file, self._plan
        if state is None:
            if plan.start is None:
                _refuse_existing(plan.outputs)
            file.set("start", (plan.start or Start.FRESH).value)
            file.set("outputs", list(plan.outputs))
        elif plan.start is Start.APPEND:
            self._resume(changed)
        elif state == "finished" and plan.is_refresh:
            self._refresh()
        elif state == "finished":
            self._decline(changed)
            return False
        elif plan.is_refresh:
            raise ConfigError(
                f"{plan.path} is not finished: without --refresh the crawl goes on, --fresh starts over"
            )
        elif changed:
            raise ConfigError(
                f"{plan.path} is of another crawl: {'; '.join(changed)}. --append goes on with what is given now, "
                "--fresh starts over"
            )
        else:
            self._resume([])
        return True

    def _renamed(self) -> dict[str, str]:
        """Outputs that have another name than before, each with the old one: moved, or reached by a link.

        A store sees for itself whether what is there is what it left.
        """
        before, now = self._file.get("outputs") or [], self._plan.outputs
        gone = [name for name in before if name not in now]
        new = [name for name in now if name not in before and now[name].exists()]
        may_be = {
            name: [old for old in gone if _is_moved(self._plan.path.parent / old, now[name])] for name in new
        }
        olds = [old for each in may_be.values() for old in each]
        return {name: each[0] for name, each in may_be.items() if len(each) == 1 and olds.count(each[0]) == 1}

    def _other_outputs(self) -> list[str]:
        """What of the outputs is not the same: one that is left out for a while would lack what came meanwhile."""
        self._was = self._renamed()
        before = self._file.get("outputs") or []
        now = [self._was.get(name, name) for name in self._plan.outputs]
        if set(before) == set(now):
            return []
        return [f"outputs (were {', '.join(before) or 'none'}, now {', '.join(now) or 'none'})"]

    def _resume(self, changed: Sequence[str]) -> None:
        file = self._file
        self.is_resumed = True
        given = self._plan.settings
        has_sitemaps = given.get("sitemap") or given.get("sitemap_url")
        # Sitemaps may list by now what they did not then.
        if changed or (self._plan.start is Start.APPEND and has_sitemaps):
            file.set("seeds_read", False)
        self.earlier = self._count()
        waiting = self.left
        self.said = (
            f"{self._plan.path}: going on, {_pages_are(self.earlier.pages)} there and "
            f"{waiting:,} {'URL waits' if waiting == 1 else 'URLs wait'}"
            + (f"; changed: {'; '.join(changed)}" if changed else "")
        )
        (known,) = self._file.db.execute("SELECT coalesce(max(id), 0) FROM url").fetchone()
        if known > _MANY:
            self.said += f"; to read the {known:,} URLs that it knows takes some {known * _READ_S:.0f} s"

    def _refresh(self) -> None:
        """Forget the URLs, and keep the positions: what comes is added behind what is there."""
        for table in _FORGOTTEN:
            self._file.db.execute(f"DELETE FROM {table}")  # noqa: S608  a name of ours
        self._file.set("seeds_read", False)
        self._is_forgotten = True
        self.said = f"{self._plan.path}: fetching everything again, behind what is there"

    def _decline(self, changed: Sequence[str]) -> None:
        self.is_over = True
        self.earlier = self._count()
        news = f" (changed since: {'; '.join(changed)})" if changed else ""
        self.said = (
            f"{self._plan.path} is finished, {_pages_are(self.earlier.pages)} there{news}: nothing to do. --append adds "
            "what is new, --refresh fetches all again, --fresh starts over"
        )

    def _count(self) -> Earlier:
        """What earlier runs did, in one pass over the URLs, which may be millions."""
        counted = self._file.db.execute(
            "SELECT sum(state IN (1, 2)), sum(state IN (1, 2) AND kind IS NOT NULL), "
            "sum(state IN (1, 2) AND kind IS NOT NULL AND listed), sum(state = 0 AND listed), sum(state = 0), "
            "sum(state = 1 OR (state = 2 AND status IS NOT NULL) OR (state = 3 AND coalesce(status, 300) < 300)) "
            "FROM url"
        ).fetchone()
        pages, failed, listed_failed, listed_waiting, self.left, self._answered = (n or 0 for n in counted)
        return Earlier(pages=pages, failed=failed, listed_failed=listed_failed, listed_waiting=listed_waiting)

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file; what was not committed is dropped."""
        self._file.close()

    @cached_property
    def frontier(self) -> SqliteFrontier:
        """The URLs of the job; those of an earlier run are read when it is first asked for."""
        return SqliteFrontier(self._file, run=self._run, may_keep=may_travel)

    @cached_property
    def pace(self) -> PaceRows:
        """When hosts were asked last."""
        return PaceRows(self._file, self._run)

    @property
    def path(self) -> Path:
        """Where the job file is."""
        return self._plan.path

    @property
    def needs_seeds(self) -> bool:
        """Whether the seeds are to be read: not if they were, unless some come with secrets, which no job keeps."""
        return not self._file.get("seeds_read") or self.frontier.withheld > 0

    @property
    def warning(self) -> str:
        """What is worth knowing of where the file lies; "" on a local disk."""
        kind = network_of(self._plan.path)
        if not kind:
            return ""
        return (
            f"{self._plan.path} lies on a network file system ({kind}), where a crash of the machine or a second "
            "machine may damage a job; --job PATH names one on a local disk"
        )

    def limit_reached(self, max_pages: int | None) -> bool:
        """Whether earlier runs fetched all the pages that the limit allows; says so."""
        if max_pages is None or not self.is_resumed or self._answered < max_pages:
            return False
        self.is_over = True
        self.said = (
            f"{self._plan.path} has its {max_pages:,} pages, as many as --max-pages allows: nothing to do. "
            "A higher --max-pages goes on"
        )
        self._end("max_pages")
        return True

    def at(self, name: str) -> Position | Start:
        """Where a store goes on: at its last committed position, or else where the job began."""
        positions = self._file.positions()
        if positions is not None:  # one that is not there was added later
            position: Position | Start = positions.get(self._was.get(name, name), Start.APPEND)
            if not self._was_whole:
                return position
            if self._plan.start is Start.APPEND or self._plan.is_refresh:
                return Start.APPEND  # what is there now is to be kept, whoever wrote it
            return {**position, "is_end": True} if isinstance(position, dict) else position
        return Start(self._file.get("start") or Start.FRESH.value)

    def began(self, positions: Positions) -> None:
        """The stores are open: note where each stands before the first record is written."""
        with named(self._plan.path):
            self._file.set("outputs", list(self._plan.outputs))
            self._file.set("whole", False)
            self.frontier.commit((), positions)

    def seeds_are_read(self) -> None:
        """Note it, together with the URLs that came of them."""
        self._file.set("seeds_read", True)

    def end(self, ended: str) -> None:
        """The run is over, and everything is committed: say how."""
        with named(self._plan.path):
            self._file.set("whole", True)
        self._end(ended)

    def _end(self, ended: str) -> None:
        with named(self._plan.path):
            # Seeds that could not be read, such as a sitemap that was named and failed, are still to come.
            is_finished = ended == "finished" and self._file.get("seeds_read")
            self._file.set("state", "finished" if is_finished else "unfinished")
            self._file.set("ended", ended)
            self._file.end_run(self._run, ended)
            self._file.commit()

    def leave(self, ended: str, *, is_kept: bool) -> None:
        """The run broke off: keep the reason if that can be; what is not to be kept of its work is dropped first."""
        try:
            if not is_kept:
                self._file.db.execute("ROLLBACK")
                self._file.db.execute("BEGIN IMMEDIATE")
                self._end(ended)
            else:
                self.end(ended)
        except Exception:  # noqa: BLE001  the error that broke the crawl is the one to tell
            return


def _pages_are(n: int) -> str:
    return "1 page is" if n == 1 else f"{n:,} pages are"


def _is_moved(old: Path, path: Path) -> bool:
    """Whether an output may be the one that had another name: that is free now, or the same file."""
    return old.suffix == path.suffix and (not old.exists() or old.samefile(path))


def _is_there(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _refuse_existing(outputs: Mapping[str, Path]) -> None:
    for path in outputs.values():
        if _is_there(path) and path.is_file():
            raise ConfigError(f"{path} exists: --fresh replaces it, --append adds to it")


def _wipe(path: Path) -> None:
    """Remove an old job, unless somebody works on it or the file is something else."""
    if not path.exists():
        return
    try:
        JobFile(path).close()
    except (JobInUse, NoJobFile):
        raise
    except FrontierError:  # damaged, or of a newer crawlpool
        if not is_ours(path):
            raise
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        try:
            each.unlink(missing_ok=True)
        except OSError as error:
            raise FrontierError(f"cannot remove {each}: {error.strerror or error}") from error
