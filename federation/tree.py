"""What a node knows of the tree it stands in: who is above, who is below, which way a code lies (federation.md §5).

Above: the statements of the node's own chain. Below: its direct children, with the codes of the nodes they succeed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from federation.keys import Identity
from federation.ports import MemberStore, Tx
from federation.routing import Hop, next_hop, scope_of
from federation.statements import StatedClaims, read_statement

__all__ = [
    "ancestors_of",
    "child_scopes",
    "claims_of",
    "hop_to",
    "is_here",
    "is_stated_elsewhere",
    "own_claims",
    "pins_of",
]


@lru_cache(maxsize=2048)
def claims_of(statement: str) -> StatedClaims:
    """The claims of a statement that this node holds, read once."""
    return read_statement(statement)


def child_scopes(members: MemberStore) -> Mapping[str, tuple[str, ...]]:
    """Scope by code of each direct child that is not revoked, the codes of its predecessors added."""
    return {
        child.code: (*child.scope, *claims_of(child.statement).successor_of)
        for child in members.children()
        if not child.revoked
    }


def own_claims(tx: Tx, identity: Identity) -> StatedClaims | None:
    """What this node's own newest statement says; None before it has one."""
    found = tx.members.get(identity.code)
    return None if found is None else claims_of(found.statement)


def is_here(tx: Tx, identity: Identity, destination: str) -> bool:
    """Whether a code is this node's own or that of a node it succeeds."""
    if destination == identity.code:
        return True
    own = own_claims(tx, identity)
    return own is not None and destination in own.successor_of


def hop_to(tx: Tx, identity: Identity, destination: str, came_from: str | None = None) -> Hop:
    """Where an entry for a node code goes from here."""
    own = own_claims(tx, identity)
    return next_hop(
        identity.code,
        scope_of(identity.code, identity.level) if own is None else own.scope,
        child_scopes(tx.members),
        destination,
        came_from,
        parent=identity.parent_code,
        predecessors=() if own is None else own.successor_of,
    )


def ancestors_of(tx: Tx, identity: Identity) -> frozenset[str]:
    """Codes of the nodes above this one, by its own chain."""
    return frozenset(claims_of(jws).code for jws in tx.members.chain()) - {identity.code}


def is_stated_elsewhere(members: MemberStore, claims: StatedClaims, at: datetime) -> bool:
    """Whether another parent's statement about that node is known and current.

    Scopes of siblings may nest, so a node could otherwise state the code of its sibling as a child of its own, and
    speak in that one's name.
    """
    known = members.get(claims.code)
    if known is None or known.revoked or known.expires < at:
        return False
    return claims_of(known.statement).issuer != claims.issuer


def pins_of(tx: Tx) -> dict[str, StatedClaims | None]:
    """The anchors by which this node's own chain holds: thumbprint → the succession that ended it; the newest first.

    None stands for the anchor in force.
    """
    pins: dict[str, StatedClaims | None] = {}
    for jws in tx.members.chain():
        claims = claims_of(jws)
        if not claims.is_self_issued:
            break
        pins[claims.signed_by] = claims if claims.is_succession else None
    return dict(reversed(pins.items()))
