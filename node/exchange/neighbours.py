"""Which way an entry goes from this node, out of the members it knows (federation.md §5 Relay, Routing)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from federation.keys import Identity
from federation.ports import Member, MemberKey, MemberStore, Tx
from federation.routing import Hop, next_hop, scope_of
from federation.statements import read_statement


@lru_cache(maxsize=8192)
def predecessors_of(statement: str) -> tuple[str, ...]:
    """Codes of the nodes that the node of a statement succeeds."""
    return read_statement(statement).successor_of


def child_scopes(members: MemberStore) -> Mapping[str, tuple[str, ...]]:
    """Scope by code of each direct child that is not revoked, the codes of its predecessors added."""
    return {
        child.code: (*child.scope, *predecessors_of(child.statement))
        for child in members.children()
        if not child.revoked
    }


def own_member(members: MemberStore, identity: Identity) -> Member | None:
    """What this node's own statement says; None before it has one."""
    return members.get(identity.code)


def own_scope(members: MemberStore, identity: Identity) -> tuple[str, ...]:
    """This node's scope by its statement; the normal one of its code before it has a statement."""
    found = own_member(members, identity)
    return scope_of(identity.code, identity.level) if found is None else found.scope


def hop_to(tx: Tx, identity: Identity, destination: str, came_from: str | None = None) -> Hop:
    """Where an entry for a node code goes from here."""
    own = own_member(tx.members, identity)
    return next_hop(
        identity.code,
        own_scope(tx.members, identity),
        child_scopes(tx.members),
        destination,
        came_from,
        parent=identity.parent_code,
        predecessors=() if own is None else predecessors_of(own.statement),
    )


def seal_key_of(members: MemberStore, code: str) -> MemberKey | None:
    """The newest seal key of a node that is neither revoked nor replaced; None when none is known."""
    keys = members.keys(code, "seal")
    return next((key for key in keys if key.revoked_at is None and key.until is None), None)
