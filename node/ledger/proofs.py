"""Proofs of this node's facts, for citizens; and the judging of proofs with what this node knows (federation.md §6).

A proof of a fact is complete once the level above has cosigned a head that holds it. Before, the file carries this node's
own head and says so: a promise. Which of the two it is, nobody needs to believe: the file is judged by
`node.ledger.verifying`, here, at the level above, or by anybody with the trust anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from federation.dating import good_records
from federation.errors import TrustError
from federation.keys import PublicKey, public_from_jwk
from federation.merkle import prove_inclusion
from federation.names import parse_node_name
from federation.note import parse_checkpoint, read_lines, split_note
from federation.ports import LogState, Tx
from federation.proof import LogProof, format_proof
from federation.subtrees import reader_of
from node.kernel.clock import Clock
from node.ledger.problems import fact_erased, fact_not_sequenced, unknown_fact, unknown_leaf
from node.ledger.service import LedgerEntry, find_by_leaf, find_entry, revealed
from node.ledger.verifying import Verdict, format_extra, judge_proof

_SECOND_BYTES = 8  # of a cosignature: when it was made


@dataclass(frozen=True, slots=True)
class CitizenProof:
    """A proof file to be handed out.

    Attributes:
        text: the `.tlog-proof`.
        is_witnessed: whether the level above has cosigned the head in it.
        file_name: what to save it as; nothing personal.
    """

    text: str
    is_witnessed: bool
    file_name: str


@dataclass(frozen=True, slots=True)
class WitnessedHead:
    """The last head of a child's ledger that this node cosigned.

    Attributes:
        note: with the cosignature.
    """

    origin: str
    size: int
    note: str

    @property
    def witnessed_at(self) -> datetime:
        """When: the time in the cosignature this node kept."""
        lines = read_lines(split_note(self.note)[1])
        stamp = next(line.signature for line in reversed(lines) if line.key_name.endswith("/witness"))
        return datetime.fromtimestamp(int.from_bytes(stamp[:_SECOND_BYTES], "big"), UTC)


class LedgerProofs:
    """Gives out and judges proofs.

    Args:
        stores: the federation's stores inside a session's transaction (reading will do).
        anchor: thumbprint of the trust anchor; read anew, since it may move.
    """

    def __init__(self, stores: Callable[[Session], Tx], anchor: Callable[[], str], clock: Clock) -> None:
        self._stores = stores
        self._anchor = anchor
        self._clock = clock

    def of_fact(self, session: Session, fact_id: str | UUID) -> CitizenProof:
        """The proof of a fact of this node.

        Raises:
            Problem: `fact-unknown`, `fact-not-sequenced`, `fact-erased`.
        """
        tx = self._stores(session)
        return self._prove(session, tx, find_entry(session, tx.logs, fact_id))

    def of_leaf(self, session: Session, leaf: bytes) -> CitizenProof:
        """The proof of the fact with that leaf hash: what a slip's QR names.

        Raises:
            Problem: `fact-unknown`, `fact-not-sequenced`, `fact-erased`.
        """
        tx = self._stores(session)
        entry = find_by_leaf(session, tx.logs, leaf)
        if entry is None:
            raise unknown_leaf(leaf)
        return self._prove(session, tx, entry)

    def judge(self, session: Session, text: str) -> Verdict:
        """Judges a proof file with the chain in it, this node's pin, and the keys and revocations it knows."""
        members = self._stores(session).members

        def revoked_at(kid: str) -> datetime | None:
            record = members.key(kid)
            return None if record is None else record.revoked_at

        def more_keys(name: str, role: Literal["node", "witness"], at: datetime) -> Sequence[PublicKey]:
            return [
                public_from_jwk(record.jwk)
                for record in good_records(members.keys(parse_node_name(name)[1], role), at)
                if record.jwk
            ]

        try:
            return judge_proof(
                text, self._anchor(), self._clock.now(), revoked_at=revoked_at, more_keys=more_keys
            )
        except TrustError as error:
            return Verdict("false", "chain", error.detail)

    def last_witnessed(self, session: Session, origin: str) -> WitnessedHead | None:
        """What this node, as the level above, last cosigned of a ledger; None when it witnesses none of that name.

        From a slip's code alone this is all that can be shown.
        """
        state = self._stores(session).logs.get(origin)
        if state is None or state.role != "peer-ledger" or state.receipted_note == "":
            return None
        return WitnessedHead(origin, state.receipted_size, state.receipted_note)

    def _prove(self, session: Session, tx: Tx, entry: LedgerEntry) -> CitizenProof:
        if entry.index is None:
            raise fact_not_sequenced(entry.id)
        if entry.line is None:
            raise fact_erased(entry.id)
        state = tx.logs.get(entry.origin)
        if state is None:
            raise unknown_fact(entry.id)
        note, size, is_witnessed = _head_over(state, entry.index)
        opened = revealed(session, entry.id)
        proof = LogProof(
            index=entry.index,
            hashes=tuple(prove_inclusion(reader_of(tx.logs, entry.origin), entry.index, size)),
            note=note,
            extra=format_extra(entry.line, b"" if opened is None else opened[0], tx.members.chain()),
        )
        return CitizenProof(format_proof(proof), is_witnessed, f"{entry.id}.tlog-proof")


def _head_over(state: LogState, index: int) -> tuple[str, int, bool]:
    """The best head that holds an entry: (note, size, whether it was cosigned)."""
    if state.receipted_note != "" and state.receipted_size > index:
        size = parse_checkpoint(split_note(state.receipted_note)[0]).size
        return state.receipted_note, size, True
    return state.note, state.size, False
