"""Which commands there are: where each is, what stands behind its name, and what it does.

The first word of a command line, the help and the completion of shells are read off this
table, so a command is declared here once. Nothing of ours is imported, since every start
of the program looks at it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .flags import Parser


class Command(NamedTuple):
    """One command.

    Attributes:
        home: Its module in this folder, and the function there: words in, exit code out.
        group: Under which heading help lists it.
        takes: What stands behind its name, in words apart by bars. What is in capitals is the user's
            (URL, FILE, JOB, DIR, COMMAND, SITE, or anything), what is in small letters is typed as it is.
        about: What it does, in a sentence.
        examples: What may be typed behind `crawlpool`; the last thing in its help.
        parser: Where its parser is made: what its help shows.
        whole: The same for a parser of all that it takes, the flags of a crawl too; as `parser` where that is "".
    """

    home: str
    group: str
    takes: str
    about: str
    examples: tuple[str, ...]
    parser: str
    whole: str = ""


COMMANDS = {
    "crawl": Command(
        "crawl:crawl",
        "Crawl",
        "URL|FILE|-",
        "Fetch URLs and lists of them, or sites by their links. The word crawl may be left out.",
        (
            "urls.txt --workers 16 -o pages.csv",
            "https://example.com/ --follow --depth 2 --delay 1 -o site.jsonl",
            "https://example.com/ --sitemap --since 2026-01-01 -o news.jsonl",
            "shops.csv --column website --handler shop.py:parse -o shops.sqlite",
            "shop.toml --max-pages 20",
            "urls.txt --failed failed.txt; crawlpool failed.txt --retries 5",
        ),
        "flags:crawl_parser",
    ),
    "get": Command(
        "get:get",
        "One page",
        "URL",
        "Show the record of one URL, its headers, or its body.",
        (
            "get https://example.com/",
            "get https://example.com/ --headers",
            "get https://example.com/ --body -o example.html",
        ),
        "get:parser",
        "get:whole_parser",
    ),
    "links": Command(
        "links:links",
        "One page",
        "URL|FILE|-",
        "List the links of a page, also of a file.",
        (
            "links https://example.com/",
            "links https://example.com/ --kind image,style --csv",
            "links page.html --base https://example.com/ --in-scope",
        ),
        "links:parser",
        "links:whole_parser",
    ),
    "shell": Command(
        "shell:shell",
        "One page",
        "URL|FILE",
        "Try selectors on a page at a prompt of Python.",
        (
            "shell https://example.com/",
            "shell https://example.com/ -c page.title -c 'css(\"a\")'",
            "shell page.html --base https://example.com/",
        ),
        "shell:parser",
        "shell:whole_parser",
    ),
    "robots": Command(
        "robots:robots",
        "One page",
        "URL",
        "Say whether robots.txt lets a URL be fetched, and which line says so.",
        (
            "robots https://example.com/private/",
            "robots https://example.com/ --agent mybot --json",
        ),
        "robots:parser",
        "robots:whole_parser",
    ),
    "status": Command(
        "status:status",
        "Jobs",
        "JOB",
        "Show how far a crawl is; JOB is its output, or FILE.job beside it.",
        ("status pages.jsonl", "status pages.jsonl --json"),
        "status:parser",
    ),
    "failures": Command(
        "failures:failures",
        "Jobs",
        "JOB",
        "List the URLs that failed, and why.",
        ("failures pages.jsonl", "failures pages.jsonl --kind timeout --format csv"),
        "failures:parser",
    ),
    "why": Command(
        "why:why",
        "Jobs",
        "URL",
        "Tell what became of one URL.",
        ("why https://example.com/ --job pages.jsonl",),
        "why:parser",
    ),
    "retry": Command(
        "retry:retry",
        "Jobs",
        "JOB",
        "Ask what failed once more.",
        ("retry pages.jsonl", "retry pages.jsonl --kind timeout --timeout 60"),
        "retry:parser",
        "retry:whole_parser",
    ),
    "salvage": Command(
        "salvage:salvage_command",
        "Jobs",
        "JOB",
        "Save what can be read of a damaged job file.",
        ("salvage pages.jsonl.job", "salvage pages.jsonl.job -o mended.job"),
        "salvage:parser",
    ),
    "timeline": Command(
        "timeline:timeline",
        "See it work",
        "FILE",
        "Draw what --trace FILE.jsonl wrote, as a picture.",
        (
            "timeline trace.jsonl -o trace.svg",
            "timeline trace.jsonl --from 2s --to 3s -o second.svg",
        ),
        "timeline:parser",
    ),
    "demo": Command(
        "demo:demo",
        "See it work",
        "SITE",
        "Crawl a sample site on this machine, and explain what happened.",
        ("demo", "demo traps --workers 2"),
        "demo:parser",
        "flags:crawl_parser",
    ),
    "serve": Command(
        "serve:serve_command",
        "See it work",
        "DIR|SITE",
        "Serve a folder, or a sample site, on this machine.",
        ("serve bookshop", "serve . --port 8080 --latency 200ms --errors 10%"),
        "serve:_parser",
    ),
    "bench": Command(
        "bench:bench",
        "See it work",
        "URL|FILE",
        "Fetch the same URLs synchronously and asynchronously, in many ways, and compare.",
        (
            "bench",
            "bench --modes sequential,apply,callbacks --repeats 1",
            "bench --parse callback,worker --plot bench.svg --json bench.json",
            "bench urls.txt --workers 4",
            "bench --peers --pages 5000 --json peers.json",
            "bench --stages https://example.com/ --follow --max-pages 200",
        ),
        "benchflags:parser",
        "benchflags:whole_parser",
    ),
    "config": Command(
        "config:config",
        "Help",
        "FILE",
        "Show every setting, and where it comes from.",
        ("config", "config --delay 1 > slow.toml", "config --schema > crawlpool.schema.json"),
        "config:parser",
        "config:whole_parser",
    ),
    "completion": Command(
        "completion:completion",
        "Help",
        "bash|zsh|fish",
        "Print what lets a shell complete commands and flags.",
        (
            "completion bash > ~/.local/share/bash-completion/completions/crawlpool",
            "completion zsh > ~/.zfunc/_crawlpool",
            "completion fish > ~/.config/fish/completions/crawlpool.fish",
        ),
        "completion:parser",
    ),
    "help": Command(
        "help:help_command",
        "Help",
        "COMMAND",
        "Explain a command, a group of flags such as politeness, or a flag.",
        ("help", "help crawl", "help politeness", "help --per-host"),
        "help:parser",
    ),
}
"""Each command by its name, in the order of the help."""


def made(home: str) -> Any:
    """What a `home` names: "get:parser" is `parser` of `cli/get.py`."""
    module, _, name = home.partition(":")
    return getattr(import_module(f".{module}", __package__), name)


def help_parser(command: Command) -> "Parser":
    """The parser that knows what a command's help shows."""
    parser: Parser = made(command.parser)()
    return parser


def whole_parser(command: Command) -> "Parser":
    """The parser that knows all that a command takes."""
    parser: Parser = made(command.whole or command.parser)()
    return parser


def command_of(usage: str) -> str:
    """Which command a line of usage is about: its second word, or the crawl."""
    word = usage.split()[1] if len(usage.split()) > 1 else ""
    return word if word in COMMANDS else "crawl"


def examples_of(name: str) -> str:
    """What help ends with; "" for a command that is not in the table."""
    examples = COMMANDS[name].examples if name in COMMANDS else ()
    return "\n".join(("Examples:", *(f"  crawlpool {each}" for each in examples))) if examples else ""
