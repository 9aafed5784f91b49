"""Who may come in: every check of a signed request before its content is looked at (federation.md §4).

Order: known `keyid` (before the body is read; a revoked key is a known one), length cap, digest, signature, freshness,
nonce (POST and PATCH, spent once the signature verified), revoked, expired, audience. The path and the content are the
endpoint's. What needs the store twice is asked once: a key once known stays known for ever, so it is remembered.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime

from federation.errors import ProtocolError
from federation.httpsig import (
    LABEL_NEW,
    SignedHead,
    VerifiedRequest,
    check_audience,
    check_digest,
    check_freshness,
    check_signature,
    declared_length,
    nonce_until,
    read_head,
)
from federation.keys import Identity, PublicKey, public_from_jwk
from federation.ports import Alert, Database, Limits, Member, MemberKey, Request, Tx
from federation.sigbase import refuse, single_value
from federation.statements import currency, read_statement

NONCE_METHODS = frozenset({"POST", "PATCH"})
SMALL_BODY = 16_384  # bytes; where nothing larger has a meaning


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A node key this node knows; whether it is still good is asked later."""

    code: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request whose signature held and is fresh; who sent it may still be refused."""

    request: Request
    head: SignedHead
    known: KnownKey
    verified: VerifiedRequest


@dataclass(frozen=True, slots=True)
class Caller:
    """A node that may speak: its nonce is spent, its key and statement are good, it spoke to this node.

    Attributes:
        member: what is known of it.
        keys: its node keys that are good now, newest first.
    """

    member: Member
    keys: tuple[PublicKey, ...]


def is_good(record: MemberKey, now: datetime) -> bool:
    """Whether a key may sign now: not revoked, not replaced. The clock may have been set back: `since` is no matter."""
    return record.revoked_at is None and (record.until is None or now < record.until)


def check_length(request: Request, limit: int) -> None:
    """Refuse a body longer than `limit`, by what it announces; works before the body is read.

    Raises:
        ProtocolError: `length`, `malformed`, `too-large`.
    """
    if max(declared_length(request), len(request.body)) > limit:
        raise ProtocolError("too-large", 413, f"at most {limit} bytes here")


def unpack_content(request: Request, limit: int) -> bytes:
    """The content without its packing.

    Raises:
        ProtocolError: `media-type` for another packing than gzip, `malformed` for a damaged one, `too-large`.
    """
    coding = single_value(request, "content-encoding")
    if coding is None or len(request.body) == 0:
        return request.body
    if coding.lower() != "gzip":
        raise ProtocolError("media-type", 415, "content may be packed with gzip only")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(request.body, limit + 1)
    except zlib.error as error:
        raise ProtocolError("malformed", 400, "damaged gzip") from error
    if len(content) > limit:
        raise ProtocolError("too-large", 413, f"at most {limit} bytes unpacked")
    if not unpacker.eof or unpacker.unused_data != b"":
        raise ProtocolError("malformed", 400, "gzip that is cut off, or has more behind it")
    return content


class Gate:
    """The checks, in their order. Safe for several threads."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits
        self._known: dict[str, KnownKey] = {}

    def known_key(self, kid: str) -> KnownKey:
        """The node key of a thumbprint; also a revoked or replaced one.

        Raises:
            ProtocolError: `unknown-key`.
        """
        found = self._known.get(kid)
        if found is None:
            with self._database.reading() as tx:
                record = tx.members.key(kid)
            if record is None or record.role != "node" or len(record.jwk) == 0:
                raise refuse("unknown-key", "no node here has that key")
            found = self._known[kid] = KnownKey(record.code, public_from_jwk(dict(record.jwk)))
        return found

    def before_body(self, request: Request, limit: int) -> tuple[SignedHead, KnownKey]:
        """What is checked before the body is read: the fields, the key, the length.

        Raises:
            ProtocolError: `malformed`, `unknown-key`, `length`, `too-large`.
        """
        head = read_head(request)
        known = self.known_key(head.keyid)
        check_length(request, limit)
        return head, known

    def arrive(self, request: Request, limit: int, now: datetime) -> Arrival:
        """Everything up to freshness; needs no transaction.

        Raises:
            ProtocolError: as `before_body`; `digest`, `signature`, `skew`.
        """
        head, known = self.before_body(request, limit)
        check_digest(request)
        verified = check_signature(head, request, known.key, self._limits)
        check_freshness(verified, now, self._limits)
        return Arrival(request, head, known, verified)

    def admit(
        self, tx: Tx, identity: Identity, arrival: Arrival, now: datetime, *, may_be_expired: bool
    ) -> Caller:
        """Nonce, revoked, expired, audience. The nonce stays spent whatever comes after it.

        Raises:
            ProtocolError: `replay`, `revoked`, `expired`, `audience`.
        """
        if arrival.request.method in NONCE_METHODS:
            self._spend(tx, arrival.verified)
        member = tx.members.get(arrival.known.code)
        records = [record for record in tx.members.keys(arrival.known.code, "node") if is_good(record, now)]
        if member is None or member.revoked or arrival.verified.keyid not in {r.kid for r in records}:
            raise ProtocolError("revoked", 403, "this key is revoked, or has been replaced")
        if now > member.expires and not may_be_expired:
            _check_expiry(tx, identity, member, now)
        check_audience(arrival.verified, identity.name)
        return Caller(member, tuple(public_from_jwk(dict(record.jwk)) for record in records))

    def check_new_key(self, tx: Tx, arrival: Arrival, key: PublicKey, now: datetime) -> None:
        """The second signature of a rotation, by the key that is to be stated (§3 Rotation).

        Raises:
            ProtocolError: `signature`, `skew`, `replay`.
        """
        verified = check_signature(arrival.head, arrival.request, key, self._limits, label=LABEL_NEW)
        check_freshness(verified, now, self._limits)
        if verified.nonce == arrival.verified.nonce:
            raise refuse("signature", "the second signature needs a nonce of its own")
        self._spend(tx, verified)

    def _spend(self, tx: Tx, verified: VerifiedRequest) -> None:
        if not tx.nonces.spend(verified.keyid, verified.nonce, nonce_until(verified, self._limits)):
            raise ProtocolError("replay", 401, "this request was received before")


def _check_expiry(tx: Tx, identity: Identity, member: Member, now: datetime) -> None:
    """An expired statement refuses, unless it expired only because this node's own did: that alerts (§3 Renewal)."""
    own = tx.members.get(identity.code)
    issuer = None if own is None else read_statement(own.statement)
    if issuer is None or currency(read_statement(member.statement), issuer, now) == "expired":
        raise ProtocolError("expired", 403, "the statement is expired; renew it")
    tx.alert(Alert("expired-with-issuer", "warning", member.code), now)
