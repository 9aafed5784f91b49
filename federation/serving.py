"""What every endpoint is given, and how it reads fields and queries (federation.md §4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from federation.canonical import INTEGER_LIMIT
from federation.errors import ProtocolError
from federation.gate import Arrival, Caller, Gate, unpack_content
from federation.keys import Identity
from federation.ports import Limits, LogState, Tx
from federation.sigbase import single_value
from federation.writer import Imported, nothing_imported

_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request inside its transaction.

    An endpoint judges first and writes last: what it raises as a refusal is committed with the spent nonce, so nothing
    may have been written by then but evidence and alerts.

    Attributes:
        imported: told of own lines that the caller gave back.
        up: the caller's `up` log by "open", once it was read; whoever stores it anew puts it here.
    """

    tx: Tx
    identity: Identity
    arrival: Arrival
    caller: Caller
    gate: Gate
    limits: Limits
    now: datetime
    imported: Imported = nothing_imported
    up: dict[str, LogState] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The caller's node code."""
        return self.caller.member.code

    @property
    def name(self) -> str:
        """The caller's node name."""
        return f"{self.identity.network}/{self.code}"

    def header(self, name: str) -> str | None:
        """The one value of a field."""
        return single_value(self.arrival.request, name)

    def number_field(self, name: str) -> int:
        """A field that is a count.

        Raises:
            ProtocolError: `malformed` when it is missing or none.
        """
        value = self.header(name)
        if value is None:
            raise ProtocolError("malformed", 400, f"{name} is missing")
        return parse_count(value, name)

    def content(self) -> bytes:
        """The content, unpacked."""
        return unpack_content(self.arrival.request, self.limits.batch_bytes)

    def check_media(self, wanted: str) -> None:
        """Refuse content of another type; parameters are no matter.

        Raises:
            ProtocolError: `media-type`.
        """
        value = self.header("content-type")
        if len(self.arrival.request.body) > 0 and _media(value) != wanted:
            raise ProtocolError("media-type", 415, f"content must be {wanted}")

    def query(self, allowed: frozenset[str]) -> Mapping[str, int]:
        """The query's counts by name.

        Raises:
            ProtocolError: `malformed` for another name, a name twice, or what is no count.
        """
        return parse_query(self.arrival.request.query, allowed)


def _media(value: str | None) -> str:
    return "" if value is None else value.partition(";")[0].strip(" \t").lower()


def parse_count(text: str, what: str) -> int:
    """A count in ASCII decimal without leading zeros, below 2^53.

    Raises:
        ProtocolError: `malformed`.
    """
    if _NUMBER.fullmatch(text) is None or int(text) >= INTEGER_LIMIT:
        raise ProtocolError("malformed", 400, f"{what} must be a count")
    return int(text)


def parse_query(query: str, allowed: frozenset[str]) -> dict[str, int]:
    """Read `a=1&b=2`; "" is empty.

    Raises:
        ProtocolError: `malformed`.
    """
    found: dict[str, int] = {}
    for part in query.split("&") if query != "" else []:
        name, equals, value = part.partition("=")
        if equals == "" or name not in allowed or name in found:
            raise ProtocolError("malformed", 400, f"the query may have {', '.join(sorted(allowed))}")
        found[name] = parse_count(value, name)
    return found


def wire_time(instant: datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
