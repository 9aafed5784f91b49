"""Facts: one RFC 8785 line an act, without personal data; pure (federation.md §6).

    {"v":1,"id","type","at","day","actor","post", and as it needs "case","seq","from","to","item","item_version",
     "authorization","clocks","paper","materials","amount_fen","number","reason","data"}

A person, a material, an authorization stands as a commitment: `sha-256(salt ‖ canonical JSON of the value)` in hex,
with one random salt of 16 bytes for each fact. Salt and values are kept beside the data: who holds them can open the
fact, and once they are erased only a hash is left. Example: the value `"李芳"` under a salt of sixteen zero bytes is
`e26d3696…` (tests/unit/node/ledger/test_rules.py holds the vector).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from federation import canonical
from federation.ports import Limits
from node.kernel.clock import format_utc, local_date

FACT_VERSION = 1
SALT_BYTES = 16
OPEN_ACTORS = frozenset({"machine", "applicant"})
"""Actors that are no person of the staff; they stand open."""
_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_TYPE_MAX = 64
_LINE_MAX = Limits().ledger_entry_bytes


class FactError(ValueError):
    """A fact that may not be written: a mistake of the caller, never of a person."""


@dataclass(frozen=True, slots=True)
class FactDraft:
    """What a use case says it did. Empty strings, empty collections and None are left out of the line.

    Attributes:
        type: `<capability>.<past or act>`, such as `case.accept`, `fee.received`, `staff.signed_in`.
        at: the instant, aware.
        actor: pseudonym of the person, `machine` or `applicant`; a person stands as a commitment.
        post: name of the post in whose name it was done; no person's name.
        case: the case's UUID.
        seq: number of the case's change.
        source: status before (`from`).
        target: status after (`to`).
        item: item code.
        item_version: hash of the item version.
        authorization: number or id of the authorization; stands as a commitment.
        clocks: the case's clocks in open form.
        paper: number of the paper the act made.
        materials: what each material is; each stands as a commitment, in this order.
        amount_fen: money in fen; 0 is written.
        number: running number of a registration or a fee receipt.
        reason: a code, never free text.
        data: further open values; nothing personal.
        personal: further values that stand in `data` under their names as commitments.
    """

    type: str
    at: datetime
    actor: str
    post: str = ""
    case: str = ""
    seq: int | None = None
    source: str = ""
    target: str = ""
    item: str = ""
    item_version: str = ""
    authorization: str = ""
    clocks: Sequence[Mapping[str, Any]] = ()
    paper: str = ""
    materials: Sequence[Any] = ()
    amount_fen: int | None = None
    number: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)


class Fact(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """A fact read back from its line."""

    v: int
    id: str
    type: str
    at: str
    day: str
    actor: str
    post: str = ""
    case: str = ""
    seq: int | None = None
    source: str = ""
    target: str = ""
    item: str = ""
    item_version: str = ""
    authorization: str = ""
    clocks: list[dict[str, Any]] = []
    paper: str = ""
    materials: list[str] = []
    amount_fen: int | None = None
    number: str = ""
    reason: str = ""
    data: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class WrittenFact:
    """A draft as it will stand in the ledger.

    Attributes:
        line: the exact bytes, without a newline.
        salt: 16 bytes; b"" when nothing is committed to.
        values: what the commitments hide, by place: `actor`, `authorization`, `materials` (a list), `data.<name>`.
    """

    id: UUID
    line: bytes
    salt: bytes
    values: Mapping[str, Any]


def commit(value: Any, salt: bytes | None = None) -> tuple[bytes, str]:
    """A commitment to a value: (salt, 64 hex digits of SHA-256 over salt ‖ canonical JSON).

    Args:
        salt: 16 bytes; fresh random ones when None.

    Raises:
        FactError: the salt has another length.
    """
    chosen = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    if len(chosen) != SALT_BYTES:
        raise FactError(f"a salt has {SALT_BYTES} bytes, not {len(chosen)}")
    return chosen, hashlib.sha256(chosen + canonical.dump(value)).hexdigest()


def opens(commitment: str, salt: bytes, value: Any) -> bool:
    """Whether a value is what a commitment hides."""
    return secrets.compare_digest(commit(value, salt)[1], commitment)


def write_fact(draft: FactDraft, *, salt: bytes | None = None, fact_id: UUID | None = None) -> WrittenFact:
    """The line of a draft, and what its commitments hide.

    Args:
        salt: for test vectors; random otherwise.
        fact_id: for test vectors; random otherwise.

    Raises:
        FactError: bad type, or longer than a ledger entry may be.
        federation.errors.CanonicalError: a value has no RFC 8785 form.
    """
    if _TYPE.fullmatch(draft.type) is None or len(draft.type) > _TYPE_MAX:
        raise FactError(f"not a fact type: {draft.type!r}")
    if draft.actor == "":
        raise FactError(f"{draft.type}: a fact names its actor")
    overlap = set(draft.data) & set(draft.personal)
    if overlap:
        raise FactError(f"{draft.type}: open and personal at once: {', '.join(sorted(overlap))}")
    chosen = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    number = uuid4() if fact_id is None else fact_id
    values = _hidden(draft)
    document = _document(draft, number, lambda value: commit(value, chosen)[1])
    line = canonical.dump(document)
    if len(line) > _LINE_MAX:
        raise FactError(f"{draft.type}: a fact has at most {_LINE_MAX} bytes, this one {len(line)}")
    return WrittenFact(number, line, chosen if values else b"", values)


def _hidden(draft: FactDraft) -> dict[str, Any]:
    values: dict[str, Any] = {f"data.{name}": value for name, value in draft.personal.items()}
    if draft.actor not in OPEN_ACTORS:
        values["actor"] = draft.actor
    if draft.authorization:
        values["authorization"] = draft.authorization
    if draft.materials:
        values["materials"] = list(draft.materials)
    return values


def _document(draft: FactDraft, number: UUID, hide: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "v": FACT_VERSION,
        "id": str(number),
        "type": draft.type,
        "at": format_utc(draft.at),
        "day": local_date(draft.at).isoformat(),
        "actor": draft.actor if draft.actor in OPEN_ACTORS else hide(draft.actor),
        "post": draft.post,
    }
    needed: dict[str, Any] = {
        "case": draft.case,
        "from": draft.source,
        "to": draft.target,
        "item": draft.item,
        "item_version": draft.item_version,
        "authorization": hide(draft.authorization) if draft.authorization else "",
        "clocks": [dict(clock) for clock in draft.clocks],
        "paper": draft.paper,
        "materials": [hide(material) for material in draft.materials],
        "number": draft.number,
        "reason": draft.reason,
        "data": {**draft.data, **{name: hide(value) for name, value in draft.personal.items()}},
    }
    document.update({name: value for name, value in needed.items() if len(value) > 0})
    if draft.seq is not None:
        document["seq"] = draft.seq
    if draft.amount_fen is not None:
        document["amount_fen"] = draft.amount_fen
    return document


_decode = msgspec.json.Decoder(Fact).decode


def read_fact(line: bytes) -> Fact:
    """A fact from its line; members of later versions are ignored.

    Raises:
        FactError: it is none.
    """
    try:
        return _decode(line)
    except msgspec.DecodeError as error:
        raise FactError(f"not a fact: {error}") from error


def open_commitments(fact: Fact, salt: bytes, values: Mapping[str, Any]) -> list[str]:
    """Checks revealed values against a fact.

    Returns:
        The places whose value is not what the fact commits to, sorted; empty when all hold. A commitment of the fact
        that no value was given for is not named.
    """
    wrong = []
    for place, value in values.items():
        if place == "materials":
            given = value if isinstance(value, list) else []
            held = len(given) == len(fact.materials) and all(
                opens(commitment, salt, material)
                for commitment, material in zip(fact.materials, given, strict=True)
            )
        else:
            held = opens(_commitment_at(fact, place), salt, value)
        if not held:
            wrong.append(place)
    return sorted(wrong)


def _commitment_at(fact: Fact, place: str) -> str:
    if place == "actor":
        return fact.actor
    if place == "authorization":
        return fact.authorization
    value = fact.data.get(place.removeprefix("data."), "") if place.startswith("data.") else ""
    return value if isinstance(value, str) else ""
