"""The command line: words in, exit code out; the only part of crawlpool that prints.

main          the first word chooses the command; every error ends here
├── commands  which there are
├── crawl     crawlpool urls.txt --workers 8
│   ├── flags      every knob as a flag; complaints that say what would do
│   ├── configfile settings from a file and from the environment; crawls that are kept as a file
│   ├── dry_run    what would be asked, without asking
│   ├── logs       -v, --log-file
│   ├── progress   the bar, or a line now and then; keys
│   │   └── view       what the live view says
│   ├── interrupts Ctrl-C once, twice
│   ├── hints      what would help
│   └── closing    the table at the end, and the exit code
├── get       crawlpool get URL          the record of one URL, its headers, its body
├── links     crawlpool links URL        what a page links to
├── shell     crawlpool shell URL        a prompt with the page
│   └── asking     one page, from a server or a file; shared by these three
├── status    crawlpool status JOB       how far it is
├── failures  crawlpool failures JOB     what failed, and why
├── why       crawlpool why URL --job JOB
├── retry     crawlpool retry JOB        puts failures back, then crawls
├── salvage   crawlpool salvage JOB      what can be read of a damaged one
│   └── jobs       which file is meant, which failures; shared by these five
├── robots    crawlpool robots URL       whether robots.txt lets it be fetched
├── timeline  crawlpool timeline TRACE   what --trace wrote, as a picture
├── demo      crawlpool demo
├── serve     crawlpool serve DIR
├── bench     crawlpool bench            synchronous against asynchronous
│   ├── benchflags its flags
│   ├── benchlist  which URLs of a list it asks
│   ├── bars       what it shows
│   └── benchtable the table
├── completion crawlpool completion bash what lets a shell complete words
└── help      crawlpool help WORD

Starting must feel like nothing, so a module is imported when its command is
chosen, and a library when it is needed: that is why imports stand in functions.
"""

import sys
from collections.abc import Sequence
from errno import ENOSPC

from .. import __version__
from .commands import COMMANDS, made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The words behind the program's name; those of this process by default.

    Returns:
        The exit code: 0 every listed URL answered, 2 wrong usage, 3 some listed
        URLs failed, 4 could not write, 5 workers gone, 6 nothing to do, 7 the
        network was gone, 130 Ctrl-C, 143 SIGTERM.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # whoever read our words has gone: `crawlpool --help | head -1`
        code = 0
    except OSError as error:
        if error.errno != ENOSPC:
            raise
        from .screen import complain  # noqa: PLC0415  see above: a module is imported when it is needed

        complain(f"cannot write: {error.strerror}")
        code = 4
    return _leave(code)


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        print(version())
        return 0
    if words in (["--help"], ["-h"]):  # beside anything else it is the crawl's own
        words = ["help"]
    from ..errors import CrawlpoolError  # noqa: PLC0415

    is_named = bool(words) and words[0] in COMMANDS
    try:
        if not is_named:
            _check_first(words)
        command = made(COMMANDS[words[0] if is_named else "crawl"].home)
        return int(command(words[1:] if is_named else words))
    except CrawlpoolError as error:
        from .screen import complain  # noqa: PLC0415

        complain(str(error))
        return error.exit_code


def _check_first(words: list[str]) -> None:
    """Complain of a first word that is a command's but for a slip; a file or a URL it may be otherwise.

    Raises:
        ConfigError: It is.
    """
    from os.path import exists  # noqa: PLC0415

    if words and words[0].isalpha() and not exists(words[0]):  # noqa: PTH110  Path.exists raises for odd words
        from difflib import get_close_matches  # noqa: PLC0415

        near = get_close_matches(words[0], COMMANDS, n=1, cutoff=0.75)
        if near:
            from ..errors import ConfigError  # noqa: PLC0415

            raise ConfigError(f"unknown command {words[0]!r}; did you mean {near[0]}?")


def version() -> str:
    """What `--version` says."""
    return f"crawlpool {__version__}, Python {sys.version.split()[0]}"


def _leave(code: int) -> int:
    """Flush what was printed while a failure can still be told; at shutdown Python would only mutter.

    A stream that cannot take more is pointed at the null device, so that Python's
    own flush at exit finds nothing to complain about.
    """
    import os  # noqa: PLC0415

    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed by the caller: `crawlpool ... >&-`
            continue
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            if code == 0 and not isinstance(error, BrokenPipeError) and stream is sys.stdout:
                code = 4
            try:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)
            except (OSError, ValueError):  # a stream without a descriptor has no flush at exit either
                continue
    return code
