"""JSON on the wire: RFC 8785 out, strict JSON in (federation.md, Encodings).

Out: `dump` gives the one canonical spelling. In: `load` refuses what two readers could understand differently:
duplicate names, NaN and infinities, floats, integers of 2^53 or more, more than sixteen levels of nesting, text that
is not UTF-8, lone surrogates, a byte order mark. U+0000 in a string is refused too, since PostgreSQL cannot hold it.

    {"b":1,"a":"便民"}  →  {"a":"便民","b":1}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import rfc8785

from federation.errors import CanonicalError

DEPTH = 16
"""Levels of arrays and objects, the outermost counted."""
INTEGER_LIMIT = 2**53
_NUL = "\x00"


def dump(value: Any) -> bytes:
    """The RFC 8785 form of a value made of str, bool, None, int below 2^53, list, tuple and dict with str keys.

    Raises:
        CanonicalError: a value has no such form (a float, a large integer, a lone surrogate, another type).
    """
    _refuse_floats(value, 1)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, TypeError) as error:
        raise CanonicalError(f"no canonical form: {error}") from error


def _refuse_floats(value: Any, depth: int) -> None:
    if isinstance(value, float):
        raise CanonicalError("floats have no place on the wire")
    if isinstance(value, Mapping):
        children: Any = value.values()
    elif isinstance(value, list | tuple):
        children = value
    else:
        return
    if depth > DEPTH:
        raise CanonicalError(f"nested deeper than {DEPTH} levels")
    for child in children:
        _refuse_floats(child, depth + 1)


def load(data: bytes) -> Any:
    """A value from strict JSON.

    Raises:
        CanonicalError: it is not; see the module's docstring for what is refused.
    """
    _check_depth(data)
    try:
        text = data.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_object, parse_float=_refuse, parse_constant=_refuse, parse_int=_integer
        )
    except CanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise CanonicalError(f"not JSON: {error}") from error
    if "\\u" in text or _NUL in text:
        _check_text(value)
    return value


def load_object(data: bytes) -> dict[str, Any]:
    """Like `load`, for an object.

    Raises:
        CanonicalError: it is no strict JSON, or no object.
    """
    value = load(data)
    if not isinstance(value, dict):
        raise CanonicalError("not a JSON object")
    return value


def is_canonical(data: bytes) -> bool:
    """Whether the bytes are the RFC 8785 form of what they say."""
    try:
        return dump(load(data)) == data
    except CanonicalError:
        return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise CanonicalError("an object names a member twice")
    return result


def _refuse(text: str) -> NoReturn:
    raise CanonicalError(f"not an integer: {text[:40]}")


def _integer(text: str) -> int:
    digits = text.lstrip("-")
    if len(digits) > 16 or (value := int(text)) >= INTEGER_LIMIT or value <= -INTEGER_LIMIT:
        raise CanonicalError(f"an integer of 2^53 or more: {text[:40]}")
    return value


def _check_text(value: Any) -> None:
    """Refuse lone surrogates and U+0000, which only escapes (or a raw control) can bring in."""
    if isinstance(value, str):
        if _NUL in value:
            raise CanonicalError("U+0000 in a string")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise CanonicalError("a lone surrogate in a string") from error
    elif isinstance(value, dict):
        for name, child in value.items():
            _check_text(name)
            _check_text(child)
    elif isinstance(value, list):
        for child in value:
            _check_text(child)


def _check_depth(data: bytes) -> None:
    """Count brackets outside strings; done before parsing, so that nesting costs nothing."""
    depth, inside, escaped = 0, False, False
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return
    for byte in data:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            if depth > DEPTH:
                raise CanonicalError(f"nested deeper than {DEPTH} levels")
        elif byte in (0x5D, 0x7D):
            depth -= 1
