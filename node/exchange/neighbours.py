"""Which way an entry goes from this node, and what is sealed to whom, out of the members it knows (federation.md §5)."""

from __future__ import annotations

from federation.ports import MemberKey, MemberStore
from federation.tree import child_scopes, hop_to

__all__ = ["child_scopes", "hop_to", "seal_key_of"]


def seal_key_of(members: MemberStore, code: str) -> MemberKey | None:
    """The newest seal key of a node that is neither revoked nor replaced; None when none is known."""
    keys = members.keys(code, "seal")
    return next((key for key in keys if key.revoked_at is None and key.until is None), None)
