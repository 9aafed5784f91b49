"""An entry: one line of a log (federation.md §5).

An entry is one JSON object in UTF-8, in RFC 8785 form when it is written, with exactly these members:

    data         object; its members by type, see `federation.events` and the schemas
    destination  node code of twelve digits; `*` on a `down` log: everyone below
    id           random UUID v4, lower case
    seq          counts the entries of this log with this destination and subject, from 1; absent in `relay.v1`
    source       node name of the log's owner
    specversion  "1.0"
    subject      the case's random UUID, or another key; 1 to 256 characters
    time         RFC 3339, UTC
    type         lower-case words joined by dots, ending in `.v` and a number

    {"data":{"n":1},"destination":"320623101000","id":"6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a11","seq":1,
     "source":"nantong.example/320623101001","specversion":"1.0","subject":"s","time":"2026-11-24T06:30:00Z",
     "type":"case.status.v1"}            (one line, without the breaks)

A receiver hashes the bytes it got and never writes them anew. Canonical form is the writer's duty and not judged;
what two readers could understand differently is refused, see `federation.canonical`.

Reasons why an entry is set aside (`entry.refused.v1`): `json`, `attribute`, `source`, `length`, `schema`, `sender`,
`relay`, `seal-key`. This module gives the first four.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from federation import canonical
from federation.dating import RevocationError, parse_instant
from federation.errors import CanonicalError, FederationError
from federation.names import WireNameError, is_code, parse_node_name
from federation.records import Limits

__all__ = ["EVERYONE", "RELAY", "Entry", "EntryError", "RefusalReason", "parse_entry", "write_entry"]

SPECVERSION = "1.0"
EVERYONE = "*"
RELAY = "relay.v1"

RefusalReason = Literal["json", "attribute", "source", "length", "schema", "sender", "relay", "seal-key"]

SUBJECT_LENGTH = 256  # characters
TYPE_LENGTH = 64  # characters

_LIMITS = Limits()
_MEMBERS = frozenset({"data", "destination", "id", "source", "specversion", "subject", "time", "type"})
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TYPE = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*\.v[1-9][0-9]{0,3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONG_NUMBER = re.compile(rb"[0-9]{16}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z")
_FRACTION = re.compile(r"\.[0-9]+")


class EntryError(FederationError):
    """An entry may not be written, or is set aside where it was received.

    Attributes:
        reason: as `entry.refused.v1` names it.
        subject: of the entry, where it could be read; "" where not.
        seq: of the entry, where it could be read; 0 where not.
        type: of the entry, where it could be read; "" where not.
    """

    code = "entry"

    def __init__(
        self, reason: RefusalReason, detail: str, *, subject: str = "", seq: int = 0, type: str = ""
    ) -> None:
        super().__init__(detail, code=reason)
        self.reason: RefusalReason = reason
        self.subject = subject
        self.seq = seq
        self.type = type


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, read strictly.

    Attributes:
        seq: None in `relay.v1` only.
        line: the exact bytes it was read from.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    destination: str
    seq: int | None
    data: dict[str, Any]
    line: bytes

    @property
    def source_code(self) -> str:
        """Node code of the log's owner."""
        return parse_node_name(self.source)[1]


def _refuse_float(text: str) -> float:
    raise ValueError(text)


_decode = msgspec.json.Decoder(float_hook=_refuse_float).decode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


def load_object(line: bytes) -> dict[str, Any]:
    """A JSON object, read as strictly as `canonical.load_object` reads it.

    A line that is already in canonical form, the usual case, is known to be so by writing it again: then no member
    can be named twice. What is in doubt (escapes, numbers of sixteen digits, another spelling) is read the slow way.

    Raises:
        CanonicalError: it is no strict JSON, or no object.
    """
    if b"\\" not in line and _LONG_NUMBER.search(line) is None:
        try:
            value = _decode(line)
            is_plain = _encode_sorted(value) == line
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
            is_plain = False
        if is_plain and isinstance(value, dict) and _depth(value) <= canonical.DEPTH:
            return value
    return canonical.load_object(line)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(child) for child in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(child) for child in value), default=0)
    return 0


def parse_entry(line: bytes, limits: Limits = _LIMITS) -> Entry:
    """Read one line of a log. Whether `source` owns the log is the caller's check.

    Raises:
        EntryError: reason `length`, `json`, `attribute` or `source`, checked in this order, but for the length of an
            origin's own entry, which is judged last.
    """
    if len(line) > limits.any_entry_bytes:
        raise EntryError("length", f"{len(line)} bytes; a line has at most {limits.any_entry_bytes}")
    try:
        members = load_object(line)
    except CanonicalError as error:
        raise EntryError("json", error.detail) from error
    entry = _read(members, line)
    if entry.type != RELAY and len(line) > limits.own_entry_bytes:
        raise EntryError(
            "length",
            f"{len(line)} bytes; an origin's own entry has at most {limits.own_entry_bytes}",
            subject=entry.subject,
            seq=entry.seq or 0,
            type=entry.type,
        )
    return entry


