"""Builds `protocol.json` from fixed seeds and instants; the same every time.

    python -m tests.vectors.building            prints what the file should hold
    python -m tests.vectors.building --write    writes it: a change of the wire contract, to be reviewed as such

The tests only compare. What is random on a real node (nonces, the ephemeral key of a seal) is fixed here.
"""

from __future__ import annotations

import base64
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from federation.enrolment import JoinInvitation, encode_invitation
from federation.event import write_entry
from federation.httpsig import read_head, sign_request
from federation.keys import Identity, KeySet, possession_message, prove_possession, raw_public
from federation.merkle import leaf_hash, prove_consistency, prove_inclusion, tree_root
from federation.names import origin_down, origin_ledger, origin_up
from federation.note import vkey
from federation.ports import Limits, LogState, Request
from federation.proof import LogProof, format_proof
from federation.sigbase import signature_base
from federation.statements import Subject, issue_own_statement, issue_statement, read_statement
from federation.stream import Extended, countersign, encode_checkpoint, extend, new_log, pack_lines
from tests.vectors import ledger, plain
from tests.vectors.cast import (
    CASE,
    CITY,
    COUNTY,
    EXPIRES,
    ISSUED,
    KEYS,
    NETWORK,
    OFFER,
    PLACES,
    RECEIPTED,
    SENT,
    TOWNSHIP,
    VILLAGE,
    WRITTEN,
    name_of,
    nonce_of,
    seed_of,
)

FILE = Path(__file__).with_name("protocol.json")
LIMITS = Limits()


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(data: bytes) -> str:
    return data.decode("utf-8")


# --- §2, §3: keys, statements, joining -----------------------------------------------------------------------


def _node(code: str) -> dict[str, Any]:
    """One node's keys: private in hex, public as JWK, and the names they have in notes."""
    level, scope, display = PLACES[code]
    keys, name = KEYS[code], name_of(code)
    public: KeySet = keys.public
    notes = {
        "ledger": vkey(origin_ledger(name), 1, raw_public(keys.node)),
        "receipt": vkey(f"{name}/receipt", 4, raw_public(keys.receipt)),
        "witness": vkey(f"{name}/witness", 4, raw_public(keys.witness)),
    }
    return {
        "code": code,
        "level": level,
        "scope": list(scope),
        "name": display,
        "seed": seed_of(code),
        "private": {role: plain.private_key(seed_of(code), role).hex() for role in public.kids},
        "jwks": {role: key.jwk for role, key in public.items()},
        "thumbprints": dict(public.kids),
        "vkeys": notes,
    }


def chain_to(code: str) -> list[str]:
    """The statements from the top down to a node, all issued at the same time."""
    chain: list[str] = []
    issuer: str | None = None
    for place, (level, scope, display) in PLACES.items():
        subject = Subject(
            subject=name_of(place), level=level, scope=scope, display_name=display, keys=KEYS[place].public
        )
        if issuer is None:
            chain.append(issue_own_statement(KEYS[place].node, subject, ISSUED))
        else:
            chain.append(issue_statement(KEYS[issuer].node, read_statement(chain[-1]), subject, ISSUED))
        issuer = place
        if place == code:
            break
    return chain


def _statements() -> dict[str, Any]:
    chain = chain_to(VILLAGE)
    header, claims, _ = (plain.unb64u(part) if part else b"" for part in chain[-1].split("."))
    return {
        "issued_at": _utc(ISSUED),
        "expires_at": _utc(EXPIRES),
        "anchor": KEYS[CITY].public.node.kid,
        "chain": chain,
        "village_header": _text(header),
        "village_claims": _text(claims),
    }


def _joining() -> dict[str, Any]:
    keys, name = KEYS[VILLAGE], name_of(VILLAGE)
    invitation = JoinInvitation(
        parent_url="https://yangkou.example",
        network=NETWORK,
        anchor=KEYS[CITY].public.node.kid,
        parent=name_of(TOWNSHIP),
        parent_key=KEYS[TOWNSHIP].public.node.kid,
        code=VILLAGE,
        level="village",
        name=PLACES[VILLAGE][2],
        token=plain.b64u(nonce_of("token")),
        expires=datetime.fromisoformat("2026-11-27T01:00:00+00:00"),
    )
    kid = keys.public.node.kid
    return {
        "invitation": encode_invitation(invitation),
        "token_sha256": plain.sha256(invitation.token.encode("ascii")).hex(),
        "possession_messages": {
            role: _text(possession_message(role, name, kid)) for role in ("receipt", "witness")
        },
        "proofs": prove_possession(keys, name),
    }


