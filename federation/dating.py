"""Whether a key was good when it signed, and how that is known (federation.md §3 Dating, Revocation).

A signer's own times prove nothing. What a key signed is dated by the earliest receipt or cosignature over it that comes
from a party which is not itself revoked; where there is none, by its arrival here. A key was good at that instant when
it had been stated by then, had not been replaced (a replaced one stays good for 30 days), and was not revoked yet. So
what was receipted before a revocation stands, even if it is relayed later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from federation.errors import TrustError
from federation.names import parse_node_name
from federation.ports import MemberKey

KeyVerdict = Literal["good", "not-yet", "replaced", "revoked"]

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_KID_LENGTH = 43  # characters of base64url of a SHA-256


class RevocationError(TrustError):
    """The data of a `membership.revoked.v1` is malformed."""

    code = "revocation"


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A receipt or cosignature over what is to be dated, itself verified.

    Attributes:
        at: its time, aware.
        kid: thumbprint of the receipt or witness key that made it.
    """

    at: datetime
    kid: str


def judged_at(
    arrived_at: datetime, witnessed: Sequence[Witnessed], is_revoked: Callable[[str], bool]
) -> datetime:
    """The instant at which the keys of a signed thing are judged.

    Args:
        arrived_at: when it came here.
        witnessed: receipts and cosignatures over it.
        is_revoked: whether a witnessing key is revoked by now, whenever that was: a stolen key can date back.

    Returns:
        The earliest time of a party that is not revoked; never later than the arrival.
    """
    times = [entry.at for entry in witnessed if not is_revoked(entry.kid)]
    return min([arrived_at, *times])


def judge_key(record: MemberKey, at: datetime) -> KeyVerdict:
    """Judge one key of the history at an instant: good in [since, until), and before its revocation.

    Revocation is named first, since it is final; then replacement.
    """
    if record.revoked_at is not None and at >= record.revoked_at:
        return "revoked"
    if at < record.since:
        return "not-yet"
    if record.until is not None and at >= record.until:
        return "replaced"
    return "good"


def good_records(records: Sequence[MemberKey], at: datetime) -> list[MemberKey]:
    """The keys of a history that were good at an instant, newest first."""
    good = [record for record in records if judge_key(record, at) == "good"]
    return sorted(good, key=lambda record: record.since, reverse=True)


@dataclass(frozen=True, slots=True)
class Revocation:
    """The data of `membership.revoked.v1`.

    Attributes:
        sub: node name of the revoked.
        kids: thumbprints, final for each of them.
        until: to which instant they were good; whole seconds.
        reason: for people.
    """

    sub: str
    kids: tuple[str, ...]
    until: datetime
    reason: str

    def to_data(self) -> dict[str, object]:
        """The event's `data`."""
        until = self.until.astimezone(UTC).replace(microsecond=0).strftime(_TIME)
        return {"sub": self.sub, "kids": list(self.kids), "until": until, "reason": self.reason}


def parse_revocation(data: Mapping[str, object]) -> Revocation:
    """Read the data of `membership.revoked.v1`; members it does not know are ignored.

    Raises:
        TrustError: a member is missing or malformed.
    """
    sub, kids, until, reason = (data.get(name) for name in ("sub", "kids", "until", "reason"))
    if not isinstance(sub, str) or not isinstance(until, str) or not isinstance(reason, str):
        raise RevocationError("sub, until and reason must be text")
    if not isinstance(kids, list) or len(kids) == 0:
        raise RevocationError("kids must name at least one thumbprint")
    texts = tuple(kid for kid in kids if isinstance(kid, str) and len(kid) == _KID_LENGTH)
    if len(texts) != len(kids):
        raise RevocationError("kids must be thumbprints")
    parse_node_name(sub)
    return Revocation(sub, texts, parse_instant(until), reason)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 time in UTC (`Z`), with or without a fraction.

    Raises:
        RevocationError: it is none.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise RevocationError("not an RFC 3339 time") from error
    if not text.endswith("Z") or "T" not in text or instant.utcoffset() != timedelta(0):
        raise RevocationError("not an RFC 3339 time in UTC")
    return instant
