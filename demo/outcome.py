"""What happened, read back from the nodes' APIs, and checked with public keys only."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.morning import Matter
from demo.office import Office
from federation.errors import FederationError
from federation.keys import PublicKey
from federation.merkle import leaf_hash
from federation.proof import parse_proof, verify_proof
from federation.statements import read_statement

RECEIPT_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """A node's public keys, as its own chain states them (`/.well-known/bianmin`)."""

    name: str
    node: PublicKey
    receipt: PublicKey


@dataclass
class MatterOutcome:
    """One matter as the nodes tell it."""

    case_number: str
    item: str
    item_name: str
    handling: str
    home: str
    path: list[str]
    decided_at: str | None
    state: str
    receipts_verified: int
    entries: int = 0
    bytes_sent: int = 0
    unproven: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "case_number": self.case_number,
            "item": self.item,
            "handling": self.handling,
            "home": self.home,
            "path": self.path,
            "decided_at": self.decided_at,
            "state": self.state,
            "receipts_verified": self.receipts_verified,
        }


def read_keys(office: Office) -> PublicKeys:
    """A node's keys from its public page; no account is needed."""
    stated = read_statement(str(office.well_known()["chain"][-1]))
    return PublicKeys(stated.subject, stated.keys.node, stated.keys.receipt)


def read_outcomes(matters: Sequence[Matter], offices: Mapping[str, Office]) -> list[MatterOutcome]:
    """Every matter's end, in the order they came."""
    by_code = {office.code: office for office in offices.values()}
    keys = {(found := read_keys(office)).name: found for office in offices.values()}
    return [_outcome(matter, by_code, keys) for matter in matters]


def _outcome(matter: Matter, offices: Mapping[str, Office], keys: Mapping[str, PublicKeys]) -> MatterOutcome:
    seen = matter.home.case(matter.number)
    assert seen is not None, "a node never forgets what it registered"
    outcome = MatterOutcome(
        case_number=matter.number,
        item=matter.visit.item,
        item_name=matter.item_name,
        handling=str(seen["handling"]),
        home=str(seen["home"]),
        path=[str(code) for code in seen["path"]],
        decided_at=seen["truths"]["decided_at"],
        state=str(seen["status"]),
        receipts_verified=0,
    )
    for code in outcome.path:
        for sent in offices[code].sent_about(str(seen["id"])):
            _count(outcome, sent, keys)
    return outcome


def _count(outcome: MatterOutcome, sent: Mapping[str, Any], keys: Mapping[str, PublicKeys]) -> None:
    """One entry of one hop: its receipt is checked, or named as unproven."""
    outcome.entries += 1
    outcome.bytes_sent += int(sent["bytes"])
    place = f"{sent['origin']}#{sent['index']}"
    if sent["entry"] is None or not sent["proof"]:
        outcome.unproven.append(f"{place}: no receipt")
        return
    sender = keys.get("/".join(str(sent["origin"]).split("/")[:2]))
    receiver = keys.get(str(sent["receiver"]))
    if sender is None or receiver is None:
        outcome.unproven.append(f"{place}: unknown end")
        return
    try:
        verify_proof(
            parse_proof(str(sent["proof"])),
            leaf_hash(base64.b64decode(sent["entry"])),
            str(sent["origin"]),
            [sender.node],
            cosigner_name=f"{receiver.name}/receipt",
            cosigner_keys=[receiver.receipt],
        )
    except FederationError as error:
        outcome.unproven.append(f"{place}: {error}")
        return
    outcome.receipts_verified += 1
