"""What a node writes down of statements and revocations: members, and the history of their keys (federation.md §3).

A key's record is never deleted. It is good in [since, until): `until` is set when another key takes its place, 30 days
ahead at a rotation, at once at a re-key. A revocation is final for a thumbprint, even for one that is not known yet:
then a record without a key is kept, and no later statement makes that key good.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from federation.dating import Revocation
from federation.keys import PublicKey, Role
from federation.names import parse_node_name
from federation.ports import Member, MemberKey, MemberStore
from federation.statements import ROTATION_PERIOD, StatedClaims, read_statement

Reason = Literal["join", "renewal", "rotation", "rekey", "successor", "self"]
Direct = Literal["child", "parent", "self", ""]


def record_statement(
    members: MemberStore,
    claims: StatedClaims,
    at: datetime,
    reason: Reason,
    direct: Direct | None = None,
    *,
    issued_here: bool = False,
) -> bool:
    """Write down a statement that was verified, or issued here.

    Args:
        members: where.
        claims: of a statement that held.
        at: when it was issued or came here.
        reason: why it was issued; `rekey` ends all older keys at once.
        direct: what the node is to this one; None keeps what is known, "" where nothing is.
        issued_here: it is the newest, whatever the dates say: this node's clock may have been set back.

    Returns:
        False, with nothing written, when a newer statement of that node is known already.
    """
    known = members.get(claims.code)
    is_older = known is not None and read_statement(known.statement).issued_at > claims.issued_at
    if is_older and not issued_here:
        return False
    since = min(at, claims.issued_at)
    for role, key in claims.keys.items():
        _put_key(members, claims.code, role, key, since, reason)
    for role, key in claims.previous.items():
        _put_key(members, claims.code, role, key, since, reason)
    _end_older(members, claims, since, at_once=reason == "rekey")
    members.put(
        Member(
            code=claims.code,
            direct=_direct(known, direct),
            statement=claims.jws,
            scope=claims.scope,
            level=claims.level,
            name=claims.display_name,
            expires=claims.expires_at,
            revoked=_is_revoked(members, claims),
            last_heard=None if known is None else known.last_heard,
        )
    )
    return True


def _direct(known: Member | None, direct: Direct | None) -> Direct:
    if direct is not None:
        return direct
    return "" if known is None else known.direct


def _put_key(
    members: MemberStore, code: str, role: Role, key: PublicKey, since: datetime, reason: Reason
) -> None:
    record = members.key(key.kid)
    if record is not None and len(record.jwk) > 0:
        return
    revoked_at = None if record is None else record.revoked_at
    members.put_key(
        MemberKey(code, role, key.kid, key.jwk, since=since, reason=reason, revoked_at=revoked_at)
    )


def _end_older(members: MemberStore, claims: StatedClaims, since: datetime, *, at_once: bool) -> None:
    """Set `until` of every key that the statement does not state; what has an earlier one keeps it."""
    for record in members.keys(claims.code):
        if claims.keys.get(record.role).kid == record.kid:
            continue
        until = since if at_once else since + ROTATION_PERIOD
        if record.until is None or (at_once and record.until > until):
            members.put_key(replace(record, until=until))


def _is_revoked(members: MemberStore, claims: StatedClaims) -> bool:
    records = [members.key(key.kid) for _, key in claims.keys.items()]
    return any(record is not None and record.revoked_at is not None for record in records)


def record_revocation(members: MemberStore, revocation: Revocation) -> bool:
    """Write down a revocation by the statement's issuer or one of its ancestors; the sender was checked.

    Returns:
        Whether any thumbprint in it was not revoked before.
    """
    code = parse_node_name(revocation.sub)[1]
    until = revocation.until
    news = False
    for kid in revocation.kids:
        record = members.key(kid)
        if record is None:
            record = MemberKey(code, "node", kid, {}, since=until, until=until, reason="revoked")
        if record.revoked_at is None:
            members.put_key(replace(record, revoked_at=until))
            news = True
    member = members.get(code)
    if member is not None and not member.revoked and _is_revoked(members, read_statement(member.statement)):
        members.put(replace(member, revoked=True))
    return news
