"""Between our processes, and around them: plain values cross, nothing is run, nobody listens, and only the server is called."""

import ast
import os
import pickle
import pickletools
import re
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import Executor, Future
from functools import cache
from pathlib import Path

import pytest

import crawlpool
from crawlpool import Crawler
from crawlpool.parse.labels import named

from ..contracts.hostile import LABELS, Hostile

PACKAGE = Path(crawlpool.__file__).parent
LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="/proc tells of sockets on Linux only"
)

# What the code says

UNPICKLING = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "yaml",
    "dbm",
    "jsonpickle",
}
UNPICKLING_OURS = {
    "handling/apart.py": "an answer that the main process packed, for the user's handler",
    "handling/travel.py": "the user's handlers, requests and what handlers gave, packed by the main process or a worker",
}
"""What `parse_in` sends: who packs it is a process of ours, so it names what we and the user's own code put there."""
RUNNING = {"eval", "exec", "compile", "__import__", "execfile", "input"}
TYPED = {"cli/shell.py": "what the user types at the prompt, or behind -c"}
BY_NAME = {
    "__init__.py": "names of our own",
    "bench/modes/__init__.py": "names of our own",
    "bench/stages/watcher.py": "names of our own, from a table beside it",
    "cli/commands.py": "names of our own commands",
    "handlerfile.py": "the file or module that the user names",
    "worker/codings.py": "one library under two names",
}
CODECS_BY_NAME = {
    "cli/benchtable.py": "the terminal's",
    "cli/jobs.py": "the terminal's",
    "cli/screen.py": "the terminal's",
    "digest.py": "UTF-8 or Latin-1 (RFC 7616, 3.4)",
    "parse/decoders.py": "from the table of the Encoding standard",
    "parse/eastasian.py": "from its own table",
    "stores/stdout.py": "the terminal's",
}
OURS = {
    "eastasian.decode",
    "decoder.decode",
    "webencodings.lookup",
    "codecs.getincrementaldecoder('utf-8')().decode",
}
"""Decoders that were chosen already, and take bytes; and the table of the Encoding standard itself."""


