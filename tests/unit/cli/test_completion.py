"""Shells complete commands, flags, values and files, by scripts made of the same declarations as the help."""

import os
import select
import shutil
import subprocess
import sys
import time

import pytest

from crawlpool.cli import main
from crawlpool.cli.commands import COMMANDS, whole_parser
from crawlpool.settings import BACKENDS

SHELLS = ("bash", "zsh", "fish")

TABS = [
    ("crawlpool statu", {"status"}),
    ("crawlpool --backe", {"--backend"}),
    ("crawlpool urls.txt --follo", {"--follow"}),
    ("crawlpool --backend futures-t", {"futures-thread"}),
    ("crawlpool get --heade", {"--header", "--headers"}),
    ("crawlpool links --kind imag", {"image"}),
    ("crawlpool failures --kind connect", {"connect", "connect_timeout"}),
    ("crawlpool failures --fo", {"--format"}),
    ("crawlpool completion fi", {"fish"}),
    ("crawlpool serve booksh", {"bookshop"}),
    ("crawlpool help salv", {"salvage"}),
    ("crawlpool status my pa", {"my pages.jsonl"}),
    ("crawlpool -o my pa", {"my pages.jsonl"}),
    ("crawlpool get --timeout ", set()),
]
"""What is typed before a Tab, and what can stand there; "my pa" is the beginning of a file's name."""


@pytest.fixture
def scripts(tmp_path, capsys):
    """The script of each shell, in a folder with a file to complete."""
    (tmp_path / "my pages.jsonl").touch()
    made = {}
    for shell in SHELLS:
        assert main(["completion", shell]) == 0
        made[shell] = tmp_path / f"crawlpool.{shell}"
        made[shell].write_text(capsys.readouterr().out)
    return made


def needs(shell):
    return pytest.mark.skipif(
        sys.platform == "win32" or shutil.which(shell) is None, reason=f"no {shell} here"
    )


def test_every_flag_of_every_command_is_in_each_script(scripts):
    for shell, file in scripts.items():
        script = file.read_text()
        for name, command in COMMANDS.items():
            assert name in script
            for flag in whole_parser(command).flags:
                assert (f"-l {flag[2:]}" if shell == "fish" else flag) in script, (shell, name, flag)
        assert " ".join(BACKENDS) in script


def in_parts(typed):
    """The words of a line; the file's name is one."""
    head, _, last = typed.partition("my pa")
    return [*head.split(), "my pa"] if "my pa" in typed else typed.split(" ") if not last else typed.split()


@needs("bash")
def test_bash_completes(scripts):
    script = scripts["bash"]
    code = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _crawlpool; printf "%s\\n" "${COMPREPLY[@]}"'
    for typed, wanted in TABS:
        done = subprocess.run(
            ["bash", "--norc", "--noprofile", "-c", code, str(script), *in_parts(typed)],
            capture_output=True,
            text=True,
            cwd=script.parent,
            timeout=30,
            check=True,
        )
        assert done.stderr == ""
        assert set(filter(None, done.stdout.splitlines())) == wanted, typed


@needs("bash")
def test_bash_completes_a_value_behind_an_equals_sign(scripts):
    code = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _crawlpool; printf "%s\\n" "${COMPREPLY[@]}"'
    for words in (["--scope", "=", "pre"], ["--scope", "="]):
        done = subprocess.run(
            ["bash", "-c", code, str(scripts["bash"]), "crawlpool", *words],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert "prefix" in done.stdout.split()


@needs("fish")
def test_fish_completes(scripts):
    script = scripts["fish"]
    lines = [typed.replace("my pa", "my\\\\ pa") for typed, _ in TABS]  # in quotes of fish
    asked = "; ".join(f"echo '[]'; complete -C '{line}'" for line in lines)
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {script}; {asked}"],
        capture_output=True,
        text=True,
        cwd=script.parent,
        timeout=60,
        check=True,
        env={**os.environ, "HOME": str(script.parent)},
    )
    assert done.stderr == ""
    for (typed, wanted), found in zip(TABS, done.stdout.split("[]\n")[1:], strict=True):
        names = {line.partition("\t")[0].replace("\\ ", " ") for line in found.splitlines()}
        assert names == wanted, typed


def on_a_terminal(argv, lines, folder):
    """Type into a shell on a terminal of its own, waiting for what each line is to show; what it showed."""
    import pty

    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update({"HOME": str(folder), "TERM": "dumb", "PS1": "> "})
        os.execvp(argv[0], argv)
    shown = ""
    try:
        for typed, until in lines:
            os.write(fd, typed.encode())
            seen, end = "", time.monotonic() + 30
            while until not in seen and time.monotonic() < end:
                if select.select([fd], [], [], 0.1)[0]:
                    try:
                        seen += os.read(fd, 65536).decode(errors="replace")
                    except OSError:
                        break
            shown += seen
            assert until in seen, f"{until!r} was not shown behind {typed!r}; this was: {shown}"
    finally:
        os.close(fd)
        os.waitpid(pid, 0)


@needs("bash")
def test_bash_completes_as_it_is_typed_at(scripts):
    script = scripts["bash"]
    on_a_terminal(
        ["bash", "--norc", "--noprofile", "-i"],
        [
            (f"source {script}; echo rea''dy\n", "ready"),
            ("crawlpool statu\t", "crawlpool status "),
            ("my\\ pa\t", "my\\ pages.jsonl"),
            ("\x15crawlpool --backend=futures-t\t", "futures-thread"),
        ],
        script.parent,
    )


@needs("zsh")
def test_zsh_completes_as_it_is_typed_at(scripts):
    script = scripts["zsh"]
    on_a_terminal(
        ["zsh", "-f", "-i"],
        [
            (f"autoload -U compinit; compinit -u -D; source {script}; echo rea''dy\n", "ready"),
            ("crawlpool statu\t", "status"),
            ("\x15crawlpool get --bod\t", "--body"),
            ("\x15crawlpool --backend futures-t\t", "futures-thread"),
            ("\x15crawlpool --backend=futures-t\t", "futures-thread"),
            ("\x15crawlpool links --kind imag\t", "image"),
            ("\x15crawlpool serve booksh\t", "bookshop"),
            ("\x15crawlpool status my\\ pa\t", "my\\ pages.jsonl"),
        ],
        script.parent,
    )


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_another_shell_is_a_complaint(words, capsys):
    assert main(["completion", *words]) == 2
    assert "name one shell" in capsys.readouterr().err