def _read(members: Mapping[str, Any], line: bytes) -> Entry:
    fault = _fault(members)
    if fault is not None:
        raise _refused("attribute", fault, members)
    try:
        parse_node_name(members["source"])
    except WireNameError as error:
        raise _refused("source", error.detail, members) from error
    return Entry(
        id=members["id"],
        source=members["source"],
        type=members["type"],
        subject=members["subject"],
        time=members["time"],
        destination=members["destination"],
        seq=members.get("seq"),
        data=members["data"],
        line=line,
    )


def _refused(reason: RefusalReason, detail: str, members: Mapping[str, Any]) -> EntryError:
    """The error, with as much of the entry as can be read."""
    subject, seq, type_ = members.get("subject"), members.get("seq"), members.get("type")
    return EntryError(
        reason,
        detail,
        subject=subject if isinstance(subject, str) and len(subject) <= SUBJECT_LENGTH else "",
        seq=seq if type(seq) is int and seq > 0 else 0,
        type=type_ if isinstance(type_, str) and len(type_) <= TYPE_LENGTH else "",
    )


def _fault(members: Mapping[str, Any]) -> str | None:
    """What is wrong with the members of an entry; None when nothing is."""
    names = members.keys() - {"seq"}
    if names != _MEMBERS:
        return f"an entry has exactly the members of §5; wrong: {sorted(names ^ _MEMBERS)[:5]}"
    texts = {name: members[name] for name in _MEMBERS if name != "data"}
    odd = next((name for name, value in texts.items() if not isinstance(value, str)), None)
    if odd is not None or not isinstance(members["data"], dict):
        return f"{odd or 'data'} is of another kind"
    if texts["specversion"] != SPECVERSION:
        return "specversion must be 1.0"
    if _ID.fullmatch(texts["id"]) is None:
        return "id must be a UUID v4 in lower case"
    if len(texts["type"]) > TYPE_LENGTH or _TYPE.fullmatch(texts["type"]) is None:
        return "type must be words joined by dots, ending in .v and a number"
    subject = texts["subject"]
    if not 0 < len(subject) <= SUBJECT_LENGTH or _CONTROL.search(subject) is not None:
        return f"subject must have 1 to {SUBJECT_LENGTH} characters, no control among them"
    if not is_instant(texts["time"]):
        return "time must be RFC 3339 in UTC"
    if texts["destination"] != EVERYONE and not is_code(texts["destination"]):
        return "destination must be a node code of 12 digits, or *"
    return _seq_fault(texts["type"], members)


def _seq_fault(type_: str, members: Mapping[str, Any]) -> str | None:
    if type_ == RELAY:
        return "relay.v1 has no seq" if "seq" in members else None
    seq = members.get("seq")
    if type(seq) is not int or seq < 1:
        return "seq must count from 1"
    return None


def is_instant(text: str) -> bool:
    """Whether a text is an RFC 3339 time in UTC, with at most nine digits of fraction, of a day that exists."""
    if _TIME.fullmatch(text) is None:
        return False
    try:
        parse_instant(_FRACTION.sub("", text))
    except RevocationError:
        return False
    return True


def write_entry(
    *,
    id: str,
    source: str,
    type: str,
    subject: str,
    time: str,
    destination: str,
    seq: int | None,
    data: bytes | Mapping[str, Any],
    limits: Limits = _LIMITS,
) -> bytes:
    """The line of an entry in RFC 8785 form, read back before it is given out.

    Args:
        id: UUID v4; kept when an entry is written again in another epoch.
        source: node name of the log's owner.
        seq: None for `relay.v1`.
        data: the object, or its RFC 8785 form.

    Raises:
        EntryError: the line would be refused where it goes; the reason says why.
        CanonicalError: the data has no RFC 8785 form.
    """
    content = data if isinstance(data, bytes) else canonical.dump(data)
    text = canonical.dump
    parts = [
        b'{"data":' + content,
        b'"destination":' + text(destination),
        b'"id":' + text(id),
        *([] if seq is None else [b'"seq":' + text(seq)]),
        b'"source":' + text(source),
        b'"specversion":"1.0"',
        b'"subject":' + text(subject),
        b'"time":' + text(time),
        b'"type":' + text(type) + b"}",
    ]
    line = b",".join(parts)
    parse_entry(line, limits)
    return line
