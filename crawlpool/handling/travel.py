"""What goes from the main process to workers and back: handlers once, a page's request, what its handler gave.

Functions that a worker can import are named to it (pickle). Those of the user's main module,
of a notebook, of a file that is no module there, lambdas and closures go as code (cloudpickle),
with the values that they use; workers never import the main module. What cannot go is said
before the crawl starts, with the name of the variable that holds it.
"""

import inspect
import pickle
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from functools import partial
from importlib.machinery import PathFinder
from operator import attrgetter
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from ..errors import ConfigError
from ..handlers import Handler
from ..model import Request, Response
from .made import Fault, Handled, Maker, fault_of

_FIELDS = tuple(each.name for each in fields(Request))
_parts_of = attrgetter(*_FIELDS)
_setters = tuple(getattr(Request, name).__set__ for name in _FIELDS)
_PLAIN = frozenset({type(None), bool, int, float, str, bytes})
_DEEPEST = 4
"""Functions within functions in which the variable is looked for that cannot go."""


@dataclass(frozen=True, slots=True)
class Unloaded:
    """Handlers that could not be had in a worker."""

    handled: Handled


# Handlers, once


def packed(maker: Maker, handlers: Iterable[tuple[str, Handler]]) -> bytes:
    """Everything that makes something of a page, for another process.

    Args:
        maker: What is packed.
        handlers: The user's functions in it, by name, for a complaint.

    Raises:
        ConfigError: One cannot go; the message names it and the variable, and says what would do.
    """
    import cloudpickle  # noqa: PLC0415  only where handlers travel

    named = list(handlers)
    with ExitStack() as stack:
        for module in _not_importable(handler for _, handler in named):
            cloudpickle.register_pickle_by_value(module)
            stack.callback(cloudpickle.unregister_pickle_by_value, module)
        try:
            return bytes(cloudpickle.dumps(maker))
        except Exception as error:
            for name, handler in named:
                if not _can_go(handler):
                    raise ConfigError(
                        f"the handler {name} cannot go to a worker: {_culprit(handler, error)}; make it inside the "
                        'handler, where each worker makes its own, or leave handlers in the main process: parse_in="main"'
                    ) from error
            raise ConfigError(f"the handlers cannot go to a worker: {error}") from error


def loaded(pack: bytes) -> Maker | Unloaded:
    """What was packed, in a worker; never raises."""
    try:
        maker: Maker = pickle.loads(pack)  # noqa: S301  of our own main process
    except BaseException as error:  # noqa: BLE001  the user's modules are imported here, and may do anything
        fault = fault_of(error)
        message = f"the handlers cannot be loaded in a worker ({fault.message})"
        return Unloaded(Handled(fault=Fault(message, traceback=fault.traceback, is_everybodys=True)))
    return maker


def _not_importable(handlers: Iterable[Handler]) -> Iterator[ModuleType]:
    """The modules of handlers that a worker would not find, or find another of that name."""
    found: dict[str, ModuleType] = {}
    for handler in handlers:
        while isinstance(handler, partial):
            handler = handler.func  # noqa: PLW2901
        name = getattr(handler, "__module__", None) or type(handler).__module__
        module = sys.modules.get(name)
        if module is not None and name != "__main__" and not _is_importable(module):
            found[name] = module
    yield from found.values()


def _is_importable(module: ModuleType) -> bool:
    """Whether `import` of its name gives the same file in a process that was told of our `sys.path`."""
    name, file = module.__name__, getattr(module, "__file__", None)
    if file is None:
        return name in sys.builtin_module_names
    package = name.rpartition(".")[0]
    if package:
        parent = sys.modules.get(package)
        if parent is None or not _is_importable_package(parent):
            return False
        spec = PathFinder.find_spec(name, parent.__path__)
    else:
        spec = PathFinder.find_spec(name)
    return spec is not None and spec.origin == file


def _is_importable_package(module: ModuleType) -> bool:
    if getattr(module, "__file__", None) is not None:
        return _is_importable(module)
    spec = PathFinder.find_spec(module.__name__) if "." not in module.__name__ else None
    return spec is not None and list(spec.submodule_search_locations or ()) == list(module.__path__)


def _can_go(value: Any) -> bool:
    import cloudpickle  # noqa: PLC0415

    try:
        cloudpickle.dumps(value)
    except Exception:  # noqa: BLE001  whatever a value of the user's raises
        return False
    return True


def _culprit(handler: Any, error: Exception) -> str:
    """What of a handler cannot go, in words; what pickle says of it where that cannot be found."""
    found = _stuck(handler, _DEEPEST)
    if found is None:
        return str(error)
    where, name, value = found
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"its {where} {name!r} is a {module}{kind.__qualname__}"


