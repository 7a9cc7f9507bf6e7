"""A frontier in a job file: what waits, what was done and how it went outlive the crawl.

    add        INSERT, state WAITING        on the disk with the next commit,
    mark       INSERT, state LED_TO         together with the pages that led there
    take       nothing is written           so what was out waits again after a crash
    commit     UPDATE to what became of it, and where the stores stand: one transaction

Of what waits, the best of each host are in memory (`waiting.py`), and of what was ever
accepted a hash (`known.py`); what a request is written as is in `written.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..job.file import JobFile
from ..job.schema import State, named
from ..model import Pairs, Request
from ..urls import fingerprint, public
from .base import End, Positions, Tried
from .history import History
from .known import Known
from .rows import LARGEST, Row, Rows
from .skips import Skips
from .waiting import Key, Waiting
from .written import MayKeep, to_json, withheld


def _none(headers: Pairs) -> Pairs:  # noqa: ARG001  none may be kept
    return ()


class SqliteFrontier:
    """URLs in a job file. Opening one reads what it has once, some 3 s a million.

    Cookies, and headers other than those that may be kept, are secrets and are never
    written. A request that has some stays in memory whole while this run lives, however
    many those are; in a later run it is sent without them (`withheld`).

    Args:
        job: The job file, open; its owner closes it.
        run: The number of this run, from `JobFile.begin_run`.
        may_keep: Which of a request's headers may be written.
        most_held: Waiting requests in memory at most, of all hosts.
        batch: Rows to read at once.

    Attributes:
        withheld: Waiting requests that had secrets in an earlier run, and go without them now
            unless they are added again.

    Raises:
        FrontierError: From any method: the file cannot be read or written, or is damaged.
    """

    def __init__(
        self,
        job: JobFile,
        *,
        run: int | None = None,
        may_keep: MayKeep = _none,
        most_held: int = 20_000,
        batch: int = 200,
    ) -> None:
        """Take up what is there."""
        self._job = job
        self._rows = Rows(job)
        self._may_keep = may_keep
        self._secret: dict[int, Request] = {}  # whole, by row
        self._waiting = Waiting(self._behind, most=most_held, batch=batch)
        with named(job.path):
            last = self._rows.last()
            self._next = last + 1
            self._known = Known(last)
            self._known.fill(self._rows.all())
            self._waiting.restore(self._rows.counts())
            self._history = History(job.db, run, self._rows.answered)
            self._skips = Skips(job.db, self._known)
        self.withheld = self._rows.withheld

    # What goes in

    def unknown(self, urls: Sequence[str], *, depth: int, found_on: str) -> list[str]:
        """See `Frontier.unknown`."""
        fresh, deeper = self._known.sift(urls, depth)
        if deeper:
            with named(self._job.path):
                self._bring_up(deeper, depth, found_on)
        return fresh

    def _bring_up(self, urls: Iterable[str], depth: int, found_on: str) -> None:
        page = self._known.find(found_on) or None
        for url in urls:
            number = self._known.find(url)
            if number in self._waiting.out:
                continue
            request = self._waiting.held_as(number) or self._in_file(number)
            if request is None or request.is_listed:
                self._known.set_depth(url, 0)  # done, or the user's own: need not be asked about again
                continue
            if request.depth > depth:
                request = replace(request, depth=depth, found_on=found_on)
                text = to_json(request, self._may_keep, None if page else found_on)
                self._rows.bring_up(number, request, page, text)
                self._keep_secret(number, request)
                self._waiting.move(number, request)
            self._known.set_depth(url, request.depth)

    def add(self, requests: Iterable[Request]) -> list[Request]:
        """See `Frontier.add`.

        Raises:
            ConfigError: The `data` of a request is no JSON value; then none of them is accepted.
        """
        fresh: list[Request] = []
        rows: list[Row] = []
        with named(self._job.path):
            for request, page, text in self._described(requests):
                number = self._next
                key = fingerprint(request.target, request.method, request.body)
                depth = 0 if request.is_listed else request.depth  # what is listed is not brought up
                known = self._known.accept(key, number, depth)
                if not known:
                    self._next += 1
                    rows.append(self._rows.new(number, request, page, text))
                    if text is not None:
                        self._keep_secret(number, request)
                    self._waiting.put(number, request)
                elif request.is_listed:
                    self._rows.insert(rows)  # the known one may be among these
                    if not self._becomes_listed(known, request, page, text):
                        continue
                    self._known.set_depth(key, 0)
                else:
                    continue
                fresh.append(request)
            self._rows.insert(rows)
        return fresh

    def _described(self, requests: Iterable[Request]) -> list[tuple[Request, int | None, str | None]]:
        """Each with the row of the page it was found on, and its JSON."""
        pages: dict[str | None, int | None] = {None: None}
        described = []
        for given in requests:
            request, found_on = _own(given), given.found_on
            if found_on not in pages:
                pages[found_on] = self._known.find(found_on or "") or None
            page = pages[found_on]
            described.append((request, page, to_json(request, self._may_keep, None if page else found_on)))
        return described

    def _becomes_listed(self, number: int, request: Request, page: int | None, text: str | None) -> bool:
        """Let what is known become the user's own, if it waits as found only, or is where a redirect led."""
        state, is_listed, _ = self._rows.state(number) or (None, 0, None)
        is_waiting = state == State.WAITING and number not in self._waiting.out
        if is_waiting and is_listed:
            self._becomes_whole(number, request)
            return False
        if not is_waiting and state != State.LED_TO:
            return False
        self._rows.change(number, request, page, text)
        self._keep_secret(number, request)
        if is_waiting:
            self._waiting.move(number, request)
        else:
            self._waiting.put(number, request)
        return True

    def mark(self, request: Request) -> bool:
        """See `Frontier.mark`; the end of a text that is no URL comes without a lease."""
        request = replace(request, target=public(request.target))
        number = self._next
        if self._known.accept(fingerprint(request.target, request.method, request.body), number, 0):
            return False
        self._next += 1
        with named(self._job.path):
            self._rows.insert_led_to(number, request)
        return True

    # What goes out, and comes back

    def take(self, host: str, most: int) -> list[Request]:
        """See `Frontier.take`."""
        with named(self._job.path):
            return self._waiting.take(host, most)

    def put_back(self, request: Request, *, last: bool = False) -> None:
        """See `Frontier.put_back`; what is not out is let be."""
        if request.lease in self._waiting.out:
            self._waiting.put(request.lease, request, last=last)

    def tried(self, attempt: Tried) -> None:
        """See `Frontier.tried`."""
        with named(self._job.path):
            self._history.tried(attempt)

    def left_out(self, urls: Sequence[str], why: str, *, found_on: str) -> None:
        """See `Frontier.left_out` and `Skips`."""
        with named(self._job.path):
            self._skips.note(urls, why, found_on)

    def commit(self, ends: Sequence[End], positions: Positions) -> None:
        """See `Frontier.commit`; an end for what is not out is let be."""
        closed = [(number, end) for end in ends if (number := self._closed(end.request))]
        with named(self._job.path):
            self._history.end(closed, positions)
            self._skips.write()
            self._job.commit()

    def _closed(self, request: Request) -> int:
        """The row that an end is for, which is out no more; 0 for none."""
        number = request.lease
        if number in self._waiting.out:
            self._waiting.out.discard(number)
            self._secret.pop(number, None)
            return number
        if number:
            return 0
        text = public(request.target or request.url)
        number = self._known.find(fingerprint(text, request.method, request.body))
        with named(self._job.path):
            state, _, found_on = self._rows.state(number) or (None, 0, None)
        return number if state == State.LED_TO and found_on is None else 0

    # What there is

    def hosts(self) -> Iterable[str]:
        """See `Frontier.hosts`."""
        return self._waiting.hosts()

    def waiting(self, host: str | None = None) -> int:
        """See `Frontier.waiting`."""
        return self._waiting.total if host is None else self._waiting.count(host)

    def is_finished(self) -> bool:
        """See `Frontier.is_finished`."""
        return not self._waiting.total and not self._waiting.out

    def listed(self, *, from_sitemaps: bool = False) -> Iterator[tuple[str, str]]:
        """The URLs that the user named, each with where its redirects ended; what is no URL is left out.

        Or those that were read in sitemaps, which are recorded in the same way.
        """
        with named(self._job.path):
            yield from self._rows.listed(from_sitemaps=from_sitemaps)

    def found(self) -> Iterator[str]:
        """The URLs that were found: by links, by handlers, and where redirects of those led; in their order."""
        with named(self._job.path):
            yield from self._rows.found()

    def has_page(self, url: str) -> bool | None:
        """See `Frontier.has_page`."""
        number = self._known.find(url)
        if not number or number in self._waiting.out:
            return None
        with named(self._job.path):
            return self._rows.has_page(number)

    def pages(self, most: int) -> Iterator[tuple[str, int | None, int | None]]:
        """URL, digest and simhash of the last pages that were kept."""
        with named(self._job.path):
            yield from self._rows.pages(most)

    def answered_hosts(self) -> list[str]:
        """Hosts that answered in earlier runs, a thousand at most."""
        with named(self._job.path):
            return self._rows.answered_hosts()

    def answered(self) -> int:
        """How many URLs have got a page, in this run and before: answered, or failed in their handler."""
        return self._history.answered

    # Secrets

    def _behind(self, host: str, key: Key, most: int) -> list[Request]:
        found = self._rows.behind(host, key, most)
        return [self._whole(each) for each in found] if self._secret else found

    def _in_file(self, number: int) -> Request | None:
        found = self._rows.waiting(number)
        return None if found is None else self._whole(found)

    def _whole(self, request: Request) -> Request:
        """A request that was read back, with what the file does not have."""
        secret = self._secret.get(request.lease)
        return request if secret is None else replace(secret, lease=request.lease)

    def _becomes_whole(self, number: int, request: Request) -> None:
        """Give a request of an earlier run its secrets back, when the user names it again with them."""
        if not self.withheld or number in self._secret or not withheld(request, self._may_keep):
            return
        known = self._waiting.held_as(number) or self._in_file(number)
        if known is not None:
            # All else stays as the row has it, its place above all.
            whole = replace(known, url=request.url, headers=request.headers, cookies=request.cookies)
            self._keep_secret(number, whole)
            self._waiting.move(number, whole)
            self.withheld -= 1

    def _keep_secret(self, number: int, request: Request) -> None:
        """Keep whole what the file does not have; one that is named again may have none any more."""
        if withheld(request, self._may_keep):
            self._secret[number] = request
        else:
            self._secret.pop(number, None)


def _own(request: Request) -> Request:
    """A request as it begins: a handler may give one that was made from a page's, tries and all."""
    priority = max(-LARGEST, min(request.priority, LARGEST))
    depth = min(request.depth, LARGEST)
    if (priority, depth) == (request.priority, request.depth) and not (
        request.lease or request.redirects or request.attempt != 1
    ):
        return request
    return replace(request, priority=priority, depth=depth, lease=0, redirects=(), attempt=1)
