"""Judging a citizen's proof file, offline, with the trust anchor alone (federation.md §6, Citizen's slip).

The file is a `.tlog-proof` (`federation.proof`) whose `extra` is the JSON object

    {"chain":[jws, …],"entry":"<base64 of the fact's exact line>","salt":"<base64 of 16 bytes, or of none>"}

`chain` leads from the top to the node that owns the ledger, so the statement before the last names the witness. There
are three results: **witnessed** (the level above cosigned a head that holds the fact), **promised** (the node signed such
a head, nobody else has yet), **false**. The chain is judged at the time of the cosignature, which is part of what is
signed; a mere promise at the last instant its statements were good.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from federation import canonical
from federation.chain import RevokedAt, VerifiedChain, nothing_revoked, verify_chain
from federation.errors import FederationError
from federation.keys import PublicKey
from federation.merkle import leaf_hash
from federation.names import parse_origin
from federation.note import open_cosignatures, parse_checkpoint, read_lines, split_note
from federation.proof import LogProof, parse_proof, verify_proof
from federation.statements import read_statement
from node.ledger.rules import SALT_BYTES, Fact, FactError, read_fact

Result = Literal["witnessed", "promised", "false"]
KeysAt = Callable[[str, Literal["node", "witness"], datetime], Sequence[PublicKey]]
"""(node name, role, instant) → further keys of that node known to have been good then."""
_SECOND_BYTES = 8
_LAST_SECOND = 253_402_300_799


def no_more_keys(_name: str, _role: Literal["node", "witness"], _at: datetime) -> Sequence[PublicKey]:
    """For a judge who knows nobody: the chain in the file is all there is."""
    return ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof file is worth.

    Attributes:
        code: `witnessed`, `promised`, or why it is false: `malformed`, `chain`, `proof`, `fact`, or the code of the
            federation's error.
        detail: technical English for the operator; "" when it holds.
        fact, origin, index, size: what it proves; None, "" and -1 when it is false.
        witness: node name of who cosigned; "" when nobody did.
        witnessed_at: when; None when nobody did.
        salt: opens the fact's commitments; b"" when there is none.
    """

    result: Result
    code: str
    detail: str = ""
    fact: Fact | None = None
    origin: str = ""
    index: int = -1
    size: int = -1
    witness: str = ""
    witnessed_at: datetime | None = None
    salt: bytes = b""

    @property
    def zh(self) -> str:
        """The result as a sentence."""
        return _SENTENCES.get(self.code, _SENTENCES["proof"])[0]

    @property
    def en(self) -> str:
        """The same in English."""
        return _SENTENCES.get(self.code, _SENTENCES["proof"])[1]


