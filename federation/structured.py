"""Structured field values for HTTP (RFC 8941 §3–§4): reading a Dictionary, writing an Inner List.

Only what `httpsig` needs: dictionaries whose members are items or inner lists of items, all bare item types.
Strings, tokens and byte sequences are told apart by type (`str`, `Token`, `bytes`). Beyond the RFC, which lets the
last of two equal keys win, a key or parameter named twice is an error: no two readers may see different values.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from federation.errors import FederationError

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER = re.compile(r"-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15})(?![0-9.])")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN = re.compile(r"\?([01])")
_SPACES = re.compile(r" *")
_OWS = re.compile(r"[ \t]*")
_ESCAPED = re.compile(r"\\(.)")


class FieldSyntaxError(FederationError):
    """A field value is not the structured field it should be."""

    code = "malformed"


class Token(str):
    """A token, as opposed to a quoted string."""

    __slots__ = ()


BareItem = str | Token | bytes | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class Item:
    """One item with its parameters, in the order written."""

    value: BareItem
    params: Mapping[str, BareItem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InnerList:
    """Items in parentheses, with the parameters of the list, in the order written."""

    items: tuple[Item, ...]
    params: Mapping[str, BareItem] = field(default_factory=dict)


class _Reader:
    """A cursor over one field value. Each method reads one production of RFC 8941 §4.2."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self, character: str) -> bool:
        if self.peek() != character:
            return False
        self.at += 1
        return True

    def key(self) -> str:
        found = self.take(_KEY)
        if found is None:
            raise FieldSyntaxError(f"a key is expected at {self.at}")
        return found.group()

    def bare(self) -> BareItem:
        first = self.peek()
        if first == '"':
            found = self.take(_STRING)
            if found is not None:
                return _ESCAPED.sub(r"\1", found.group(1))
        elif first == ":":
            found = self.take(_BYTES)
            if found is not None:
                return _decode(found.group(1))
        elif first == "?":
            found = self.take(_BOOLEAN)
            if found is not None:
                return found.group(1) == "1"
        elif first == "-" or first.isdigit():
            found = self.take(_NUMBER)
            if found is not None:
                return Decimal(found.group()) if "." in found.group() else int(found.group())
        else:
            found = self.take(_TOKEN)
            if found is not None:
                return Token(found.group())
        raise FieldSyntaxError(f"an item is expected at {self.at}")

    def params(self) -> dict[str, BareItem]:
        found: dict[str, BareItem] = {}
        while self.skip(";"):
            self.take(_SPACES)
            key = self.key()
            if key in found:
                raise FieldSyntaxError(f"parameter {key} is named twice")
            found[key] = self.bare() if self.skip("=") else True
        return found

    def item(self) -> Item:
        value = self.bare()
        return Item(value, self.params())

    def member(self) -> Item | InnerList:
        if not self.skip("("):
            return self.item()
        items: list[Item] = []
        while True:
            self.take(_SPACES)
            if self.skip(")"):
                return InnerList(tuple(items), self.params())
            items.append(self.item())
            if self.peek() not in (" ", ")"):
                raise FieldSyntaxError(f"a space or ) is expected at {self.at}")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise FieldSyntaxError("a byte sequence is not base64") from error


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """Read a Dictionary (RFC 8941 §4.2.2); an empty text is an empty one.

    Raises:
        FieldSyntaxError: it is none, or names a key or parameter twice.
    """
    reader = _Reader(text.strip(" "))
    members: dict[str, Item | InnerList] = {}
    while reader.at < len(reader.text):
        key = reader.key()
        if key in members:
            raise FieldSyntaxError(f"{key} is named twice")
        members[key] = reader.member() if reader.skip("=") else Item(True, reader.params())
        reader.take(_OWS)
        if reader.at == len(reader.text):
            return members
        if not reader.skip(","):
            raise FieldSyntaxError(f"a comma is expected at {reader.at}")
        reader.take(_OWS)
        if reader.at == len(reader.text):
            raise FieldSyntaxError("a trailing comma")
    return members


def format_bare(value: BareItem) -> str:
    """Write a bare item (RFC 8941 §4.1.3.1); decimals are not written here.

    Raises:
        FieldSyntaxError: a string with characters outside ASCII, or a decimal.
    """
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode('ascii')}:"
    if isinstance(value, Token):
        return str(value)
    if isinstance(value, str) and value.isascii() and (value.isprintable() or value == ""):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    raise FieldSyntaxError(f"cannot be written: {value!r}")


def _format_params(params: Mapping[str, BareItem]) -> str:
    return "".join(
        f";{key}" if value is True else f";{key}={format_bare(value)}" for key, value in params.items()
    )


def format_inner_list(value: InnerList) -> str:
    """Write an inner list with its parameters (RFC 8941 §4.1.1.1), items and parameters in their order."""
    items = " ".join(format_bare(item.value) + _format_params(item.params) for item in value.items)
    return f"({items}){_format_params(value.params)}"
