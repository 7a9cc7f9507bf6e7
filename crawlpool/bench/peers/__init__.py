"""Other crawlers, and crawlpool's ways, each as a program that crawls one site: what `crawlpool bench --peers` compares.

by_aiohttp, by_scrapy, by_threads, by_pool   scripts of ours: what somebody would write without crawlpool
handler                                      the handler of crawlpool's rows that have one

A script is started as `SCRIPT URL OUTPUT AT_ONCE robots|-`, follows links within the host, and leaves
a line of JSON with URL, title and number of links of each page. wget2 leaves files.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ...errors import ConfigError

HOME = Path(__file__).resolve().parent
OUTPUT = "pages.jsonl"
FILES = "files"
"""Where wget2 leaves its files."""

WGET2, AIOHTTP = "wget2", "aiohttp"
"""The two against which ratios are given."""

_OURS, _THEIRS = "crawlpool", "others"
_LOOKING_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One crawler, or one way of ours.

    Attributes:
        name: What it is called in `--modes`.
        title: What it is called in a table.
        group: Those of one group have one colour.
        script: Its file in here; "" for what is no script.
        needs: Packages that have to be installed for it.
        install: What to install when they are not.
        words: What crawlpool is told besides; "{n}" stands for requests at once, "{half}" for half of them.
    """

    name: str
    title: str
    group: str = _THEIRS
    script: str = ""
    needs: tuple[str, ...] = ()
    install: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it is crawlpool."""
        return self.group == _OURS


def _ours(name: str, title: str, *words: str) -> Peer:
    needs = ("pycurl",) if "curl" in words else ()
    return Peer(
        name=name,
        title=f"crawlpool: {title}",
        group=_OURS,
        needs=needs,
        install='pip install "crawlpool[fast]"' if needs else "",
        words=words,
    )


_HANDLER = ("--handler", f"{HOME / 'handler.py'}:parse")
_THREAD = ("--backend", "thread", "-w", "1", "--connections", "{n}")
_PROCESS = ("--backend", "process", "-w", "2", "--connections", "{half}")
_CURL = ("--transport", "curl")

PEERS: Mapping[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(name=WGET2, title="wget2", install="the system's package wget2"),
        Peer(
            name=AIOHTTP,
            title="aiohttp + selectolax",
            script="by_aiohttp.py",
            needs=("aiohttp", "selectolax"),
            install="pip install aiohttp selectolax",
        ),
        _ours("thread-curl", "thread, curl", *_THREAD, *_CURL),
        _ours("thread-curl-css", "thread, curl, css()", *_THREAD, *_CURL, *_HANDLER),
        _ours("process-curl", "process, curl", *_PROCESS, *_CURL),
        _ours("process-curl-css", "process, curl, css()", *_PROCESS, *_CURL, *_HANDLER),
        _ours("process-requests", "process, requests", *_PROCESS),
        _ours("as-it-comes", "as it comes", "-w", "{n}"),
        Peer(
            name="threads",
            title="threads + requests + selectolax",
            script="by_threads.py",
            needs=("requests", "selectolax"),
            install="pip install requests selectolax",
        ),
        Peer(
            name="pool",
            title="Pool + requests + selectolax",
            script="by_pool.py",
            needs=("requests", "selectolax"),
            install="pip install requests selectolax",
        ),
        Peer(
            name="scrapy",
            title="Scrapy",
            script="by_scrapy.py",
            needs=("scrapy",),
            install="pip install scrapy",
        ),
    )
}
"""Every peer by its name."""


def missing_of(peers: Sequence[Peer], python: str) -> dict[str, str]:
    """Which of the peers are not here, by name, and what to install for them.

    Args:
        peers: Those that are asked about.
        python: The interpreter that has what the scripts need.

    Raises:
        ConfigError: There is no such interpreter.
    """
    absent = _absent(sorted({name for peer in peers if peer.script for name in peer.needs}), python)
    found = {}
    for peer in peers:
        if peer.script:
            is_there = not absent.intersection(peer.needs)
        elif peer.is_ours:
            is_there = all(find_spec(name) is not None for name in peer.needs)
        else:
            is_there = shutil.which(peer.name) is not None
        if not is_there:
            found[peer.name] = peer.install
    return found


def _absent(names: Sequence[str], python: str) -> set[str]:
    """Which packages an interpreter has not."""
    if not names:
        return set()
    if python == sys.executable:
        return {name for name in names if find_spec(name) is None}
    code = "import importlib.util as u, json, sys; print(json.dumps([n for n in sys.argv[1:] if not u.find_spec(n)]))"
    try:
        done = subprocess.run(  # noqa: S603  the interpreter that the user names
            [python, "-I", "-c", code, *names],
            capture_output=True,
            text=True,
            check=True,
            timeout=_LOOKING_S,
        )
        return set(json.loads(done.stdout))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise ConfigError(
            f"--peer-python: {python!r} is no Python that runs: {str(error).splitlines()[0][:200]}"
        ) from None


def command_of(
    peer: Peer, url: str, *, at_once: int, with_robots: bool, python: str
) -> tuple[str, list[str]]:
    """The program of a peer, and the words behind it, to be run in a folder of its own."""
    if peer.is_ours:
        words = [word.format(n=at_once, half=-(-at_once // 2)) for word in peer.words]
        return sys.executable, ["-m", "crawlpool", *_crawl(url, at_once, with_robots=with_robots), *words]
    if peer.script:
        # -I: neither our environment nor the modules beside the script are for it to import.
        script = ["-I", str(HOME / peer.script), url, OUTPUT, str(at_once)]
        return python, [*script, "robots" if with_robots else "-"]
    return shutil.which(peer.name) or peer.name, [
        *("--no-config", "-q", "-r", "-l", "inf", "--max-threads", str(at_once), "--directory-prefix", FILES),
        *("--ignore-tags=img/src,link/href", f"--robots={'on' if with_robots else 'off'}", url),
    ]


def _crawl(url: str, at_once: int, *, with_robots: bool) -> list[str]:
    """What all our rows are told: the manners of the others, a record a page, and nothing else kept."""
    return [
        *(url, "--follow", "-q", "--no-config", "--no-job", "-o", OUTPUT),
        *("--per-host", str(at_once), "--no-adaptive", "--no-rel-nofollow"),
        *(() if with_robots else ("--no-robots",)),
    ]
