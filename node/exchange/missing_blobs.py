"""Which attachments the parent's entries name and are not here yet (federation.md §7): a cursor over its log, in a row.

exchange_memory `blobs` → {"origin", "next", "missing": {sha256: size}}
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from federation.blob_transfer import blobs_named
from federation.ports import LogState
from node.exchange.links import recall, remember
from node.exchange.stores import SqlTx

MEMORY = "blobs"
SCANNED = 1_000


@dataclass(frozen=True, slots=True)
class MissingBlob:
    """One attachment that is not complete here."""

    sha256: str
    size: int


def find_missing(tx: SqlTx, log: LogState, now: datetime) -> list[MissingBlob]:
    """Read on in the parent's log, in a writing transaction; returns what is missing by now, oldest first."""
    kept = recall(tx.session, MEMORY)
    missing: dict[str, int] = dict(kept.get("missing", {}))
    start = int(kept["next"]) if kept.get("origin") == log.origin else 0
    entries = tx.logs.entries(log.origin, start, SCANNED)
    for entry in entries:
        if entry.line is not None:
            missing |= dict(blobs_named(entry.line))
    left = {sha256: size for sha256, size in missing.items() if not _is_here(tx, sha256)}
    told = {"origin": log.origin, "next": start + len(entries), "missing": left}
    if told != kept:
        remember(tx.session, MEMORY, told, now)
    return [MissingBlob(sha256, size) for sha256, size in left.items()]


def has_missing(tx: SqlTx, log: LogState) -> bool:
    """Whether there may be something to fetch: cheap, for a reading session."""
    kept = recall(tx.session, MEMORY)
    return bool(kept.get("missing")) or kept.get("origin") != log.origin or int(kept["next"]) < log.size


def _is_here(tx: SqlTx, sha256: str) -> bool:
    state = tx.blobs.get(sha256)
    return state is not None and state.complete
