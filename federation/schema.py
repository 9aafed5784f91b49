"""Checks data against the JSON Schemas in `schemas/`, quickly (federation.md §8; draft 2020-12).

Each file is compiled once into nested functions. Only the keywords that the files use are known; a file with another
one does not load, so nothing is ever silently unchecked:

    type  enum  const  pattern  minLength  maxLength  minimum  maximum
    properties  required  items  minItems  maxItems  $ref (to #/$defs/…)

What a schema does not name may be added (§8). As in JSON Schema, a keyword for another kind of value does not apply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from federation.errors import FederationError

__all__ = ["SchemaError", "check", "compile_schema", "has_schema", "schema_document", "schema_names"]

Check = Callable[[Any, str], None]
"""(value, where it stands) → None, or SchemaError."""

_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "$comment"})
_FOLDER = "schemas"
_SUFFIX = ".json"
_REF = "#/$defs/"


class SchemaError(FederationError):
    """Data does not have the form its type asks for."""

    code = "schema"


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def _check_type(names: Any) -> Check:
    kinds = [_KINDS[name] for name in ([names] if isinstance(names, str) else names)]

    def check_type(value: Any, where: str) -> None:
        if not any(is_kind(value) for is_kind in kinds):
            raise SchemaError(f"{where} is not of type {names}")

    return check_type


def _check_enum(allowed: list[Any]) -> Check:
    def check_enum(value: Any, where: str) -> None:
        if not any(type(value) is type(entry) and value == entry for entry in allowed):
            raise SchemaError(f"{where} is none of the values it may have")

    return check_enum


def _check_pattern(pattern: str) -> Check:
    # `$` is the very end of the text in JSON Schema (ECMA-262), but may stand before a newline in Python.
    matches = re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern).search

    def check_pattern(value: Any, where: str) -> None:
        if isinstance(value, str) and matches(value) is None:
            raise SchemaError(f"{where} is not spelled as it must be")

    return check_pattern


def _check_size(kind: type, least: int | None, most: int | None) -> Check:
    def check_size(value: Any, where: str) -> None:
        if not isinstance(value, kind):
            return
        size = len(value)  # type: ignore[arg-type]  # str or list
        if (least is not None and size < least) or (most is not None and size > most):
            raise SchemaError(f"{where} is too short or too long")

    return check_size


def _check_range(least: int | None, most: int | None) -> Check:
    def check_range(value: Any, where: str) -> None:
        if _is_integer(value) and (
            (least is not None and value < least) or (most is not None and value > most)
        ):
            raise SchemaError(f"{where} is too small or too large")

    return check_range


def _check_object(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Check:
    required: list[str] = schema.get("required", [])
    members = {name: _compile(entry, defs) for name, entry in schema.get("properties", {}).items()}

    def check_object(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            return
        for name in required:
            if name not in value:
                raise SchemaError(f"{where}.{name} is missing")
        for name, check_member in members.items():
            if name in value:
                check_member(value[name], f"{where}.{name}")

    return check_object


def _check_items(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Check:
    check_item = _compile(schema, defs)

    def check_items(value: Any, where: str) -> None:
        if isinstance(value, list):
            inside = f"{where}[]"
            for entry in value:
                check_item(entry, inside)

    return check_items


def _compile(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Check:
    keywords = set(schema) - _ANNOTATIONS
    if keywords == {"$ref"}:
        return _compile(defs[str(schema["$ref"]).removeprefix(_REF)], defs)
    checks: list[Check] = []
    if "type" in keywords:
        checks.append(_check_type(schema["type"]))
    if "const" in keywords:
        checks.append(_check_enum([schema["const"]]))
    if "enum" in keywords:
        checks.append(_check_enum(schema["enum"]))
    if "pattern" in keywords:
        checks.append(_check_pattern(schema["pattern"]))
    if keywords & {"minLength", "maxLength"}:
        checks.append(_check_size(str, schema.get("minLength"), schema.get("maxLength")))
    if keywords & {"minimum", "maximum"}:
        checks.append(_check_range(schema.get("minimum"), schema.get("maximum")))
    if keywords & {"minItems", "maxItems"}:
        checks.append(_check_size(list, schema.get("minItems"), schema.get("maxItems")))
    if keywords & {"properties", "required"}:
        checks.append(_check_object(schema, defs))
    if "items" in keywords:
        checks.append(_check_items(schema["items"], defs))
    foreign = keywords - _KNOWN
    if foreign:
        raise AssertionError(f"keywords this checker does not know: {sorted(foreign)}")
    return _all_of(checks)


_KNOWN = frozenset(
    {"type", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum"}
    | {"properties", "required", "items", "minItems", "maxItems"}
)


def _all_of(checks: list[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]

    def check_all(value: Any, where: str) -> None:
        for check_one in checks:
            check_one(value, where)

    return check_all


def compile_schema(document: Mapping[str, Any]) -> Check:
    """The check of one schema document.

    Raises:
        AssertionError: it uses a keyword that this module does not know.
    """
    return _compile(document, document.get("$defs", {}))


@cache
def schema_names() -> frozenset[str]:
    """What there are schemas of: event types, and `fact.v1`."""
    files = resources.files("federation").joinpath(_FOLDER).iterdir()
    return frozenset(file.name.removesuffix(_SUFFIX) for file in files if file.name.endswith(_SUFFIX))


def has_schema(name: str) -> bool:
    """Whether there is a schema of that name."""
    return name in schema_names()


def schema_document(name: str) -> dict[str, Any]:
    """The schema itself, as it is published.

    Raises:
        KeyError: there is none of that name.
    """
    if not has_schema(name):
        raise KeyError(name)
    text = resources.files("federation").joinpath(_FOLDER, name + _SUFFIX).read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def _check_of(name: str) -> Check:
    return compile_schema(schema_document(name))


def check(name: str, data: Any) -> None:
    """Check data against a schema by name; what has no schema has no form.

    Raises:
        SchemaError: the data does not fit; the message names where, never the value.
    """
    if has_schema(name):
        _check_of(name)(data, "data")
