"""Checking a slip: by its proof file, which is judged; by its code alone, from which only a head can be shown.

Source: federation.md §6 Citizen's slip; the words are those of ui.md.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qs

from sqlalchemy.orm import Session

from federation.errors import FederationError
from federation.merkle import leaf_hash
from federation.names import parse_node_name, parse_origin
from federation.statements import read_statement
from node.cases.context import CaseContext
from node.kernel.clock import local_time, parse_utc
from node.kernel.problems import Problem
from node.ledger.proofs import LedgerProofs
from node.ledger.verifying import Verdict, read_proof_file
from node.portal.problems import code_unreadable, proof_too_large

Words = tuple[str, str]
LEAF_BYTES = 32
CODE_MAX = 1000
PROOF_MAX = 200_000
"""Bytes of a proof file; a real one has about three thousand."""


@dataclass(frozen=True, slots=True)
class SlipCode:
    """What a slip's QR code holds: the ledger, and the leaf hash of the registration."""

    origin: str
    leaf: bytes

    @property
    def owner(self) -> str:
        """Code of the node that owns the ledger."""
        return parse_node_name(parse_origin(self.origin).owner)[1]

    @property
    def packed(self) -> str:
        """The leaf as it stands in the code."""
        return base64.urlsafe_b64encode(self.leaf).decode("ascii").rstrip("=")


@dataclass(frozen=True, slots=True)
class Checked:
    """A result.

    Attributes:
        result: one of three: witnessed, promised by the node and not yet witnessed, false.
        sentence: for the citizen, in the fixed words.
        why: what exactly is wrong; ("", "") when nothing is.
        fingerprint: hex leaf hash; "" when the file could not be read.
        owner, witness: names of whose register it is, and of who witnessed it; "" when not known.
        item: name of the item registered; ("", "") when not known.
    """

    result: Literal["witnessed", "promised", "false"]
    sentence: Words
    why: Words = ("", "")
    fingerprint: str = ""
    verdict: Verdict | None = None
    owner: str = ""
    witness: str = ""
    item: Words = ("", "")
    registered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """What a level above can show from the code alone: the last head it witnessed of that ledger.

    Attributes:
        name: the node that owns the ledger, in words.
        place: `own` this node's ledger, `below` a direct child's, `elsewhere` none that this node witnesses.
        size: entries under the head; -1 where there is none.
    """

    name: str
    place: Literal["own", "below", "elsewhere"]
    size: int = -1
    at: datetime | None = None


def read_slip_code(text: str) -> SlipCode:
    """Reads the text of a slip's QR code, or its query part alone.

    Raises:
        Problem: `slip-code-unreadable`.
    """
    bare = text.strip()[:CODE_MAX]
    found = parse_qs(bare.rpartition("?")[2].partition("#")[0])
    return slip_code(found.get("o", [""])[0], found.get("l", [""])[0])


def slip_code(origin: str, packed: str) -> SlipCode:
    """The code of its two parts.

    Raises:
        Problem: `slip-code-unreadable`.
    """
    try:
        leaf = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        if len(leaf) != LEAF_BYTES or parse_origin(origin).kind != "ledger":
            raise ValueError(packed)
    except (FederationError, ValueError, binascii.Error) as error:
        raise code_unreadable() from error
    return SlipCode(origin, leaf)


def check_file(
    proofs: LedgerProofs, context: CaseContext, session: Session, content: bytes, code: SlipCode | None
) -> Checked:
    """Judges a proof file, and against the slip's code where that is known.

    Raises:
        Problem: `proof-too-large`.
    """
    if len(content) > PROOF_MAX:
        raise proof_too_large(PROOF_MAX)
    text = content.decode("utf-8", errors="replace")
    return _checked(proofs.judge(session, text), context, session, text, code)