# --- §5: entries, a push, its receipt ------------------------------------------------------------------------

PERSONAL = {"applicant": {"name": "张三", "id_number": "11010519491231002X", "phone": "13800000000"}}
ITEM_VERSION = plain.sha256(b"bianmin/1 vectors item version").hex()


def sealed_part(source: str, destination: str, subject: str, payload: bytes, label: str) -> str:
    """`data.sealed`, as `federation.sealing` would make it with this ephemeral key and nonce."""
    seal_key = KEYS[destination].public.seal
    header = {
        "alg": "ECDH-ES",
        "apu": plain.b64u(source.encode("ascii")),
        "apv": plain.b64u(f"{destination}/{subject}".encode("ascii")),
        "enc": "A256GCM",
        "kid": seal_key.kid,
    }
    nonce = nonce_of(f"{label} nonce")[:12]
    return plain.seal(payload, header, seal_key.raw, nonce_of(f"{label} ephemeral key"), nonce)


def _offer() -> dict[str, Any]:
    return {
        "offer": OFFER,
        "case": CASE,
        "custody": 2,
        "number": f"{VILLAGE}2026112400001",
        "item": "示例事项-01",
        "item_version": ITEM_VERSION,
        "home": VILLAGE,
        "mode": "proxy",
        "offered_on": "2026-11-24",
        "clocks": [{"id": "T1", "started_on": "2026-11-24", "used_days": 0, "due_on": "2026-12-01"}],
        "blobs": [],
        "sealed": sealed_part(name_of(VILLAGE), COUNTY, CASE, plain.canonical(PERSONAL), "offer"),
    }


def village_lines() -> list[bytes]:
    """Three entries of the village's `up` log: an offer to the county, a withdrawal, an acknowledgement."""
    withdrawn = {"case": CASE, "custody": 2, "by": "applicant", "at": _utc(WRITTEN)}
    received = {"entries": [{"origin": origin_down(name_of(TOWNSHIP), VILLAGE), "index": 0}]}
    rows: list[tuple[str, str, str, int, dict[str, Any]]] = [
        ("case.offered.v1", CASE, COUNTY, 1, _offer()),
        ("case.withdrawn.v1", CASE, COUNTY, 2, withdrawn),
        ("relay.received.v1", f"received/{TOWNSHIP}", TOWNSHIP, 1, received),
    ]
    return [
        write_entry(
            id=f"{place:08x}-0000-4000-8000-000000000000",
            source=name_of(VILLAGE),
            type=type_,
            subject=subject,
            time=_utc(WRITTEN),
            destination=destination,
            seq=seq,
            data=data,
        )
        for place, (type_, subject, destination, seq, data) in enumerate(rows, 1)
    ]


def pushed() -> Extended:
    """The village's `up` log after these entries."""
    log = new_log(origin_up(name_of(VILLAGE)), "own-up", TOWNSHIP)
    return extend(log, village_lines(), KEYS[VILLAGE].node, LIMITS)


def receipted() -> tuple[LogState, str]:
    """The same log as the township holds it, and the receipt line it answers."""
    return countersign(pushed().state, f"{name_of(TOWNSHIP)}/receipt", KEYS[TOWNSHIP].receipt, RECEIPTED)


def _request(request: Request, label: str) -> dict[str, Any]:
    signer = KEYS[VILLAGE]
    nonce = plain.b64u(nonce_of(label)[:16])
    signed = sign_request(request, signer.node, signer.public.node.kid, name_of(TOWNSHIP), SENT, nonce=nonce)
    target = request.path if request.query == "" else f"{request.path}?{request.query}"
    return {
        "signed_at": _utc(SENT),
        "request_line": f"{request.method} {target} HTTP/1.1",
        "headers": [list(pair) for pair in signed.headers],
        "body": _text(signed.body),
        "signature_base": _text(signature_base(signed, read_head(signed).main.inputs)),
    }


