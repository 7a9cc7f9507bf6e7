"""A JSON Schema of crawlpool.toml, made of the declarations of the knobs."""

from dataclasses import fields
from typing import Any

from ..crawlfile import TABLE
from ..settings import Knob, Settings, knobs
from ..settings.own import OWN
from ..units import read_bytes, read_count, read_number, read_range, read_seconds
from .flags import crawl_parser

_TEXTS = {"type": "array", "items": {"type": "string"}}
_KINDS: dict[str, dict[str, Any]] = {
    "sources": {"anyOf": [{"type": "string"}, _TEXTS]},
    "files": {"anyOf": [{"type": "string"}, _TEXTS]},
    "switch": {"type": "boolean"},
    "count": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "boolean"}]},
}
_SEEDS = "URLs, and files of URLs; names of files are seen from this file's folder."


def schema() -> dict[str, Any]:
    """The schema, as plain values (JSON Schema, draft 7, which editors for TOML read)."""
    settings = {
        field.name: _of_knob(knob, field.default)
        for field, knob in ((field, knobs()[field.name]) for field in fields(Settings))
    }
    said = {action.dest: str(action.help) for action in crawl_parser()._actions}  # noqa: SLF001  argparse has no other way
    own = {
        name: {
            **_KINDS.get(kind, {"type": "string"}),
            "description": said.get(name, _SEEDS).replace("%%", "%"),
        }
        for name, kind in OWN.items()
    }
    crawl = {
        "type": "object",
        "description": "What is crawled, and where it goes.",
        "properties": {**own, **settings},
        "additionalProperties": False,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Settings of crawlpool, or a crawl that is kept as a file",
        "type": "object",
        "properties": {**settings, TABLE: crawl},
        "additionalProperties": False,
    }


def _of_knob(knob: Knob, default: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"description": knob.help}
    if isinstance(default, bool | int | float | str):
        said["default"] = default
    return {**_type_of(knob, default), **said}


def _type_of(knob: Knob, default: Any) -> dict[str, Any]:
    if isinstance(default, bool):
        return {"type": "boolean"}
    if knob.choices:
        return {"enum": list(knob.choices)}
    if knob.repeats:
        return {"anyOf": [{"type": "string"}, _list_of(knob), {"type": "object"}]}
    bounds = {"minimum": knob.least, "maximum": knob.most}
    whole = {"type": "integer", **{name: n for name, n in bounds.items() if n is not None}}
    number = {**whole, "type": "number"}
    if knob.read is read_count:
        return whole
    if knob.read is read_number:
        return number
    if knob.read is read_seconds:
        return {"anyOf": [number, {"type": "string"}]}
    if knob.read is read_bytes:
        return {"anyOf": [whole, {"type": "string"}]}
    if knob.read is read_range:
        pair = {"type": "array", "items": whole, "minItems": 2, "maxItems": 2}
        return {"anyOf": [whole, {"type": "string"}, pair]}
    return {}  # a text, or a date; some take a switch as well


def _list_of(knob: Knob) -> dict[str, Any]:
    return _TEXTS if knob.fit is None else {"type": "array"}
