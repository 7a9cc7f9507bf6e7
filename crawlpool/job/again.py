"""Put what failed back among what waits, so that the next crawl of the job asks it once more."""

import time
from collections.abc import Sequence

from .file import JobFile
from .reading import Wanted
from .schema import State, named


def put_back(
    job: JobFile, *, kinds: Sequence[str] = (), hosts: Sequence[str] = (), statuses: Sequence[int] = ()
) -> int:
    """Let failed URLs wait again, all in one commit; how many they are.

    Failed is what has no answer, or one with a status from 400 on. Of each URL the end
    that it had becomes one of its tries, so its history stays. Texts that are no URL
    have no host to be asked, and stay where they are. Records that were written for
    them stay in the outputs.

    Args:
        job: The job, held by us.
        kinds: Only failures of these kinds; empty for all.
        hosts: Only URLs of these hosts; empty for all.
        statuses: Only answers with these statuses; empty for all.

    Raises:
        FrontierError: The file cannot be read or written.
    """
    where, values = Wanted(kinds=kinds, hosts=hosts, statuses=statuses).where()
    db = job.db
    with named(job.path):
        db.execute("CREATE TEMP TABLE IF NOT EXISTS again (id INTEGER PRIMARY KEY)")
        db.execute("DELETE FROM temp.again")
        db.execute(
            f"INSERT INTO temp.again SELECT url.id FROM url JOIN host ON host.id = url.host WHERE {where}",  # noqa: S608
            values,
        )
        (n,) = db.execute("SELECT count(*) FROM temp.again").fetchone()
        if n:
            db.execute(
                "INSERT INTO attempt (url, at, target, came_to, message, elapsed_s, worker) "
                "SELECT id, coalesce(at, ?), coalesce(final_url, url), "
                "CASE WHEN kind = 'http' OR kind IS NULL THEN coalesce('HTTP ' || status, 'failed') ELSE kind END, "
                "message, elapsed_s, worker FROM url WHERE id IN (SELECT id FROM temp.again)",
                (time.time(),),
            )
            _forget_targets(job)
            db.execute(
                "UPDATE url SET state = ?, final_url = NULL, status = NULL, kind = NULL, message = NULL, "
                "attempts = NULL, at = NULL, elapsed_s = NULL, bytes = NULL, worker = NULL, items = NULL, "
                "batch = NULL WHERE id IN (SELECT id FROM temp.again)",
                (State.WAITING,),
            )
            job.set("state", "unfinished")
        job.commit()
    return int(n)


def _forget_targets(job: JobFile) -> None:
    """Take out where the redirects of these URLs led, or each would find its own page known already.

    What was found on such a target was found by way of the URL that was redirected.
    """
    db = job.db
    db.execute("CREATE TEMP TABLE IF NOT EXISTS target (id INTEGER PRIMARY KEY, chain INTEGER)")
    db.execute("DELETE FROM temp.target")
    db.execute(
        "INSERT INTO temp.target SELECT id, found_on FROM url "
        "WHERE state = ? AND found_on IN (SELECT id FROM temp.again)",
        (State.LED_TO,),
    )
    if db.execute("SELECT 1 FROM temp.target LIMIT 1").fetchone() is None:
        return
    db.execute(
        "UPDATE url SET found_on = (SELECT chain FROM temp.target WHERE target.id = url.found_on) "
        "WHERE found_on IN (SELECT id FROM temp.target)"
    )
    db.execute("DELETE FROM url WHERE id IN (SELECT id FROM temp.target)")
