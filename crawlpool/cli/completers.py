"""The scripts of `crawlpool completion`, one for each shell: text, made of what the commands take.

A word that is no command's name is the beginning of a crawl, so flags of the crawl are completed
behind it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .. import __version__
from .completion import Flag, Taken

_BASH: Final = """\
_crawlpool() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local command=crawl flags= words= place= commands=%(commands)s
    COMPREPLY=()
    # Where = parts words, --flag=value comes in three of them.
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if (( COMP_CWORD > 1 )) && [[ " $commands " == *" ${COMP_WORDS[1]} "* ]]; then
        command=${COMP_WORDS[1]}
    fi
    case "$command $previous" in
%(values)s
        *)
            case $command in
%(flags)s
            esac
            (( COMP_CWORD == 1 )) && words="$commands $words"
            [[ $current == -* ]] && words=$flags place=
            ;;
    esac
    local IFS=$' \\n'
    COMPREPLY=( $(compgen -W "$words" -- "$current") )
    if [[ -n $place ]]; then
        IFS=$'\\n'
        COMPREPLY+=( $(compgen "$place" -- "$current") )
        compopt -o filenames 2> /dev/null
    fi
    return 0
}
complete -F _crawlpool crawlpool
"""

_ZSH: Final = """\
__crawlpool_commands() {
    local -a commands=(
%(commands)s
    )
    _describe -t commands command commands
}

%(functions)s

_crawlpool() {
    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _alternative 'commands: :__crawlpool_commands' 'files:file:_files'
        return
    fi
    local command=crawl
    if (( $+functions[_crawlpool_$words[2]] )); then
        command=$words[2]
        shift words
        (( CURRENT-- ))
    fi
    _crawlpool_$command
}

if [[ $funcstack[1] == _crawlpool ]]; then
    _crawlpool "$@"
else
    compdef _crawlpool crawlpool
fi
"""

_FISH: Final = """\
function __crawlpool_is
    set -l words (commandline -opc)
    set -l command crawl
    if set -q words[2]; and contains -- $words[2] %(commands)s
        set command $words[2]
    end
    contains -- $command $argv
end
function __crawlpool_begins
    test (count (commandline -opc)) -eq 1
end
complete -c crawlpool -f
%(lines)s
"""


def bash(taken: Mapping[str, Taken]) -> str:
    """For bash 3.2 and newer."""
    values = []
    for commands, flag in _shared(taken):
        if not flag.value:
            continue
        patterns = (f'"{command} {name}"' for command in commands for name in flag.names)
        if len(commands) == sum(_has(each, flag) for each in taken.values()):  # it means the same everywhere
            patterns = (f'*" {name}"' for name in flag.names)
        place = {"file": "-f", "dir": "-d"}.get(flag.place, "")
        # The words of a place come first: what stands in them is all that is completed.
        values.append(f"        {'|'.join(patterns)}) words={_quoted(' '.join(flag.words))} place={place} ;;")
    flags = []
    for command, what in taken.items():
        names = " ".join(name for flag in what.flags for name in flag.names)
        place = {"file": "-f", "dir": "-d"}.get(what.place, "")
        flags.append(
            f"                {command}) flags={_quoted(names)} words={_quoted(' '.join(what.words))} place={place} ;;"
        )
    return _head("bash") + _BASH % {
        "commands": _quoted(" ".join(taken)),
        "values": "\n".join(values),
        "flags": "\n".join(flags),
    }


def zsh(taken: Mapping[str, Taken]) -> str:
    """For zsh, by its `_arguments`."""
    functions = []
    for command, what in taken.items():
        specs = [_zsh_flag(flag) for flag in what.flags]
        if what.words or what.place:  # else zsh would show a list that is empty
            specs.append(f"'*: :{_zsh_values(what.words, what.place)}'")
        lines = "".join(f" \\\n        {spec}" for spec in specs)
        functions.append(f"_crawlpool_{command}() {{\n    _arguments -S{lines}\n}}")
    commands = ("        " + _quoted(f"{name}:{_without(what.about, ':')}") for name, what in taken.items())
    return (
        "#compdef crawlpool\n"
        + _head("zsh")
        + _ZSH
        % {
            "commands": "\n".join(commands),
            "functions": "\n\n".join(functions),
        }
    )


def fish(taken: Mapping[str, Taken]) -> str:
    """For fish 3 and newer."""
    lines = [
        f"complete -c crawlpool -n __crawlpool_begins -a {name} -d {_fish_quoted(what.about)}"
        for name, what in taken.items()
    ]
    for commands, flag in _shared(taken):
        lines.append(f"complete -c crawlpool -n '__crawlpool_is {' '.join(commands)}' {_fish_flag(flag)}")
    for name, what in taken.items():
        begin = f"complete -c crawlpool -n '__crawlpool_is {name}'"
        if what.words:
            lines.append(f"{begin} -a {_fish_quoted(' '.join(what.words))}")
        if what.place == "file":
            lines.append(f"{begin} -F")
        elif what.place == "dir":
            lines.append(f"{begin} -a '(__fish_complete_directories)'")
    return _head("fish") + _FISH % {"commands": " ".join(taken), "lines": "\n".join(lines)}


WRITERS: Final[Mapping[str, Callable[[Mapping[str, Taken]], str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""What makes the script of each shell."""


def _head(shell: str) -> str:
    return f"# Completes the words of crawlpool {__version__}; made by: crawlpool completion {shell}\n"


def _shared(taken: Mapping[str, Taken]) -> Iterator[tuple[list[str], Flag]]:
    """Each flag once, with the commands that take it so."""
    commands: dict[Flag, list[str]] = {}
    for name, what in taken.items():
        for flag in what.flags:
            commands.setdefault(flag, []).append(name)
    for flag, names in commands.items():
        yield names, flag


def _has(taken: Taken, flag: Flag) -> bool:
    """Whether a command has a flag of any of these names."""
    return any(not set(flag.names).isdisjoint(other.names) for other in taken.flags)


def _zsh_flag(flag: Flag) -> str:
    """One flag as `_arguments` wants it."""
    taken = [f"{name}=" if flag.value and name.startswith("--") else name for name in flag.names]
    names = "{" + ",".join(taken) + "}" if len(taken) > 1 else taken[0]
    shown = _without(flag.value, "':[]")
    value = f":{shown}:{_zsh_values(flag.words, flag.place)}" if flag.value else ""
    about = _quoted(f"[{_without(flag.about, '[]:')}]{value}")
    if flag.repeats:
        return f"'*'{names}{about}"
    return f"'({' '.join(flag.names)})'{names}{about}"


def _zsh_values(words: tuple[str, ...], place: str) -> str:
    if words and place:
        return f"{{ compadd -- {' '.join(words)}; _files{' -/' if place == 'dir' else ''} }}"
    if words:
        return f"({' '.join(words)})"
    return {"file": "_files", "dir": "_files -/"}.get(place, " ")


def _fish_flag(flag: Flag) -> str:
    """One flag as `complete` wants it."""
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names]
    if flag.value:
        parts.append("-r" if flag.place else "-x")
    if flag.place:
        parts.append("-F" if flag.place == "file" else "-a '(__fish_complete_directories)'")
    if flag.words:
        parts.append(f"-a {_fish_quoted(' '.join(flag.words))}")
    return " ".join((*parts, f"-d {_fish_quoted(flag.about)}"))


def _without(text: str, marks: str) -> str:
    """A text without the marks that mean something where it is to stand."""
    return text.translate(dict.fromkeys(map(ord, marks), " "))


def _quoted(text: str) -> str:
    """A word of bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
