"""Whose keys an audit looks for, out of the members this node knows (federation.md §3 Dating, §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from federation.dating import Witnessed, good_records, judged_at
from federation.errors import LogProofError
from federation.keys import PublicKey, public_from_jwk
from federation.names import parse_node_name
from federation.note import open_cosignatures, split_note
from federation.ports import MemberKey, MemberStore
from federation.tree import claims_of
from node.audit.problems import target_unknown
from node.audit.rules import Party

WITNESS = "witness"


def witness_of(members: MemberStore, code: str) -> str:
    """Node name of who cosigns a node's ledger: the node that issued its statement.

    Raises:
        Problem: `audit-target-unknown`.
    """
    member = members.get(code)
    if member is None:
        raise target_unknown(code)
    return claims_of(member.statement).issuer


def parties(
    members: MemberStore, code: str, origin: str, note: str, arrived_at: datetime
) -> tuple[Party, Party]:
    """Owner and witness of a ledger, with the keys that were good when the note was cosigned.

    The time of a cosignature counts when its key was good then and is not revoked by now; otherwise the arrival.
    """
    name = witness_of(members, code)
    witness_code = parse_node_name(name)[1]
    records = members.keys(witness_code, WITNESS)
    cosigner = f"{name}/{WITNESS}"
    at = judged_at(arrived_at, _cosignatures(note, cosigner, records), _is_revoked(records))
    owner = Party(origin, _public(good_records(members.keys(code, "node"), at)))
    return owner, Party(cosigner, _public(good_records(records, at)))


def _cosignatures(note: str, cosigner: str, records: list[MemberKey]) -> list[Witnessed]:
    try:
        return open_cosignatures(note, split_note(note)[1], cosigner, _public(records))
    except LogProofError:
        return []


def _is_revoked(records: list[MemberKey]) -> Callable[[str], bool]:
    revoked = {record.kid for record in records if record.revoked_at is not None}
    return lambda kid: kid in revoked


def _public(records: list[MemberKey]) -> tuple[PublicKey, ...]:
    return tuple(public_from_jwk(dict(record.jwk)) for record in records if record.jwk)
