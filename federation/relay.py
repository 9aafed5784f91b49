"""Passing an entry on, and believing one that was passed on (federation.md §5 Relay).

An entry that is not for the node that receives it travels on as `relay.v1`, with the same `destination` and `subject`:

    {"chain": [jws, …],     the statements from the top to the lower end of the log it began in: they state both keys
     "proof": "c2sp.org/tlog-proof@v1\\n…",     that it stands in that log, the first receiver's receipt in it
     "entry": "<base64 of the exact line>"}

The first receiver makes it, every further node passes `data` on unchanged, the final receiver verifies it: a node in the
middle can neither alter, invent, repeat nor reorder. The lower end of an `up` log is its owner, of a `down` log the child
it is for; the other end is the statement's issuer. Both keys are judged as of the receipt (`federation.dating`).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from federation.chain import VerifiedChain, verify_chain
from federation.dating import Witnessed, judge_key, judged_at
from federation.errors import LogProofError, TrustError
from federation.event import EVERYONE, RELAY, Entry, EntryError, parse_entry
from federation.events import check_schema
from federation.keys import Identity, PublicKey, Role
from federation.merkle import check_inclusion, leaf_hash, prove_inclusion
from federation.names import Origin, WireNameError, parse_node_name, parse_origin
from federation.note import Checkpoint, open_checkpoint, open_cosignatures, parse_checkpoint, split_note
from federation.ports import Limits, LogState, MemberKey, StoredEntry, Tx
from federation.proof import LogProof, format_proof, parse_proof
from federation.statements import ROTATION_PERIOD, StatedClaims
from federation.subtrees import cached_reader
from federation.tree import ancestors_of, claims_of, is_stated_elsewhere, pins_of

__all__ = ["Relayed", "VerifiedRelay", "Verifier", "Wrapper", "open_relay", "sender_of"]


@dataclass(frozen=True, slots=True)
class Relayed:
    """A `relay.v1` as read: well formed, nothing of it verified.

    Attributes:
        entry: the inner entry.
        origin: the log it is said to stand in.
    """

    entry: Entry
    origin: Origin
    chain: tuple[str, ...]
    proof: LogProof

    @property
    def lower_end(self) -> str:
        """Node name of the lower end of the log."""
        return self.origin.owner if self.origin.kind == "up" else f"{self.origin.network}/{self.origin.child}"


@dataclass(frozen=True, slots=True)
class VerifiedRelay:
    """A relayed entry that stands in its origin's log, was receipted, and is believed.

    Attributes:
        entry: the inner entry.
        origin: the log it stands in.
        index: where.
        leaf: its leaf hash, 32 bytes.
        chain: from the top to the log's lower end.
    """

    entry: Entry
    origin: Origin
    index: int
    leaf: bytes
    chain: VerifiedChain


class Wrapper:
    """Makes the data of `relay.v1` for entries of one received log; only their first receiver does.

    What many of them share, the chain and the upper part of the tree, is read once: it lives as long as its transaction.
    """

    def __init__(self, tx: Tx, state: LogState) -> None:
        self._tx = tx
        self._state = state
        self._reader = cached_reader(tx.logs, state.origin, state.receipted_size)

    @cached_property
    def _chain(self) -> list[str]:
        """From the top to the log's lower end."""
        chain = self._tx.members.chain()
        if self._state.role == "peer-down":
            return chain
        child = self._tx.members.get(self._state.peer)
        if child is None:
            raise AssertionError(f"{self._state.origin} came from a child without a statement")
        return [*chain, child.statement]

    def wrap(self, stored: StoredEntry) -> dict[str, object] | None:
        """The data for one entry; None when it is not receipted yet: it cannot be passed on before."""
        size = self._state.receipted_size
        if stored.index >= size or stored.line is None:
            return None
        path = prove_inclusion(self._reader, stored.index, size)
        proof = LogProof(stored.index, tuple(path), self._state.receipted_note)
        return {
            "chain": self._chain,
            "proof": format_proof(proof),
            "entry": base64.b64encode(stored.line).decode("ascii"),
        }


