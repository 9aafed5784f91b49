"""The node's public keys as outside tools read them: JWKs, and the vkeys of its notes (federation.md §2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from federation.keys import Identity
from federation.note import vkey

CHECKPOINT, COSIGNATURE = 0x01, 0x04
"""Signature types of C2SP signed-note and tlog-cosignature."""


def keys_document(identity: Identity, origins: Sequence[str] = ()) -> dict[str, Any]:
    """Thumbprints, JWKs and vkeys.

    Args:
        origins: the node's own logs; the first epochs of `up` and the ledger when none is given.
    """
    public = identity.keys.public
    logs = origins or (f"{identity.name}/up/1", f"{identity.name}/ledger/1")
    return {
        "node": identity.name,
        "keys": dict(public.kids),
        "jwks": public.jwks,
        "vkeys": {
            **{origin: vkey(origin, CHECKPOINT, public.node.raw) for origin in logs},
            identity.receipt_name: vkey(identity.receipt_name, COSIGNATURE, public.receipt.raw),
            identity.witness_name: vkey(identity.witness_name, COSIGNATURE, public.witness.raw),
        },
    }
