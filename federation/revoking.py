"""Revocation, and succession of merged or renamed units: a parent's acts that end a node (federation.md §3).

A revocation is immediate here: from the commit on every call of the node is refused. It names thumbprints and is final
for them; the code may be invited again with `--replace`. What was receipted before stands (`federation.dating`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from federation.announcing import announce_revocation, announce_statement
from federation.dating import Revocation
from federation.errors import TrustError
from federation.founding import own_chain, restated, still_previous
from federation.history import record_revocation, record_statement
from federation.keys import Identity
from federation.ports import Alert, Member, Tx
from federation.statements import issue_statement, read_statement


class MembershipError(TrustError):
    """An operator asked for what membership does not allow. `code`: `unknown-node`, `has-node`, `no-node`, `elsewhere`,
    `no-request`, `thumbprint`, `predecessor`."""

    code = "membership"


def child_of(tx: Tx, code: str) -> Member:
    """The direct child with that code.

    Raises:
        MembershipError: code `unknown-node`.
    """
    member = tx.members.get(code)
    if member is None or member.direct != "child":
        raise MembershipError(f"{code} is no child of this node", code="unknown-node")
    return member


def revoke(tx: Tx, identity: Identity, code: str, reason: str, now: datetime) -> Revocation | None:
    """Revoke every key of a node that is good now, or still will be: a direct child, or a node further below.

    Args:
        tx: the caller's transaction.
        identity: of this node, its issuer or an ancestor of it.
        code: whose keys.
        reason: for people; travels with the event.
        now: from this instant they are no longer good; to the second below.

    Returns:
        What was announced; None when there was nothing left to revoke.

    Raises:
        MembershipError: code `unknown-node`.
    """
    member = tx.members.get(code)
    if member is None or member.direct not in ("child", ""):
        raise MembershipError(f"{code} is no node below this one", code="unknown-node")
    kids = tuple(
        record.kid
        for record in tx.members.keys(code)
        if record.revoked_at is None and (record.until is None or record.until > now)
    )
    if len(kids) == 0:
        return None
    claims = read_statement(member.statement)
    revocation = Revocation(claims.subject, kids, now.replace(microsecond=0), reason)
    record_revocation(tx.members, revocation)
    announce_revocation(tx, identity, revocation, now)
    tx.alert(Alert("member-revoked", "warning", code, {"reason": reason, "kids": list(kids)}), now)
    return revocation


def state_successor(
    tx: Tx, identity: Identity, code: str, predecessors: Sequence[str], now: datetime
) -> list[str]:
    """Make a child the home and custodian of all that other nodes were, and route their codes to it.

    Args:
        tx: the caller's transaction.
        identity: of this node.
        code: the child that succeeds.
        predecessors: codes of direct children, each revoked or with its streams closed (frozen) on both sides.
        now: time of issue.

    Returns:
        The child's new chain.

    Raises:
        TrustError: `unknown-node`; `predecessor`: one still works, or is the node itself; `scope`.
    """
    child = child_of(tx, code)
    claims = read_statement(child.statement)
    for other in predecessors:
        if other == code or not _has_ended(tx, other):
            raise MembershipError(f"{other} is not closed and not revoked", code="predecessor")
    chain = own_chain(tx, identity)
    merged = tuple(dict.fromkeys((*claims.successor_of, *predecessors)))
    previous = still_previous(tx.members, claims, now)
    subject = restated(claims, previous=previous, successor_of=merged)
    jws = issue_statement(identity.keys.node, read_statement(chain[-1]), subject, now)
    record_statement(tx.members, read_statement(jws), now, "successor", "child", issued_here=True)
    announce_statement(tx, identity, jws, "successor", now)
    return [*chain, jws]


def _has_ended(tx: Tx, code: str) -> bool:
    if child_of(tx, code).revoked:
        return True
    streams = [tx.logs.find("peer-up", code), tx.logs.find("own-down", code)]
    return all(state is not None and state.frozen for state in streams)