def check_own(
    proofs: LedgerProofs, context: CaseContext, session: Session, code: SlipCode
) -> Checked | Problem:
    """At the node that owns the ledger the code alone suffices: it holds the entry.

    Returns:
        The result; a problem to be told as it is where the entry was erased after its retention.
    """
    try:
        text = proofs.of_leaf(session, code.leaf).text
    except Problem as problem:
        if problem.code == "fact-not-sequenced":
            return Checked("promised", PROMISED, fingerprint=code.leaf.hex())
        if problem.code == "fact-erased":
            return problem
        return Checked("false", FALSE, NOT_IN_LEDGER, code.leaf.hex())
    return _checked(proofs.judge(session, text), context, session, text, code)


def head_of(proofs: LedgerProofs, context: CaseContext, session: Session, code: SlipCode) -> Head:
    """What can be shown of a ledger from a code alone."""
    name = context.name_of(session, code.owner)
    own = parse_origin(context.origin(session)).owner == parse_origin(code.origin).owner
    head = proofs.last_witnessed(session, code.origin)
    if head is not None:
        return Head(name, "below", head.size, head.witnessed_at)
    return Head(name, "own" if own else "elsewhere")


def _checked(
    verdict: Verdict, context: CaseContext, session: Session, text: str, code: SlipCode | None
) -> Checked:
    if verdict.result == "false" or verdict.fact is None:
        why = verdict.zh.removeprefix("不属实:"), verdict.en.removeprefix("False: ").capitalize()
        return Checked("false", FALSE, why, "" if code is None else code.leaf.hex(), verdict)
    file, owner = read_proof_file(text), parse_origin(verdict.origin).owner
    leaf = leaf_hash(file.line)
    if code is not None and (code.leaf != leaf or code.owner != parse_node_name(owner)[1]):
        return Checked("false", FALSE, OTHER_SLIP, code.leaf.hex(), verdict)
    at, is_witnessed = parse_utc(verdict.fact.at), verdict.result == "witnessed"
    witness = _name(context, session, verdict.witness, file.chain) if is_witnessed else ""
    pending = PROMISED if len({read_statement(jws).subject for jws in file.chain}) > 1 else TOP
    item = context.in_force(session, verdict.fact.item, context.today())
    return Checked(
        "witnessed" if is_witnessed else "promised",
        _true(at, verdict.index + 1, witness) if is_witnessed else pending,
        fingerprint=leaf.hex(),
        verdict=verdict,
        owner=_name(context, session, owner, file.chain),
        witness=witness,
        item=(verdict.fact.item,) * 2 if item is None else (item.name_zh, item.name_en),
        registered_at=at,
    )


def _name(context: CaseContext, session: Session, node: str, chain: tuple[str, ...]) -> str:
    """A node's name for people: as known here, else as the chain in the file states it."""
    code = parse_node_name(node)[1]
    known = context.name_of(session, code)
    if known != code:
        return known
    stated = (read_statement(jws) for jws in chain)
    return next((one.display_name for one in stated if one.subject == node), code)


def _true(at: datetime, number: int, witness: str) -> Words:
    local = local_time(at)
    clock = f"{local.hour}:{local.minute:02d}"
    return (
        f"属实。本件于 {local.month} 月 {local.day} 日 {clock} 在登记簿第 {number:,} 条登记,{witness}已见证。",
        f"True. The matter was registered on {local:%Y-%m-%d} at {clock} as entry {number:,} of the register; "
        f"{witness} has witnessed it.",
    )


PROMISED: Words = (
    "指纹与凭证一致;上级尚未见证,通常 15 分钟内完成。",
    "The fingerprint fits the slip. The level above has not witnessed it yet; that usually takes 15 minutes.",
)
TOP: Words = (
    "指纹与凭证一致;登记簿属于本网络最高一级,没有更上一级,未经见证。",
    "The fingerprint fits the slip. The register is that of the network's top, which no level above witnesses.",
)
FALSE: Words = (
    "不符。请保留凭证,点此向上一级反映。",
    "It does not fit. Keep the slip and tell the level above; see below where.",
)
NOT_IN_LEDGER: Words = (
    "本单位的登记簿里没有这一条。",
    "The register of this office has no such entry.",
)
OTHER_SLIP: Words = (
    "这份证明是另一张凭证的,与所扫的凭证不是同一件。",
    "The proof belongs to another slip than the one scanned.",
)
