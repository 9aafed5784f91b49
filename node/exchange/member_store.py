"""Who is who, on SQL (`federation.ports.MemberStore`, `NonceStore`).

Nothing about a key is ever deleted: history says which key was good when.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, select

from federation.ports import Invitation, Member, MemberKey
from node.exchange.sql import insert_absent, insert_all, table_of, upsert
from node.exchange.tables import (
    ChainRow,
    InvitationRow,
    MemberKeyRow,
    MemberRow,
    NonceRow,
    WrongTokenRow,
)

MEMBER = table_of(MemberRow)
KEY = table_of(MemberKeyRow)
CHAIN = table_of(ChainRow)
INVITATION = table_of(InvitationRow)
WRONG_TOKEN = table_of(WrongTokenRow)
NONCE = table_of(NonceRow)

_MEMBER_BY_CODE = select(MEMBER).where(MEMBER.c.code == bindparam("of_code"))
_KEYS = select(KEY).where(KEY.c.code == bindparam("of_code")).order_by(KEY.c.since.desc(), KEY.c.id.desc())
_KEYS_OF_ROLE = _KEYS.where(KEY.c.role == bindparam("of_role"))

WRONG_TOKEN_WINDOW = timedelta(hours=1)


def _member(row: Row[Any]) -> Member:
    return Member(
        code=row.code,
        direct=row.direct,
        statement=row.statement,
        scope=tuple(row.scope),
        level=row.level,
        name=row.name,
        expires=row.expires,
        revoked=row.revoked,
        last_heard=row.last_heard,
    )


def _key(row: Row[Any]) -> MemberKey:
    return MemberKey(
        code=row.code,
        role=row.role,
        kid=row.kid,
        jwk=dict(row.jwk),
        since=row.since,
        until=row.until,
        reason=row.reason,
        revoked_at=row.revoked_at,
    )


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        token_sha256=row.token_sha256,
        code=row.code,
        level=row.level,
        name=row.name,
        scope=tuple(row.scope),
        expires=row.expires,
        replace=row.replace,
        used_by=row.used_by,
        enrolment=row.enrolment,
        confirmed=row.confirmed,
    )


class SqlMemberStore:
    """See `federation.ports.MemberStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, code: str) -> Member | None:
        """The member with that code."""
        row = self._connection.execute(_MEMBER_BY_CODE, {"of_code": code}).one_or_none()
        return None if row is None else _member(row)

    def put(self, member: Member) -> None:
        """Insert or replace a member."""
        values = {
            "code": member.code,
            "direct": member.direct,
            "statement": member.statement,
            "scope": list(member.scope),
            "level": member.level,
            "name": member.name,
            "expires": member.expires,
            "revoked": member.revoked,
            "last_heard": member.last_heard,
        }
        upsert(self._connection, MEMBER, values, ("code",))

    def children(self) -> list[Member]:
        """Direct children, by code, the revoked ones too."""
        query = select(MEMBER).where(MEMBER.c.direct == "child").order_by(MEMBER.c.code)
        return [_member(row) for row in self._connection.execute(query)]

    def all(self) -> list[Member]:
        """Every member, by code."""
        return [_member(row) for row in self._connection.execute(select(MEMBER).order_by(MEMBER.c.code))]

    def key(self, kid: str) -> MemberKey | None:
        """Any key ever known."""
        row = self._connection.execute(select(KEY).where(KEY.c.kid == kid)).one_or_none()
        return None if row is None else _key(row)

    def keys(self, code: str, role: str | None = None) -> list[MemberKey]:
        """Keys of a node, newest first."""
        if role is None:
            return [_key(row) for row in self._connection.execute(_KEYS, {"of_code": code})]
        wanted = {"of_code": code, "of_role": role}
        return [_key(row) for row in self._connection.execute(_KEYS_OF_ROLE, wanted)]

    def put_key(self, key: MemberKey) -> None:
        """Insert or replace a key, by thumbprint."""
        values = {
            "kid": key.kid,
            "code": key.code,
            "role": key.role,
            "jwk": dict(key.jwk),
            "since": key.since,
            "until": key.until,
            "reason": key.reason,
            "revoked_at": key.revoked_at,
        }
        upsert(self._connection, KEY, values, ("kid",))

    def chain(self) -> list[str]:
        """This node's own chain, from the top; empty before it has one."""
        query = select(CHAIN.c.statement).order_by(CHAIN.c.position)
        return [str(statement) for statement in self._connection.scalars(query)]

    def put_chain(self, chain: Sequence[str]) -> None:
        """Replace the chain."""
        self._connection.execute(delete(CHAIN))
        insert_all(
            self._connection,
            CHAIN,
            ({"position": position, "statement": statement} for position, statement in enumerate(chain)),
        )

    def invitation(self, token_sha256: str) -> Invitation | None:
        """The invitation whose token has that hash."""
        query = select(INVITATION).where(INVITATION.c.token_sha256 == token_sha256)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _invitation(row)

    def put_invitation(self, invitation: Invitation) -> None:
        """Insert or replace an invitation."""
        values = {
            "token_sha256": invitation.token_sha256,
            "code": invitation.code,
            "level": invitation.level,
            "name": invitation.name,
            "scope": list(invitation.scope),
            "expires": invitation.expires,
            "replace": invitation.replace,
            "used_by": invitation.used_by,
            "enrolment": invitation.enrolment,
            "confirmed": invitation.confirmed,
        }
        upsert(self._connection, INVITATION, values, ("token_sha256",))

    def invitations(self) -> list[Invitation]:
        """Every invitation, those that expire last first."""
        query = select(INVITATION).order_by(INVITATION.c.expires.desc(), INVITATION.c.token_sha256)
        return [_invitation(row) for row in self._connection.execute(query)]

    def wrong_token(self, at: datetime) -> int:
        """Count a wrong token; returns how many there were in the hour up to `at`, this one included."""
        self._connection.execute(delete(WRONG_TOKEN).where(WRONG_TOKEN.c.at <= at - WRONG_TOKEN_WINDOW))
        self._connection.execute(WRONG_TOKEN.insert(), {"at": at})
        counted = self._connection.scalar(
            select(func.count()).select_from(WRONG_TOKEN).where(WRONG_TOKEN.c.at <= at)
        )
        return int(counted or 0)


class SqlNonceStore:
    """See `federation.ports.NonceStore`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def spend(self, keyid: str, nonce: str, until: datetime) -> bool:
        """True when it was fresh and is now spent."""
        values = {"keyid": keyid, "nonce": nonce, "until": until}
        return insert_absent(self._connection, NONCE, values, ("keyid", "nonce"))

    def forget(self, now: datetime) -> int:
        """Delete the nonces that cannot be fresh again; returns how many."""
        return self._connection.execute(delete(NONCE).where(NONCE.c.until < now)).rowcount