def _requests() -> dict[str, Any]:
    state = pushed().state
    push = Request(
        "POST",
        f"/federation/v1/nodes/{VILLAGE}/up",
        headers=(
            ("Content-Type", "application/x-ndjson"),
            ("Tlog-Start", "0"),
            ("Tlog-Checkpoint", encode_checkpoint(state.note)),
        ),
        body=pack_lines(village_lines()),
    )
    pull = Request("GET", f"/federation/v1/nodes/{VILLAGE}/down", "start=0&limit=500")
    return {"push": _request(push, "push"), "pull": _request(pull, "pull")}


def _up_log() -> dict[str, Any]:
    extended = pushed()
    state, line = receipted()
    return {
        "origin": state.origin,
        "lines": [_text(entry) for entry in village_lines()],
        "leaf_hashes": [leaf.hex() for leaf in extended.leaves],
        "checkpoint": state.note,
        "receipted_at": _utc(RECEIPTED),
        "receipt": line,
        "receipted_checkpoint": state.receipted_note,
        "erased_line_of_entry_1": f'{{"erased":"{plain.b64(extended.leaves[1])}"}}',
    }


def _sealed() -> dict[str, Any]:
    return {
        "source": name_of(VILLAGE),
        "destination": COUNTY,
        "subject": CASE,
        "seal_key_private": plain.private_key(seed_of(COUNTY), "seal").hex(),
        "kid": KEYS[COUNTY].public.seal.kid,
        "sealed": _offer()["sealed"],
        "opened": _text(plain.canonical(PERSONAL)),
    }


# --- §5 Relay: the township passes the offer on --------------------------------------------------------------


def _relay() -> dict[str, Any]:
    extended = pushed()
    state, _ = receipted()
    path = prove_inclusion(ledger.reader_of(extended.leaves), 0, state.size)
    proof = format_proof(LogProof(0, tuple(path), state.receipted_note))
    line = village_lines()[0]
    relayed = write_entry(
        id="000000aa-0000-4000-8000-000000000000",
        source=name_of(TOWNSHIP),
        type="relay.v1",
        subject=CASE,
        time=_utc(RECEIPTED),
        destination=COUNTY,
        seq=None,
        data={"chain": chain_to(VILLAGE), "proof": proof, "entry": base64.b64encode(line).decode("ascii")},
    )
    return {"stored_at": _utc(RECEIPTED), "proof": proof, "line": _text(relayed)}


def _trees() -> dict[str, Any]:
    leaves = [leaf_hash(line) for line in village_lines()]
    reader = ledger.reader_of(leaves)
    return {
        "roots": [tree_root(leaves[:size]).hex() for size in range(len(leaves) + 1)],
        "inclusion_of_0_in_3": [step.hex() for step in prove_inclusion(reader, 0, 3)],
        "consistency_of_1_with_3": [step.hex() for step in prove_consistency(reader, 1, 3)],
    }


def _blob() -> dict[str, Any]:
    content = "一份材料 / a document".encode()
    key, nonce = nonce_of("blob key"), nonce_of("blob nonce")[:12]
    ciphertext = nonce + AESGCM(key).encrypt(nonce, content, None)
    return {
        "key": key.hex(),
        "ciphertext": ciphertext.hex(),
        "sha256": plain.sha256(ciphertext).hex(),
        "plain": _text(content),
        "plain_sha256": plain.sha256(content).hex(),
    }


def build() -> dict[str, Any]:
    """The whole of `protocol.json`."""
    return {
        "about": "Vectors of docs/protocol.md. Keys: SHA-256(seed ‖ role). Written by tests/vectors/building.py.",
        "network": NETWORK,
        "nodes": [_node(code) for code in PLACES],
        "statements": _statements(),
        "joining": _joining(),
        "sealed": _sealed(),
        "up_log": _up_log(),
        "merkle": _trees(),
        "requests": _requests(),
        "relay": _relay(),
        "blob": _blob(),
        "ledger": ledger.build(chain_to(VILLAGE)),
        "audit": ledger.audit(),
    }


def as_text(value: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def identity_of(code: str) -> Identity:
    """A node of the vectors as its own program knows it."""
    codes = list(PLACES)
    parent = None if code == codes[0] else codes[codes.index(code) - 1]
    return Identity(NETWORK, code, PLACES[code][0], KEYS[code], parent)


if __name__ == "__main__":
    made = as_text(build())
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(made, encoding="utf-8")
    else:
        sys.stdout.write(made)