@cache
def modules():
    paths = sorted(PACKAGE.rglob("*.py"))
    return [
        (path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths
    ]


def calls(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, isinstance(node.func, ast.Name), node


def test_no_module_reads_a_format_that_can_name_code_but_what_our_own_processes_packed():
    for file, tree in modules():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & UNPICKLING or file in UNPICKLING_OURS, (
                file
            )


def test_no_module_runs_text_and_few_import_by_name():
    for file, tree in modules():
        for name, is_plain, node in calls(tree):
            assert not (is_plain and name in RUNNING) or file in TYPED, (file, node.lineno)
            assert ast.unparse(node.func) not in {"os.system", "os.popen", "os.spawnv", "os.execv"}, (
                file,
                node.lineno,
            )
            is_by_name = name == "import_module" and not isinstance(node.args[0], ast.Constant)
            assert not is_by_name or file in BY_NAME, (file, node.lineno)
            assert name not in {"load_extension", "enable_load_extension"}, (file, node.lineno)
            assert not any(word.arg == "shell" for word in node.keywords), (file, node.lineno)


def test_a_codec_is_named_by_our_own_words_or_by_the_table_of_the_encoding_standard():
    for file, tree in modules():
        for name, is_plain, node in calls(tree):
            if is_plain or name not in {"decode", "encode", "getincrementaldecoder", "getdecoder", "lookup"}:
                continue
            # The codec is the first argument of a method; functions of ours that are called so take bytes there.
            is_said = not node.args or isinstance(node.args[0], ast.Constant)
            is_ours = ast.unparse(node.func) in OURS
            assert is_said or is_ours or file in CODECS_BY_NAME, (file, node.lineno, ast.unparse(node))


@pytest.mark.parametrize("label", LABELS)
def test_a_label_that_the_encoding_standard_does_not_have_names_no_codec(label):
    assert named(label) is None


# What crosses

NAMES_A_CLASS = {
    "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD", "EXT1", "EXT2", "EXT4", "PERSID",
    "BINPERSID",
}  # fmt: skip


class Recording(Executor):
    """Runs each task at once, through the same pickling that a process would be sent it by."""

    def __init__(self):
        self.sent, self.came = [], []

    def submit(self, task, /, *args, **kwargs):
        self.sent.append(pickle.dumps((args, kwargs)))
        (args, kwargs) = pickle.loads(self.sent[-1])
        self.came.append(pickle.dumps(task(*args, **kwargs)))
        future = Future()
        future.set_result(pickle.loads(self.came[-1]))
        return future


def is_plain(value):
    if type(value) in {tuple, list}:
        return all(map(is_plain, value))
    return type(value) in {int, float, str, bytes, bool, type(None)}


def test_no_answer_of_a_hostile_server_names_a_class_when_it_crosses():
    recording = Recording()
    with Hostile() as server:
        crawler = Crawler(backend=recording, follow=True, retries=0, keep_raw=True, timeout=5)
        crawler.on_page(lambda page: {"text": page.text, "links": len(list(page.links()))})
        urls = [server.url + path for path in server.paths]
        items = list(crawler.items(urls))
    assert len(items) > 10
    assert len(recording.came) > 20
    for data in recording.came:
        assert is_plain(pickle.loads(data))
        assert not {opcode.name for opcode, *_ in pickletools.genops(data)} & NAMES_A_CLASS
    for data in recording.sent:
        (options, *message), named = pickle.loads(data)
        assert is_plain([*message, *named.values()])
        assert type(options).__module__ == "crawlpool.worker.wire"


# What a crawl does to the machine

HOOK = """
import os, sys

_log = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
_watched = ("socket.", "pickle.find_class", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.rename",
            "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "sqlite3.",
            "webbrowser.", "shutil.", "ctypes.dlopen", "smtplib.", "ftplib.", "urllib.")

def _hook(event, args):
    if event == "open":
        path, mode, flags = args
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif not event.startswith(_watched):
        return
    shown = [each if isinstance(each, (str, int, tuple)) else repr(each) for each in args]
    os.write(_log, (ascii([event, *shown]) + chr(10)).encode())

sys.addaudithook(_hook)
"""
UNPICKLED = re.compile(
    r"(crawlpool\.(worker|backends|model|handling|handlers)|shop parse$|multiprocessing|concurrent\.futures|functools|copyreg|_thread|threading|collections"
    r"|builtins (set|frozenset|getattr|bytearray|Exception|OSError)\b|ctypes|_ctypes|types|(posix|nt) getpid$)"
)
"""Where what our own processes send each other to begin with comes from, and the user's own handler."""


HANDLER = """
import crawlpool

def parse(page):
    yield {"title": page.title, "text": page.text, "headers": page.response.headers}
    if "?" not in page.url:
        yield crawlpool.Request(page.url + "?2", data={"title": page.title, "text": page.text})
"""
WAYS = {
    "process": (),
    "futures-process": (),
    "handlers in the worker": ("--handler", "shop.py:parse", "--parse-in", "worker"),
    "handlers in processes": ("--handler", "shop.py:parse", "--parse-in", "process"),
}


@pytest.fixture(scope="module", params=WAYS)
def watched(request, tmp_path_factory):
    """Every event of interest in all processes of a crawl of the hostile server: (event, arguments), folder, server."""
    folder, hooks = tmp_path_factory.mktemp("crawl"), tmp_path_factory.mktemp("hooks")
    (folder / "shop.py").write_text(HANDLER)
    log = hooks / "events"
    (hooks / "sitecustomize.py").write_text(HOOK.format(log=str(log)))
    path = os.pathsep.join(filter(None, [str(hooks), os.environ.get("PYTHONPATH")]))
    with Hostile() as server:
        words = [server.url + each for each in server.paths]
        done = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "crawlpool",
                    *words,
                    "--follow",
                    "--retries",
                    "0",
                    "--timeout",
                    "5",
                    "-w",
                    "2",
                ),
                *(
                    "--backend",
                    request.param if request.param == "futures-process" else "process",
                    *WAYS[request.param],
                    "-o",
                    "a.jsonl",
                    "-o",
                    "a.csv",
                    "-o",
                    "a.db",
                    "--failed",
                    "failed.txt",
                ),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        address = server.server_address
    events = [ast.literal_eval(line) for line in log.read_text().splitlines()]
    assert {"socket.connect", "pickle.find_class", "open"} <= {event for event, *_ in events}
    return [(event, args) for event, *args in events], folder, address


def test_a_crawl_connects_to_the_server_and_to_nobody_else(watched):
    events, _, address = watched
    called = {args[1] for event, args in events if event in {"socket.connect", "socket.sendto"}}
    assert {each for each in called if not isinstance(each, str)} == {
        address
    }  # a str is a socket of our own, in a folder
    looked_up = {args[0] for event, args in events if event in {"socket.getaddrinfo", "socket.gethostbyname"}}
    assert looked_up <= {"127.0.0.1"}


def test_a_crawl_binds_no_address_that_others_could_reach(watched):
    events, _, _ = watched
    bound = {args[1] for event, args in events if event == "socket.bind"}
    # A library looks once whether there is IPv6 by binding a socket that never listens.
    assert all(each == ("::1", 0) or (isinstance(each, str) and each[:1] == "/") for each in bound), bound


def test_a_crawl_runs_no_program_but_its_own_workers_and_loads_no_library_that_a_server_names(watched):
    events, _, _ = watched
    for event, args in events:
        assert not event.startswith(
            ("os.system", "os.exec", "os.posix_spawn", "webbrowser.", "smtplib.", "ftplib.", "urllib.")
        )
        assert event not in {"sqlite3.load_extension", "sqlite3.enable_load_extension"}
        if event == "subprocess.Popen":
            assert args[0] == sys.executable


def test_what_processes_rebuild_for_each_other_is_of_our_own_modules(watched):
    events, _, _ = watched
    rebuilt = {f"{args[0]} {args[1]}" for event, args in events if event == "pickle.find_class"}
    assert {each for each in rebuilt if not UNPICKLED.match(each)} == set()


def test_a_crawl_of_a_hostile_server_writes_in_its_own_folder_only(watched):
    events, folder, _ = watched
    ours = re.compile(
        rf"{re.escape(str(folder.resolve()))}(/|$)|(a\.(jsonl|csv|db)|failed\.txt)[\w.-]*$|/dev/(null|shm/)"
        rf"|{re.escape(tempfile.gettempdir())}/([a-z0-9_]{{8}}$|pymp-|pym-)"  # what multiprocessing makes, and a first try
    )
    for event, args in events:
        if event in {"open", "os.rename", "os.mkdir", "os.symlink", "os.link", "os.truncate", "os.chmod"}:
            paths = [
                each
                for each in args[: 2 if event in {"os.rename", "os.symlink", "os.link"} else 1]
                if isinstance(each, str)
            ]
            assert all(ours.match(path) for path in paths), (event, args)


def descendants(pid):
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, waiting = [], [pid]
    while waiting:
        more = parents.get(waiting.pop(), [])
        found += more
        waiting += more
    return found


def sockets_of(pid):
    """(kind, address, peer or path) of every socket that a process has open and that listens or is connected."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(each)))  # noqa: PTH115
        except OSError:
            continue
    for name in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                yield (
                    name,
                    "listens" if fields[3] == "0A" else "connected",
                    int(fields[2].partition(":")[2], 16),
                )
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[6] in inodes and int(fields[3], 16) & 0x10000:
            yield "unix", "listens", fields[7] if len(fields) > 7 else ""


@LINUX
@pytest.mark.parametrize("backend", ["process", "futures-process", "thread"])
def test_while_it_crawls_no_process_listens_but_for_a_socket_in_a_folder_of_the_users_own(
    site, tmp_path, backend
):
    seen = []

    def look(_):
        mine = descendants(os.getpid())
        for pid in (
            pid for pid in mine if b"crawlpool" in command_of(pid) or b"forkserver" in command_of(pid)
        ):
            for kind, what, where in sockets_of(pid):
                mode = (
                    stat.S_IMODE(Path(where).parent.stat().st_mode)
                    if kind == "unix" and where[:1] == "/"
                    else 0
                )
                seen.append((kind, what, where, mode))
        return "<title>x</title>"

    site.page("/a", look)
    site.page("/b", look)
    words = [site.url + "/a", site.url + "/b", "--backend", backend, "-w", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "crawlpool", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("tcp", "connected") in {each[:2] for each in seen}  # so that the looking is known to see
    for kind, what, where, mode in seen:
        if what == "listens":
            assert (kind, mode) == ("unix", 0o700), where
        else:
            assert where == int(site.url.rpartition(":")[2])


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_python_is_one_whose_fork_server_listens_to_its_own_user_only():
    text = (PACKAGE.parent / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11.1"' in text  # 3.11.0 listened to every user (CVE-2022-42919)


FLOORS = {"urllib3": (2, 7), "brotli": (1, 2), "requests": (2, 33), "lxml": (6, 1), "idna": (3, 7)}


@pytest.mark.parametrize("name", FLOORS)
def test_no_version_with_a_known_hole_is_taken(name):
    text = (PACKAGE.parent / "pyproject.toml").read_text()
    floor = re.search(rf'"{name}(?:\[[\w,]+\])?>=([\d.]+)', text)
    assert floor is not None
    assert tuple(map(int, floor[1].split("."))) >= FLOORS[name]
