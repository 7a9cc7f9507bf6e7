"""`FILE.py:function` and `module:function`, as `--handler` has them: the user's function, from wherever it is.

A file is loaded as Python would run it as a script: its own directory first on
`sys.path`, so that it can import what lies beside it. It runs in this process only;
workers never see it.
"""

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import ConfigError

_MOST_LINES = 12


def load_handler(text: str, said: str = "--handler") -> Callable[..., Any]:
    """Return the function that `text` names.

    Args:
        text: A file or module, a colon and a function.
        said: Where `text` was given, as a message has it.

    Raises:
        ConfigError: There is no such file, module or function, it cannot be
            called with a page, or its file raises when it is loaded.
    """
    try:
        return _loaded_function(text)
    except ConfigError as error:
        raise ConfigError(f"{said} {error}") from None


def _loaded_function(text: str) -> Callable[..., Any]:
    where, colon, name = text.rpartition(":")
    if not colon or not where or name.endswith(".py") or "/" in name or "\\" in name:
        where, name = text, ""  # no function named; a colon may be part of C:\dir\shop.py
    module = _from_file(Path(where), text) if where.endswith(".py") else _from_module(where, text)
    if not name:
        raise ConfigError(f"{text}: which function? {_offer(module, where)}")
    handler = getattr(module, name, None)
    if handler is None:
        near = get_close_matches(name, _functions(module), n=1)
        hint = f"did you mean {where}:{near[0]}?" if near else _offer(module, where)
        raise ConfigError(f"{text}: no function {name} in {where}; {hint}")
    if not callable(handler):
        raise ConfigError(f"{text}: {name} is {_kind(handler)}, and should be a function that takes a page")
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        raise ConfigError(
            f"{text}: {name} is async; a handler is a plain function, and need not wait for anything"
        )
    _check_takes_a_page(handler, text, name)
    function: Callable[..., Any] = handler
    return function


def _from_file(path: Path, text: str) -> ModuleType:
    if not path.is_file():
        beside = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = get_close_matches(path.name, beside, n=1)
        hint = f"; did you mean {path.with_name(near[0])}?" if near else ""
        raise ConfigError(f"{text}: no file {path}{hint}")
    path = path.resolve()
    # The name it would have as a module, so that what it defines can be found by that
    # name; unless the name is Python's or ours already.
    taken = path.stem in sys.modules or path.stem in sys.stdlib_module_names
    name = f"_handler_{path.stem}" if taken else path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{text}: {path} cannot be loaded as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    loader = spec.loader
    try:
        _loaded(lambda: loader.exec_module(module), text)
    except ConfigError:
        del sys.modules[name]
        raise
    return module


def _from_module(name: str, text: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(f"{text}: write it as FILE.py:function or package.module:function")
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does
    importlib.invalidate_caches()
    found: list[ModuleType] = []
    try:
        _loaded(lambda: found.append(importlib.import_module(name)), text)
    except ModuleNotFoundError as error:
        # Only the named module itself is the user's spelling; one it imports is a fault in its code.
        hint = f"; did you mean {name}.py?" if Path(f"{name}.py").is_file() else ""
        raise ConfigError(f"{text}: no module {error.name}{hint}") from None
    return found[0]


def _loaded(load: Callable[[], None], text: str) -> None:
    """Run the user's module; what it raises becomes a complaint with the end of its traceback."""
    try:
        load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: sys.exit() at the end of a script
        if isinstance(error, ModuleNotFoundError) and error.name and _is_start_of(error.name, text):
            raise
        lines = "".join(traceback.format_exception(error)).rstrip().splitlines()
        own = [n for n, line in enumerate(lines) if "importlib" in line]
        lines = lines[own[-1] + 1 :] if own and own[-1] + 1 < len(lines) else lines
        shown = "\n".join(f"  {line}" for line in lines[-_MOST_LINES:])
        raise ConfigError(f"{text} raised while it was loaded:\n{shown}") from None


def _is_start_of(module: str, text: str) -> bool:
    """Whether `module` is the one named, or a package that it is in."""
    named = text.rpartition(":")[0] or text
    return not named.endswith(".py") and (named == module or named.startswith(f"{module}."))


def _functions(module: ModuleType) -> list[str]:
    """Functions that the module defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    ]


def _offer(module: ModuleType, where: str) -> str:
    names = _functions(module)
    return f"there is {', '.join(f'{where}:{name}' for name in names)}" if names else "it defines none"


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _check_takes_a_page(handler: Callable[..., Any], text: str, name: str) -> None:
    try:
        signature = inspect.signature(handler)
    except (TypeError, ValueError):  # written in C: nothing is known, so nothing is wrong
        return
    try:
        signature.bind(object())
    except TypeError as error:
        raise ConfigError(f"{text}: {name}{signature} is called with one page ({error})") from None
