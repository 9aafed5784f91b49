"""A top's statements about itself: founding a network, renewal, and the rotation of the trust anchor (federation.md §3).

Each works in the caller's transaction and replaces the node's own chain. At a rotation of the node key the old anchor
states its successor; that statement stays at the front of every chain from then on:

    [ succession, signed by the old anchor ]  [ the top's own, signed by the new ]

The caller puts the new keys on disk after the transaction has committed, keeping the old seal key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from federation.enrolment import check_new_keys
from federation.history import Reason, record_statement
from federation.keys import Identity, KeySet, NodeKeys, PublicKey, Role
from federation.ports import MemberStore, Tx
from federation.routing import check_scope
from federation.statements import (
    StatedClaims,
    StatementError,
    Subject,
    issue_own_statement,
    read_statement,
    replaced_keys,
)


def own_chain(tx: Tx, identity: Identity) -> list[str]:
    """This node's own chain.

    Raises:
        StatementError: code `no-statement`: it has none, or it is about another node.
    """
    chain = tx.members.chain()
    if len(chain) == 0 or read_statement(chain[-1]).subject != identity.name:
        raise StatementError(f"{identity.name} has no statement of its own", code="no-statement")
    return chain


def restated(
    claims: StatedClaims,
    *,
    keys: KeySet | None = None,
    previous: dict[Role, PublicKey] | None = None,
    successor_of: tuple[str, ...] | None = None,
) -> Subject:
    """What a statement says, to be said again with some of it changed; `previous` is left out unless given."""
    return Subject(
        subject=claims.subject,
        level=claims.level,
        scope=claims.scope,
        display_name=claims.display_name,
        keys=claims.keys if keys is None else keys,
        previous={} if previous is None else previous,
        successor_of=claims.successor_of if successor_of is None else successor_of,
    )


def still_previous(members: MemberStore, claims: StatedClaims, now: datetime) -> dict[Role, PublicKey]:
    """The replaced keys a renewal still names: those whose 30 days are not over by the history."""
    kept: dict[Role, PublicKey] = {}
    for role, key in claims.previous.items():
        record = members.key(key.kid)
        if record is not None and record.until is not None and now < record.until:
            kept[role] = key
    return kept


def previous_after(
    members: MemberStore, claims: StatedClaims, new: KeySet, now: datetime
) -> dict[Role, PublicKey]:
    """`previous` after a rotation: the key of every role that changes, and what of older ones is still good."""
    older = still_previous(members, claims, now)
    unchanged = {role: key for role, key in older.items() if new.get(role) == claims.keys.get(role)}
    return {**unchanged, **replaced_keys(claims.keys, new)}


def found_top(
    tx: Tx, identity: Identity, display_name: str, scope: Sequence[str], now: datetime
) -> list[str]:
    """Begin a network: the top's self-issued statement. The anchor is the thumbprint of its node key.

    Returns:
        The node's chain, one statement.

    Raises:
        TrustError: code `founded`: it has a chain already; `scope`: malformed, or not covering its own code.
    """
    if len(tx.members.chain()) > 0:
        raise StatementError("this node belongs to a network already", code="founded")
    subject = Subject(
        subject=identity.name,
        level=identity.level,
        scope=check_scope(scope),
        display_name=display_name,
        keys=identity.keys.public,
    )
    return _put_own(tx, [issue_own_statement(identity.keys.node, subject, now)], now, "self")


def renew_own(tx: Tx, identity: Identity, now: datetime) -> list[str]:
    """The top's own statement anew, with the same keys.

    Returns:
        The node's new chain.

    Raises:
        StatementError: this node is no top.
    """
    *front, last = _top_chain(tx, identity)
    claims = read_statement(last)
    subject = restated(claims, previous=still_previous(tx.members, claims, now))
    return _put_own(tx, [*front, issue_own_statement(identity.keys.node, subject, now)], now, "renewal")


def rotate_own(tx: Tx, identity: Identity, new_keys: NodeKeys, now: datetime) -> list[str]:
    """The top's own rotation. Where the node key changes, the old anchor states its successor first.

    Args:
        tx: the caller's transaction.
        identity: with the keys in use until now.
        new_keys: at least one of the four differs, and none was known before.
        now: time of issue.

    Returns:
        The node's new chain; the same one when it states `new_keys` already.

    Raises:
        TrustError: this node is no top, or a new key was used before (`key-known`).
    """
    chain = _top_chain(tx, identity)
    *front, last = chain
    claims = read_statement(last)
    if claims.keys == new_keys.public:
        return chain
    check_new_keys(new_keys.public, lambda kid: tx.members.key(kid) is not None, claims.keys)
    previous = previous_after(tx.members, claims, new_keys.public, now)
    subject = restated(claims, keys=new_keys.public, previous=previous)
    if new_keys.public.node != claims.keys.node:
        front = [*front, issue_own_statement(identity.keys.node, subject, now)]
    return _put_own(tx, [*front, issue_own_statement(new_keys.node, subject, now)], now, "rotation")


def begin_anew(tx: Tx, new_keys: NodeKeys, now: datetime) -> list[str]:
    """A top whose keys were lost or stolen states itself anew, without a word of the old keys: they end at once.

    Nobody accepts this before the new thumbprint is pinned by hand (§3 Rotation).

    Returns:
        The node's new chain, one statement.

    Raises:
        TrustError: this node is no top, or a new key was used before (`key-known`).
    """
    chain = tx.members.chain()
    claims = read_statement(chain[-1]) if len(chain) > 0 else None
    if claims is None or not claims.is_self_issued:
        raise StatementError("only a top speaks of itself", code="issuer")
    check_new_keys(new_keys.public, lambda kid: tx.members.key(kid) is not None)
    subject = restated(claims, keys=new_keys.public, previous={})
    return _put_own(tx, [issue_own_statement(new_keys.node, subject, now)], now, "rekey")


def _top_chain(tx: Tx, identity: Identity) -> list[str]:
    chain = own_chain(tx, identity)
    if not read_statement(chain[-1]).is_self_issued:
        raise StatementError("only a top speaks of itself", code="issuer")
    return chain


def _put_own(tx: Tx, chain: list[str], now: datetime, reason: Reason) -> list[str]:
    record_statement(tx.members, read_statement(chain[-1]), now, reason, "self", issued_here=True)
    tx.members.put_chain(chain)
    return chain