def open_relay(outer: Entry, limits: Limits) -> Relayed:
    """Read a `relay.v1`; nothing is verified, but inner and outer must fit.

    Raises:
        EntryError: reason `relay`.
    """
    try:
        check_schema(RELAY, outer.data)
        line = base64.b64decode(outer.data["entry"], validate=True)
        entry = parse_entry(line, limits)
        proof = parse_proof(outer.data["proof"])
        origin = parse_origin(parse_checkpoint(split_note(proof.note)[0]).origin)
    except EntryError as error:
        raise _refused(f"{error.reason}: {error.detail}", outer) from error
    except (binascii.Error, ValueError, LogProofError, WireNameError) as error:
        raise _refused(f"not readable: {error}", outer) from error
    if (entry.destination, entry.subject) != (outer.destination, outer.subject):
        raise _refused("the inner entry has another destination or subject", outer)
    if entry.type == RELAY or origin.kind == "ledger":
        raise _refused("what is relayed is an origin's own entry of a stream", outer)
    if entry.source != origin.owner:
        raise _refused(f"{entry.source} does not own {origin}", outer)
    if entry.destination == EVERYONE and origin.kind != "down":
        raise _refused("an entry to everyone stands in a `down` log", outer)
    return Relayed(entry, origin, tuple(outer.data["chain"]), proof)


def _refused(detail: str, entry: Entry) -> EntryError:
    return EntryError("relay", detail, subject=entry.subject)


# --- the final receiver's checks -----------------------------------------------------------------------------


