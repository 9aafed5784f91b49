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

from federation.chain import VerifiedChain, verify_chain
from federation.dating import judge_key, judged_at
from federation.errors import LogProofError, TrustError
from federation.event import EVERYONE, RELAY, Entry, EntryError, parse_entry
from federation.events import check_schema
from federation.keys import Identity, PublicKey, Role
from federation.merkle import leaf_hash, prove_inclusion
from federation.names import Origin, WireNameError, parse_node_name, parse_origin
from federation.note import parse_checkpoint, split_note
from federation.ports import Limits, LogState, StoredEntry, Tx
from federation.proof import LogProof, VerifiedProof, format_proof, parse_proof, verify_proof
from federation.statements import ROTATION_PERIOD, StatedClaims
from federation.subtrees import reader_of
from federation.tree import ancestors_of, claims_of, is_stated_elsewhere, pins_of

__all__ = ["Relayed", "VerifiedRelay", "open_relay", "verify_relay", "wrap"]


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


def wrap(tx: Tx, state: LogState, stored: StoredEntry) -> dict[str, object] | None:
    """The data of the `relay.v1` for an entry of a received log; made by its first receiver.

    Returns:
        None when the entry is not receipted yet: it cannot be passed on before.
    """
    if stored.index >= state.receipted_size or stored.line is None:
        return None
    path = prove_inclusion(reader_of(tx.logs, state.origin), stored.index, state.receipted_size)
    proof = LogProof(stored.index, tuple(path), state.receipted_note)
    return {
        "chain": _chain_to_lower_end(tx, state),
        "proof": format_proof(proof),
        "entry": base64.b64encode(stored.line).decode("ascii"),
    }


def _chain_to_lower_end(tx: Tx, state: LogState) -> list[str]:
    chain = tx.members.chain()
    if state.role == "peer-down":
        return chain
    child = tx.members.get(state.peer)
    if child is None:
        raise AssertionError(f"{state.origin} came from a child without a statement")
    return [*chain, child.statement]


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


def verify_relay(
    tx: Tx, identity: Identity, relayed: Relayed, stored_at: datetime, now: datetime
) -> VerifiedRelay:
    """Verify what was passed on: the proof, the receipt, both keys as of the receipt.

    Args:
        tx: for the own chain, and the revocations and key histories this node knows.
        identity: this node's.
        relayed: as read. Whether it is for this node is the caller's check.
        stored_at: when it arrived here.
        now: by this node's clock.

    Raises:
        EntryError: reason `relay`.
    """
    try:
        return _verify(tx, identity, relayed, stored_at, now)
    except (LogProofError, TrustError) as error:
        raise _refused(f"{error.code}: {error.detail}", relayed.entry) from error


def _verify(
    tx: Tx, identity: Identity, relayed: Relayed, stored_at: datetime, now: datetime
) -> VerifiedRelay:
    if relayed.origin.network != identity.network:
        raise TrustError("an entry of another network", code="network")
    leaf = leaf_hash(relayed.entry.line)
    claimed = _ends(relayed, [claims_of(jws) for jws in relayed.chain])
    candidates = [_stated_keys(claims, role) for claims, role in zip(claimed, _ROLES, strict=True)]
    held = _check_proof(relayed, leaf, claimed[1].subject, candidates)
    if held.cosigned is None:
        raise AssertionError("a receipt was asked for")
    at = judged_at(stored_at, [held.cosigned], lambda kid: _revoked_at(tx, kid) is not None)
    chain = _verify_chain(tx, relayed, at, now)
    twice = [entry.code for entry in chain.statements if is_stated_elsewhere(tx.members, entry, at)]
    if len(twice) > 0:
        raise TrustError(f"{twice[0]} has another parent", code="chain")
    ends = _ends(relayed, chain.statements)
    good = [
        [key for key in chain.keys_at(end.subject, role, at) if _is_good(tx, key, at)]
        for end, role in zip(ends, _ROLES, strict=True)
    ]
    if good != candidates:
        _check_proof(relayed, leaf, ends[1].subject, good)
    if relayed.entry.destination == EVERYONE and ends[0].code not in ancestors_of(tx, identity):
        raise TrustError("an entry to everyone by a node that is not above this one", code="chain")
    return VerifiedRelay(relayed.entry, relayed.origin, held.index, leaf, chain)


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


def _check_proof(
    relayed: Relayed, leaf: bytes, receiver: str, keys: Sequence[Sequence[PublicKey]]
) -> VerifiedProof:
    return verify_proof(relayed.proof, leaf, str(relayed.origin), keys[0], f"{receiver}/receipt", keys[1])


def _verify_chain(tx: Tx, relayed: Relayed, at: datetime, now: datetime) -> VerifiedChain:
    """The chain under the anchor in force, or under an earlier one that was good at that time."""
    failure: TrustError | None = None
    for pin, ended_by in pins_of(tx).items():
        if ended_by is not None and at > ended_by.issued_at + ROTATION_PERIOD:
            continue
        try:
            return verify_chain(
                relayed.chain,
                pin,
                now,
                at=at,
                network=relayed.origin.network,
                subject=relayed.lower_end,
                revoked_at=lambda kid: _revoked_at(tx, kid),
            )
        except TrustError as error:
            failure = failure or error
    raise failure or TrustError("this node has no chain of its own yet", code="anchor")


def _revoked_at(tx: Tx, kid: str) -> datetime | None:
    record = tx.members.key(kid)
    return None if record is None else record.revoked_at


def _is_good(tx: Tx, key: PublicKey, at: datetime) -> bool:
    """Whether nothing this node knows of a stated key speaks against it."""
    record = tx.members.key(key.kid)
    return record is None or judge_key(record, at) in ("good", "not-yet")


def sender_of(relayed: VerifiedRelay) -> str:
    """Code of the node whose log the entry began in."""
    return parse_node_name(relayed.entry.source)[1]
