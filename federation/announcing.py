"""What a node tells the network of its acts as a parent: queued, in the transaction that decided them (§3, §8).

membership.issued.v1    {"statement","reason"}              up, to the top, for every statement
membership.revoked.v1   {"sub","kids","until","reason"}     up, to the top; and to everyone below (`*`)

`subject` is the code of the node concerned, so that what is said about one node keeps its order.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from federation import canonical
from federation.dating import Revocation
from federation.history import Reason
from federation.keys import Identity
from federation.names import parse_node_name
from federation.ports import Tx
from federation.statements import read_statement

ISSUED = "membership.issued.v1"
REVOKED = "membership.revoked.v1"
EVERYONE = "*"

Way = tuple[Literal["own-up", "own-down"], str]


def announce_statement(tx: Tx, identity: Identity, jws: str, reason: Reason, now: datetime) -> None:
    """Tell the top of a statement this node issued. A top has nobody to tell."""
    subject = read_statement(jws).code
    _queue(tx, _up(identity), ISSUED, subject, _top_code(tx), {"statement": jws, "reason": reason}, now)


def announce_revocation(tx: Tx, identity: Identity, revocation: Revocation, now: datetime) -> None:
    """Tell the top, and everyone below, of a revocation this node decided."""
    code = parse_node_name(revocation.sub)[1]
    _queue(tx, _up(identity), REVOKED, code, _top_code(tx), revocation.to_data(), now)
    spread_revocation(tx, identity, revocation, now)


def spread_revocation(tx: Tx, identity: Identity, revocation: Revocation, now: datetime) -> None:
    """Tell everyone below: what each node on the way to the top, and the top, does for its own subtree.

    Written for every direct child that is not revoked itself.
    """
    code = parse_node_name(revocation.sub)[1]
    down: list[Way] = [("own-down", child.code) for child in tx.members.children() if not child.revoked]
    _queue(tx, down, REVOKED, code, EVERYONE, revocation.to_data(), now)


def _up(identity: Identity) -> list[Way]:
    """The top stands above, whatever the scopes say: the way to it is the parent."""
    return [] if identity.parent_code is None else [("own-up", identity.parent_code)]


def _top_code(tx: Tx) -> str:
    return read_statement(tx.members.chain()[0]).code


def _queue(
    tx: Tx,
    ways: list[Way],
    type: str,
    subject: str,
    destination: str,
    data: Mapping[str, object],
    now: datetime,
) -> None:
    entry_id = str(uuid.uuid4())
    time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for role, peer in ways:
        tx.outbox.queue(
            role=role,
            peer=peer,
            id=entry_id,
            type=type,
            subject=subject,
            destination=destination,
            time=time,
            data=canonical.dump(dict(data)),
        )