class Verifier:
    """Verifies what was passed on: the proof, the receipt, both keys as of the receipt.

    Entries of one batch share their chain and checkpoint, so these are verified once; it lives as long as its
    transaction. `forget` when members or keys changed in it.

    Args:
        tx: for the own chain, and the revocations and key histories this node knows.
        identity: this node's.
        now: by this node's clock.
    """

    def __init__(self, tx: Tx, identity: Identity, now: datetime) -> None:
        self._tx = tx
        self._identity = identity
        self._now = now
        self._chains: dict[tuple[tuple[str, ...], str, datetime], VerifiedChain] = {}
        self._records: dict[str, MemberKey | None] = {}
        self._notes: dict[tuple[object, ...], tuple[Checkpoint, Witnessed]] = {}

    def forget(self) -> None:
        """Members or keys changed."""
        self._chains.clear()
        self._records.clear()

    def verify(self, relayed: Relayed, stored_at: datetime) -> VerifiedRelay:
        """Verify one entry. Whether it is for this node is the caller's check.

        Args:
            stored_at: when it arrived here.

        Raises:
            EntryError: reason `relay`.
        """
        try:
            return self._verify(relayed, stored_at)
        except (LogProofError, TrustError) as error:
            raise _refused(f"{error.code}: {error.detail}", relayed.entry) from error

    def _verify(self, relayed: Relayed, stored_at: datetime) -> VerifiedRelay:
        if relayed.origin.network != self._identity.network:
            raise TrustError("an entry of another network", code="network")
        claimed = _ends(relayed, [claims_of(jws) for jws in relayed.chain])
        stated = [_stated_keys(claims, role) for claims, role in zip(claimed, _ROLES, strict=True)]
        checkpoint, receipt = self._open_note(relayed, claimed[1].subject, stated)
        leaf, proof = leaf_hash(relayed.entry.line), relayed.proof
        check_inclusion(checkpoint.root, checkpoint.size, proof.index, leaf, proof.hashes)
        at = judged_at(stored_at, [receipt], lambda kid: self._revoked_at(kid) is not None)
        chain = self._chain(relayed, at)
        ends = _ends(relayed, chain.statements)
        good = [
            [key for key in chain.keys_at(end.subject, role, at) if self._is_good(key, at)]
            for end, role in zip(ends, _ROLES, strict=True)
        ]
        if good != stated:
            self._open_note(relayed, ends[1].subject, good)
        is_for_all = relayed.entry.destination == EVERYONE
        if is_for_all and ends[0].code not in ancestors_of(self._tx, self._identity):
            raise TrustError("an entry to everyone by a node that is not above this one", code="chain")
        return VerifiedRelay(relayed.entry, relayed.origin, proof.index, leaf, chain)

    def _open_note(
        self, relayed: Relayed, receiver: str, keys: Sequence[Sequence[PublicKey]]
    ) -> tuple[Checkpoint, Witnessed]:
        """The checkpoint under the owner's keys, with the receipt under the receiver's."""
        note, origin = relayed.proof.note, str(relayed.origin)
        known = (note, origin, receiver, tuple(keys[0]), tuple(keys[1]))
        if known not in self._notes:
            checkpoint = open_checkpoint(note, origin, keys[0])
            lines = split_note(note)[1]
            receipt = open_cosignatures(note, lines, f"{receiver}/receipt", keys[1])[0]
            self._notes[known] = checkpoint, receipt
        return self._notes[known]

    def _chain(self, relayed: Relayed, at: datetime) -> VerifiedChain:
        """The chain, judged at an instant; no node in it may have another parent here."""
        known = (relayed.chain, relayed.lower_end, at)
        if known not in self._chains:
            chain = self._verify_chain(relayed, at)
            twice = [one.code for one in chain.statements if is_stated_elsewhere(self._tx.members, one, at)]
            if len(twice) > 0:
                raise TrustError(f"{twice[0]} has another parent", code="chain")
            self._chains[known] = chain
        return self._chains[known]

    def _verify_chain(self, relayed: Relayed, at: datetime) -> VerifiedChain:
        """The chain under the anchor in force, or under an earlier one that was good at that time."""
        failure: TrustError | None = None
        for pin, ended_by in pins_of(self._tx).items():
            if ended_by is not None and at > ended_by.issued_at + ROTATION_PERIOD:
                continue
            try:
                return verify_chain(
                    relayed.chain,
                    pin,
                    self._now,
                    at=at,
                    network=relayed.origin.network,
                    subject=relayed.lower_end,
                    revoked_at=self._revoked_at,
                )
            except TrustError as error:
                failure = failure or error
        raise failure or TrustError("this node has no chain of its own yet", code="anchor")

    def _record(self, kid: str) -> MemberKey | None:
        if kid not in self._records:
            self._records[kid] = self._tx.members.key(kid)
        return self._records[kid]

    def _revoked_at(self, kid: str) -> datetime | None:
        record = self._record(kid)
        return None if record is None else record.revoked_at

    def _is_good(self, key: PublicKey, at: datetime) -> bool:
        """Whether nothing this node knows of a stated key speaks against it."""
        record = self._record(key.kid)
        return record is None or judge_key(record, at) in ("good", "not-yet")


_ROLES: tuple[Role, Role] = ("node", "receipt")
"""The log owner's role, and the first receiver's."""


def _ends(relayed: Relayed, chain: Sequence[StatedClaims]) -> tuple[StatedClaims, StatedClaims]:
    """(the owner of the log, its first receiver): the last two of the chain, in the log's direction."""
    if len(chain) < 2 or chain[-1].subject != relayed.lower_end or chain[-2].is_succession:
        raise TrustError(f"the chain does not lead to {relayed.lower_end}", code="chain")
    upper, lower = chain[-2], chain[-1]
    owner, receiver = (lower, upper) if relayed.origin.kind == "up" else (upper, lower)
    if owner.subject != relayed.origin.owner:
        raise TrustError(f"{relayed.origin.owner} is not the upper end", code="chain")
    return owner, receiver


def _stated_keys(claims: StatedClaims, role: Role) -> list[PublicKey]:
    replaced = claims.previous.get(role)
    return [claims.keys.get(role), *([] if replaced is None else [replaced])]


def sender_of(relayed: VerifiedRelay) -> str:
    """Code of the node whose log the entry began in."""
    return parse_node_name(relayed.entry.source)[1]