def _stuck(handler: Any, depth: int) -> tuple[str, str, Any] | None:
    """The first value that a handler uses and that cannot go: where it stands, its name, itself."""
    for where, name, value in _used(handler):
        if type(value) in _PLAIN or isinstance(value, ModuleType) or _can_go(value):
            continue
        if depth and isinstance(value, FunctionType | MethodType | partial):
            inner = _stuck(value, depth - 1)
            if inner is not None:
                return inner
        return where, name, value
    return None


def _used(handler: Any) -> Iterator[tuple[str, str, Any]]:
    """What goes with a function: the values of its variables, defaults, arguments that are set, its object's attributes."""
    if isinstance(handler, partial):
        yield "function", getattr(handler.func, "__name__", "func"), handler.func
        for place, value in enumerate(handler.args):
            yield "argument", str(place), value
        for name, value in handler.keywords.items():
            yield "argument", name, value
        return
    if isinstance(handler, MethodType):
        yield from (("attribute", name, value) for name, value in vars(handler.__self__).items())
        handler = handler.__func__
    if isinstance(handler, FunctionType):
        closed = inspect.getclosurevars(handler)
        for variables in (closed.nonlocals, closed.globals):
            yield from (("variable", name, value) for name, value in variables.items())
        for name, parameter in inspect.signature(handler).parameters.items():
            if parameter.default is not parameter.empty:
                yield "argument", name, parameter.default
    elif not isinstance(handler, BuiltinFunctionType | type):
        yield from (("attribute", name, value) for name, value in getattr(handler, "__dict__", {}).items())


# A page, on its way to the handler


def packed_request(request: Request) -> bytes | str:
    """A request with the user's `data`, for another process; why it cannot go, as a text."""
    return _packed(_parts_of(request), request)


def packed_response(response: Response) -> bytes | str:
    """The same of an answer with its body."""
    return _packed(response, response.request)


def _packed(value: Any, request: Request) -> bytes | str:
    try:
        return _dumped(value, (request,))
    except Exception as error:  # noqa: BLE001  the user's data may raise anything
        return f"its request cannot go to a worker, for what it carries as data: {error}"


def request_of(pack: bytes) -> Request | str:
    """The request, in a worker."""
    try:
        request = _request_of(pickle.loads(pack))  # noqa: S301  of our own main process
    except Exception as error:  # noqa: BLE001
        return f"its request could not be loaded in a worker, for what it carries as data: {error}"
    return request


def _request_of(parts: Iterable[Any]) -> Request:
    """A request of its parts, as they are: checked where it was made, and four times as quick as pickled whole."""
    request = object.__new__(Request)
    for put, part in zip(_setters, parts, strict=True):
        put(request, part)
    return request


def _dumped(value: Any, requests: Iterable[Request]) -> bytes:
    """With cloudpickle only where the user's own data may want it: it takes ten times as long."""
    if all(type(request.data) in _PLAIN for request in requests):
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    import cloudpickle  # noqa: PLC0415

    return bytes(cloudpickle.dumps(value))


# What a handler gave, on its way back


def given(made: Handled) -> tuple[Any, ...]:
    """What a handler gave, for the main process; never raises.

    Items are plain values, so they can always go. A request's `data` may be anything.
    """
    fault, requests = made.fault, b""
    if made.requests:
        try:
            requests = _dumped([_parts_of(each) for each in made.requests], made.requests)
        except Exception as error:  # noqa: BLE001  the user's data may raise anything
            fault = Fault(
                f"a request that it gave cannot leave the worker, for what it carries as data: {error}"
            )
    if fault is not None:
        said = (fault.message, fault.what, fault.traceback, fault.is_everybodys)
        return (), b"", said, made.handler, (), made.seconds
    return made.items, requests, None, made.handler, tuple(map(tuple, made.looks)), made.seconds


def handled_of(crossed: Any) -> Handled:
    """The same, in the main process; what did not cross is given back as it is."""
    if isinstance(crossed, Handled):
        return crossed
    items, requests, said, handler, looks, seconds = crossed
    fault = None if said is None else Fault(*said)
    given_requests: list[Request] = []
    if requests:
        try:
            given_requests = [_request_of(each) for each in pickle.loads(requests)]  # noqa: S301  of our own worker
        except Exception as error:  # noqa: BLE001
            items = []
            fault = Fault(f"a request that it gave could not be loaded, for what it carries as data: {error}")
    if looks:
        from ..selecting.columns import Look  # noqa: PLC0415

        looks = tuple(Look(*each) for each in looks)
    return Handled(list(items), given_requests, fault, handler, looks, seconds)


def refused(message: str) -> Handled:
    """What comes of a page whose handler is not called."""
    return Handled(fault=Fault(message, what="was not called"))
