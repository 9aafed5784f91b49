"""Proofs that an entry stands in a log, as text (C2SP tlog-proof; federation.md §5 Relay, §6 Citizen's slip).

    c2sp.org/tlog-proof@v1                         always
    extra eyJjaGFpbiI6W119                         may be missing: base64 of data that nothing here vouches for
    index 4                                        the entry's index, ASCII decimal
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=   the RFC 6962 audit path, nearest sibling first;
    B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=   no line at all in a log of one entry
                                                   an empty line
    nantong.example/320623101001/up/1              the checkpoint note, verbatim, with the lines under it:
    …                                              the owner's signature, receipts, cosignatures

A relay carries one with the first receiver's receipt in it; a citizen's slip (`.tlog-proof`) one with the witness's
cosignature. Without a cosignature it is the log owner's promise and no more.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from federation.dating import Witnessed
from federation.keys import PublicKey
from federation.merkle import check_inclusion
from federation.note import (
    Checkpoint,
    NoteError,
    format_hash,
    open_checkpoint,
    open_cosignatures,
    parse_hash,
    parse_size,
    split_note,
)

HEADER = "c2sp.org/tlog-proof@v1"
PATH_LENGTH = 63
"""Most hashes a path may have."""
PROOF_LENGTH = 262_144
"""Longest proof, in characters: `extra` may hold an entry and a chain."""


@dataclass(frozen=True, slots=True)
class LogProof:
    """A proof as read: well formed, not verified.

    Attributes:
        index: of the entry, from 0.
        hashes: the audit path, nearest sibling first.
        note: the checkpoint with all its signature lines.
        extra: whatever the application put there; None when nothing. Not authenticated.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """An entry stands in a log.

    Attributes:
        index: where.
        checkpoint: the head under which it does.
        cosigned: who held that head to be true, and when (the earliest); None when nobody was asked for.
    """

    index: int
    checkpoint: Checkpoint
    cosigned: Witnessed | None

    @property
    def cosigned_at(self) -> datetime | None:
        """Time of the cosignature."""
        return None if self.cosigned is None else self.cosigned.at


def format_proof(proof: LogProof) -> str:
    """The text of a proof."""
    lines = [HEADER]
    if proof.extra is not None and len(proof.extra) > 0:
        lines.append(f"extra {base64.b64encode(proof.extra).decode('ascii')}")
    lines.append(f"index {proof.index}")
    lines.extend(format_hash(value) for value in proof.hashes)
    head = "\n".join(lines)
    return f"{head}\n\n{proof.note}"


def _read_extra(packed: str) -> bytes:
    try:
        extra = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("extra is not base64", code="proof") from error
    if len(extra) == 0 or base64.b64encode(extra).decode("ascii") != packed:
        raise NoteError("extra is empty, or not base64 in canonical form", code="proof")
    return extra


def parse_proof(text: str) -> LogProof:
    """Read a proof strictly; nothing is verified.

    Raises:
        LogProofError: not of the form this module describes.
    """
    if len(text) > PROOF_LENGTH:
        raise NoteError("too long for a proof", code="proof")
    head, gap, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    if gap == "" or first != HEADER:
        raise NoteError("not a proof of c2sp.org/tlog-proof@v1", code="proof")
    extra = _read_extra(lines.pop(0)[len("extra ") :]) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise NoteError("a proof names an index", code="proof")
    index = parse_size(lines.pop(0)[len("index ") :])
    if len(lines) > PATH_LENGTH:
        raise NoteError(f"a path has at most {PATH_LENGTH} hashes", code="proof")
    split_note(note)
    return LogProof(index, tuple(parse_hash(line) for line in lines), note, extra)


def verify_proof(
    proof: LogProof,
    leaf: bytes,
    origin: str,
    log_keys: Sequence[PublicKey],
    cosigner_name: str | None = None,
    cosigner_keys: Sequence[PublicKey] = (),
) -> VerifiedProof:
    """Verify that an entry stands in a log.

    Args:
        proof: as read.
        leaf: the entry's RFC 6962 leaf hash, 32 bytes.
        origin: the log it must stand in.
        log_keys: node keys of the log's owner that may be taken for good.
        cosigner_name: key name of who must have cosigned: `<node name>/receipt` or `/witness`; None when nobody must.
        cosigner_keys: that party's keys.

    Raises:
        LogProofError: the checkpoint, the path or the cosignature does not hold.
    """
    checkpoint = open_checkpoint(proof.note, origin, log_keys)
    check_inclusion(checkpoint.root, checkpoint.size, proof.index, leaf, proof.hashes)
    if cosigner_name is None:
        return VerifiedProof(proof.index, checkpoint, None)
    lines = split_note(proof.note)[1]
    cosigned = open_cosignatures(proof.note, lines, cosigner_name, cosigner_keys)[0]
    return VerifiedProof(proof.index, checkpoint, cosigned)
