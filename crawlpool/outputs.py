"""Where a crawl's items go: stores by name, their job beside them, opened where each begins or goes on."""

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from os import PathLike
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError, StoreError
from .settings import Settings
from .stores.base import Position, Start, Store
from .stores.failed import FailedFile
from .wiring import Output, start_of, store_of

if TYPE_CHECKING:
    from .resuming import Job

INDEX = "index.jsonl"
"""What the index of a folder of bodies is called."""


def named_stores(outputs: Sequence[Output], settings: Settings) -> dict[str, tuple[Store, Output]]:
    """The stores by name, none of them opened yet."""
    named: dict[str, tuple[Store, Output]] = {}
    places: set[Path] = set()
    for output in outputs:
        name, store = store_of(output, settings)
        if isinstance(output, str | PathLike):
            place = Path(output).resolve()
            if place in places:
                raise ConfigError(f"output {name!r} is named twice")
            places.add(place)
        if name in named:  # a second store of one class of the user's own
            name = f"{name} {len(named) + 1}"
        named[name] = store, output
    return named


def job_path(
    outputs: Sequence[Output],
    job: str | PathLike[str] | bool | None,
    *,
    failed: str | PathLike[str] | None = None,
    save: str | PathLike[str] | None = None,
) -> Path | None:
    """Where the job file is: as named, else beside the first output that is a file, or the folder of bodies.

    None for no job.

    Raises:
        ConfigError: No job can be there, or it would be the same file as an output or the list of failures.
    """
    path = _job_path(outputs, job, save)
    for other in (*outputs, failed):
        if path is not None and isinstance(other, str | PathLike) and path.resolve() == Path(other).resolve():
            raise ConfigError(f"{str(other)!r} is the job file as well; give one of them another name")
    return path


def _job_path(
    outputs: Sequence[Output], job: str | PathLike[str] | bool | None, save: str | PathLike[str] | None
) -> Path | None:
    if job is False:
        return None
    if job is not None and job is not True:
        path = Path(job)
        if path.is_dir():
            raise ConfigError(f"job {str(path)!r} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise ConfigError(f"job {str(path)!r}: there is no folder {str(path.parent)!r}")
        return path
    for output in outputs:
        if isinstance(output, str | PathLike):
            file = Path(output)
            if file.exists() and not file.is_file():
                continue  # a pipe or a device keeps nothing that could be cut back
            return file.with_name(file.name + ".job")
    if save is not None:
        folder = Path(save) if Path(save).name else Path(save).absolute()
        return folder.with_name(folder.name + ".job")
    if job is True:
        raise ConfigError("a job lies beside an output that is a file; give one, or name the job: job=PATH")
    return None


def index_of(save: str | PathLike[str], outputs: Sequence[Output]) -> Path:
    """The index of a folder of bodies, by which its positions are known.

    Raises:
        ConfigError: There can be no such folder, or its index is an output as well.
    """
    folder = Path(save)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"save {str(save)!r} is a file; name a folder, which is made if it is not there")
    if not folder.absolute().parent.is_dir():
        raise ConfigError(f"save {str(save)!r}: there is no folder {str(folder.parent)!r}")
    index = folder / INDEX
    for other in outputs:
        if isinstance(other, str | PathLike) and index.resolve() == Path(other).resolve():
            raise ConfigError(
                f"output {str(other)!r} is the index of save {str(save)!r} as well; give it another name"
            )
    return index


def files_of(outputs: Sequence[Output], job: Path) -> dict[str, Path]:
    """The outputs that are files, by the name that a job keeps their positions under."""
    return {in_job(str(each), job): Path(each) for each in outputs if isinstance(each, str | PathLike)}


def in_job(name: str, job: Path) -> str:
    """An output's path as seen from its job's folder, so that both may be moved, or named from elsewhere."""
    try:
        return relpath(name, job.parent)
    except ValueError:  # another drive, on Windows
        return str(Path(name).resolve())


def opened(
    stores: Mapping[str, tuple[Store, Output]], start: Start | None, job: "Job | None", stack: ExitStack
) -> dict[str, Store]:
    """Open every store where it begins or goes on; all are checked before the first is touched."""
    begins: dict[str, tuple[Store, Position | Start]] = {}
    for name, (store, output) in stores.items():
        if job is None:
            begins[name] = store, start_of(output, start)
        else:
            known = in_job(name, job.path) if isinstance(output, str | PathLike) else name
            begins[known] = store, job.at(known)
    for store, begin in begins.values():
        store.open(begin)
        stack.callback(store.close)
    return {name: store for name, (store, _) in begins.items()}


def folder_store(
    index: Path | None, start: Start | None, job: "Job | None", stack: ExitStack
) -> tuple[str, Store] | None:
    """Open the folder of bodies, if one is wanted; its name, by which a job keeps its position, and the store."""
    if index is None:
        return None
    from .stores.folder import FolderStore  # noqa: PLC0415  only when it is asked for

    if job is None:
        name, begin = str(index), start_of(index, start)
    else:
        name = in_job(str(index), job.path)
        begin = job.at(name)
    try:
        index.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make {index.parent}: {error.strerror or error}") from error
    store = FolderStore(index)
    store.open(begin)
    stack.callback(store.close)
    return name, store


def failed_file(
    path: str | PathLike[str] | None,
    start: Start | None,
    job: "Job | None",
    stack: ExitStack,
) -> FailedFile | None:
    """Open the list of failures, if one is wanted; it goes on with the job like an output."""
    if path is None:
        return None
    if job is None:
        failed = FailedFile(path)
        failed.open(Start.FRESH if start is None else start)
    else:
        failed = FailedFile(path, f"failed:{in_job(os.fspath(path), job.path)}")
        failed.open(job.at(failed.name))
    stack.callback(failed.close)
    return failed