_SENTENCES = {
    "witnessed": (
        "属实:这一条在该单位的账本里,并经上级见证。",
        "True: the entry stands in that office's ledger, and the level above has witnessed it.",
    ),
    "promised": (
        "未经见证:该单位承诺这一条在它的账本里,上级尚未见证。请稍后凭查询码重新下载证明。",
        "Not witnessed yet: the office promises that the entry stands in its ledger. Fetch the proof again later with"
        " the query code.",
    ),
    "malformed": (
        "不属实:这不是一份完整的证明文件。请重新下载,不要改动文件内容。",
        "False: this is no complete proof file. Fetch it again and do not change it.",
    ),
    "chain": (
        "不属实:出具证明的单位不属于本网络,或它的身份证明不成立。",
        "False: the office that issued it does not belong to this network, or its identity does not hold.",
    ),
    "revoked": (
        "不属实:出具证明时,该单位的密钥已被撤销。请到上一级单位查询。",
        "False: the keys of that office had been revoked by then. Ask at the office above it.",
    ),
    "proof": (
        "不属实:证明与账本对不上,内容可能被改动过。请持原件到上一级单位投诉。",
        "False: the proof does not fit the ledger; something was changed. Take it to the office above and complain.",
    ),
    "fact": (
        "不属实:证明的不是一条办事记录。",
        "False: what it proves is no record of a matter.",
    ),
}


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof file as read; nothing is verified."""

    proof: LogProof
    line: bytes
    salt: bytes
    chain: tuple[str, ...]


def format_extra(line: bytes, salt: bytes, chain: Sequence[str]) -> bytes:
    """What stands in `extra`: canonical JSON."""
    packed = {"entry": _packed(line), "salt": _packed(salt), "chain": list(chain)}
    return canonical.dump(packed)


def read_proof_file(text: str) -> ProofFile:
    """Reads a proof file strictly.

    Raises:
        FederationError: it is none.
        ValueError: what stands in `extra` is not of the form described.
    """
    proof = parse_proof(text)
    extra = canonical.load_object(proof.extra or b"")
    chain = extra.get("chain")
    if not isinstance(chain, list) or not all(isinstance(jws, str) for jws in chain):
        raise ValueError("chain must be a list of statements")
    salt = _unpacked(extra.get("salt"))
    if len(salt) not in (0, SALT_BYTES):
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return ProofFile(proof, _unpacked(extra.get("entry")), salt, tuple(chain))


def judge_proof(
    text: str,
    anchor: str,
    now: datetime,
    *,
    revoked_at: RevokedAt = nothing_revoked,
    more_keys: KeysAt = no_more_keys,
) -> Verdict:
    """Judges a proof file; never raises for what stands in it.

    Args:
        text: the file.
        anchor: thumbprint of the top's node key.
        now: the judge's clock.
        revoked_at: revocations the judge knows.
        more_keys: key history the judge knows, for files older than a rotation.
    """
    try:
        file = read_proof_file(text)
        head = parse_checkpoint(split_note(file.proof.note)[0])
        owner = parse_origin(head.origin)
    except (FederationError, ValueError) as error:
        return Verdict("false", "malformed", str(error))
    try:
        at = _judged_at(file, owner.owner, now)
        chain = verify_chain(file.chain, anchor, now, at=at, subject=owner.owner, revoked_at=revoked_at)
    except FederationError as error:
        return Verdict(
            "false", "revoked" if error.code == "revoked" else "chain", f"{error.code}: {error.detail}"
        )
    if owner.kind != "ledger":
        return Verdict("false", "fact", f"{head.origin} is no ledger")
    return _judge_entry(file, chain, head.origin, at, more_keys)


def _judge_entry(
    file: ProofFile, chain: VerifiedChain, origin: str, at: datetime, more_keys: KeysAt
) -> Verdict:
    """The Merkle part, once the chain holds."""
    owner, above = chain.node.subject, chain.parent
    log_keys = [*chain.keys_at(owner, "node", at), *more_keys(owner, "node", at)]
    witness = "" if above is None else above.subject
    try:
        held = verify_proof(file.proof, leaf_hash(file.line), origin, _once(log_keys))
        fact = read_fact(file.line)
    except FactError as error:
        return Verdict("false", "fact", str(error))
    except FederationError as error:
        return Verdict("false", "proof", f"{error.code}: {error.detail}")
    promised = Verdict(
        "promised",
        "promised",
        fact=fact,
        origin=origin,
        index=held.index,
        size=held.checkpoint.size,
        salt=file.salt,
    )
    if witness == "" or not _names(file, f"{witness}/witness"):
        return promised
    keys = _once([*chain.keys_at(witness, "witness", at), *more_keys(witness, "witness", at)])
    try:
        lines = split_note(file.proof.note)[1]
        cosigned = open_cosignatures(file.proof.note, lines, f"{witness}/witness", keys)[0]
    except FederationError as error:
        return Verdict("false", "proof", f"{error.code}: {error.detail}")
    return replace(promised, result="witnessed", code="witnessed", witness=witness, witnessed_at=cosigned.at)


def _judged_at(file: ProofFile, owner: str, now: datetime) -> datetime:
    """When the chain must have been good: the cosignature's own time (verified later), else as late as it was good."""
    claims = [read_statement(jws) for jws in file.chain]
    above = next((one.issuer for one in reversed(claims) if one.subject == owner and one.issuer != owner), "")
    times = [
        int.from_bytes(line.signature[:_SECOND_BYTES], "big")
        for line in read_lines(split_note(file.proof.note)[1])
        if above != "" and line.key_name == f"{above}/witness"
    ]
    good = [second for second in times if second <= _LAST_SECOND]
    if good:
        return datetime.fromtimestamp(min(good), now.tzinfo)
    return min([now, *(one.expires_at for one in claims)])


def _names(file: ProofFile, key_name: str) -> bool:
    return any(line.key_name == key_name for line in read_lines(split_note(file.proof.note)[1]))


def _once(keys: Sequence[PublicKey]) -> list[PublicKey]:
    return list(dict.fromkeys(keys))


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unpacked(text: Any) -> bytes:
    if not isinstance(text, str):
        raise ValueError("entry and salt are base64")
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("entry and salt are base64") from error
    if _packed(data) != text:
        raise ValueError("base64 in a second spelling")
    return data
