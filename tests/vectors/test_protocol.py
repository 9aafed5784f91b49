"""`protocol.json` under our code, and under code that is not ours: PyJWT, http-message-signatures, jsonschema, and the
contract written down a second time with `hashlib` and `cryptography` only (`plain`)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import jsonschema
import jwt
import pytest
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from http_message_signatures import HTTPMessageVerifier, algorithms
from jwt.algorithms import OKPAlgorithm

from federation import canonical
from federation.audit import commitment, draw
from federation.chain import verify_chain
from federation.enrolment import decode_invitation, token_hash
from federation.event import parse_entry
from federation.events import check_schema
from federation.httpsig import verify_request
from federation.keys import KeySet, NodeKeys, PublicKey, public_from_jwk, verify_possession
from federation.memory_stores import MemoryDatabase
from federation.merkle import check_consistency, check_inclusion, leaf_hash
from federation.note import check_cosignature, open_checkpoint, split_note
from federation.ports import Limits, Request
from federation.proof import parse_proof, verify_proof
from federation.relay import Verifier, open_relay
from federation.schema import schema_document
from federation.sealing import decrypt_blob, open_sealed
from federation.stream import accept, check_receipt, new_log, unpack_lines
from node.ledger.rules import read_fact
from node.ledger.verifying import judge_proof
from tests.vectors import plain
from tests.vectors.building import FILE, as_text, build, identity_of
from tests.vectors.cast import CITY, COUNTY, ISSUED, RECEIPTED, SENT, TOWNSHIP, VILLAGE, WITNESSED, name_of

VECTORS: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
NODES: dict[str, Any] = {node["code"]: node for node in VECTORS["nodes"]}
LIMITS = Limits()
UP = VECTORS["up_log"]
LINES = [line.encode("utf-8") for line in UP["lines"]]
LEAVES = [plain.leaf_hash(line) for line in LINES]
LEDGER = VECTORS["ledger"]
FACTS = [line.encode("utf-8") for line in LEDGER["lines"]]


def raw(code: str, role: str) -> bytes:
    """A node's public key, from its JWK."""
    return plain.unb64u(NODES[code]["jwks"][role]["x"])


def ours(code: str, role: str) -> PublicKey:
    return public_from_jwk(NODES[code]["jwks"][role])


def test_the_file_is_what_its_generator_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == as_text(build())


# --- §2 keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", NODES)
def test_keys_of_a_seed(code: str) -> None:
    node = NODES[code]
    keys = NodeKeys.from_seed(node["seed"].encode("ascii"))
    assert {role: key.jwk for role, key in keys.public.items()} == node["jwks"]
    for role, jwk in node["jwks"].items():
        private = plain.private_key(node["seed"], role)
        assert private.hex() == node["private"][role]
        assert plain.b64u(plain.public_key(jwk["crv"], private)) == jwk["x"]
        assert plain.thumbprint(jwk["crv"], plain.unb64u(jwk["x"])) == jwk["kid"] == node["thumbprints"][role]


@pytest.mark.parametrize("code", NODES)
def test_names_of_keys_in_notes(code: str) -> None:
    name = name_of(code)
    assert NODES[code]["vkeys"] == {
        "ledger": plain.vkey(f"{name}/ledger/1", 1, raw(code, "node")),
        "receipt": plain.vkey(f"{name}/receipt", 4, raw(code, "receipt")),
        "witness": plain.vkey(f"{name}/witness", 4, raw(code, "witness")),
    }


# --- §3 statements, joining ----------------------------------------------------------------------------------


def test_the_chain_leads_from_the_anchor_to_the_village() -> None:
    stated = VECTORS["statements"]
    chain = verify_chain(stated["chain"], stated["anchor"], ISSUED, subject=name_of(VILLAGE))
    assert [one.subject for one in chain.statements] == [name_of(code) for code in NODES]
    assert chain.node.keys.kids == NODES[VILLAGE]["thumbprints"]


def test_the_statements_hold_under_pyjwt() -> None:
    issuers = [CITY, CITY, COUNTY, TOWNSHIP]
    jose = jwt.PyJWS()
    jose.register_algorithm("Ed25519", OKPAlgorithm())
    for jws, issuer, code in zip(VECTORS["statements"]["chain"], issuers, NODES, strict=True):
        key = Ed25519PublicKey.from_public_bytes(raw(issuer, "node"))
        read = jose.decode_complete(jws, key, algorithms=["Ed25519"])
        assert read["header"] == {
            "alg": "Ed25519",
            "kid": NODES[issuer]["thumbprints"]["node"],
            "typ": "entity-statement+jwt",
        }
        claims = json.loads(read["payload"])
        assert (claims["iss"], claims["sub"]) == (name_of(issuer), name_of(code))
        assert claims["exp"] - claims["iat"] == 90 * 86400
        assert claims["bianmin"]["keys"] == NODES[code]["thumbprints"]
        with pytest.raises(jwt.InvalidSignatureError):
            jose.decode(
                jws, Ed25519PublicKey.from_public_bytes(raw(issuer, "witness")), algorithms=["Ed25519"]
            )


def test_the_village_s_statement_as_written_out() -> None:
    header, claims, _ = VECTORS["statements"]["chain"][-1].split(".")
    assert plain.unb64u(header).decode("ascii") == VECTORS["statements"]["village_header"]
    assert plain.unb64u(claims).decode("utf-8") == VECTORS["statements"]["village_claims"]
    assert plain.canonical(json.loads(plain.unb64u(claims))) == plain.unb64u(claims)


def test_the_invitation_opens_and_the_proofs_of_possession_hold() -> None:
    joining = VECTORS["joining"]
    invitation = decode_invitation(joining["invitation"])
    assert (invitation.code, invitation.parent) == (VILLAGE, name_of(TOWNSHIP))
    assert invitation.anchor == VECTORS["statements"]["anchor"]
    assert token_hash(invitation.token) == joining["token_sha256"]
    public = KeySet(*(ours(VILLAGE, role) for role in ("node", "receipt", "witness", "seal")))
    verify_possession(public, name_of(VILLAGE), joining["proofs"])
    for role, message in joining["possession_messages"].items():
        kid = NODES[VILLAGE]["thumbprints"]["node"]
        assert message == f"bianmin/1 {role} key {name_of(VILLAGE)} {kid}"
        plain.verify(raw(VILLAGE, role), plain.unb64u(joining["proofs"][role]), message.encode("ascii"))


# --- §4 signed requests --------------------------------------------------------------------------------------


def request_of(vector: dict[str, Any]) -> Request:
    method, target, _ = vector["request_line"].split(" ")
    path, _, query = target.partition("?")
    headers = tuple((name, value) for name, value in vector["headers"])
    return Request(method, path, query, headers, vector["body"].encode("utf-8"))


@pytest.mark.parametrize("name", ["push", "pull"])
def test_a_signed_request_holds(name: str) -> None:
    request = request_of(VECTORS["requests"][name])
    key = ours(VILLAGE, "node")
    verified = verify_request(request, lambda kid: key, SENT, LIMITS, audience=name_of(TOWNSHIP))
    assert verified.expires - verified.created == timedelta(seconds=300)


@pytest.mark.parametrize("name", ["push", "pull"])
def test_a_signed_request_holds_under_http_message_signatures(name: str) -> None:
    class Keys:
        def resolve_public_key(self, key_id: str) -> Any:
            assert key_id == NODES[VILLAGE]["thumbprints"]["node"]
            return Ed25519PublicKey.from_public_bytes(raw(VILLAGE, "node"))

    class AtThatTime(HTTPMessageVerifier):
        def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
            assert sig_input.params["expires"] == sig_input.params["created"] + 300

    vector = VECTORS["requests"][name]
    method, target, _ = vector["request_line"].split(" ")
    body = vector["body"].encode("utf-8")
    message = requests.Request(method, f"https://yangkou.example{target}", data=body or None).prepare()
    message.headers.clear()
    message.headers.update(dict(vector["headers"]))
    verifier = AtThatTime(signature_algorithm=algorithms.ED25519, key_resolver=Keys())  # type: ignore[arg-type]
    (held,) = verifier.verify(message, expect_tag="bianmin/1", body=body or None)
    assert held.label == "bianmin"


@pytest.mark.parametrize("name", ["push", "pull"])
def test_the_signature_base_is_what_was_signed(name: str) -> None:
    vector = VECTORS["requests"][name]
    headers = dict(vector["headers"])
    signature = base64.b64decode(headers["Signature"].removeprefix("bianmin=:").removesuffix(":"))
    base = vector["signature_base"].encode("ascii")
    plain.verify(raw(VILLAGE, "node"), signature, base)
    assert base.split(b"\n")[-1].decode("ascii") == '"@signature-params": ' + headers[
        "Signature-Input"
    ].removeprefix("bianmin=")
    with pytest.raises(InvalidSignature):
        plain.verify(raw(VILLAGE, "receipt"), signature, base)


# --- §5 streams ----------------------------------------------------------------------------------------------


def test_the_push_is_accepted_and_receipted() -> None:
    request = request_of(VECTORS["requests"]["push"])
    note = base64.b64decode(dict(request.headers)["Tlog-Checkpoint"].strip(":"))
    empty = new_log(UP["origin"], "peer-up", VILLAGE)
    lines = unpack_lines(request.body, LIMITS)
    accepted = accept(empty, 0, note, lines, [ours(VILLAGE, "node")], LIMITS)
    assert accepted.state.note == UP["checkpoint"]
    name = f"{name_of(TOWNSHIP)}/receipt"
    state = check_receipt(accepted.state, UP["receipted_checkpoint"], name, [ours(TOWNSHIP, "receipt")])
    assert state.receipted_size == 3
    assert UP["receipted_checkpoint"] == UP["checkpoint"] + UP["receipt"]


def test_the_up_log_by_the_contract_s_text() -> None:
    assert [leaf.hex() for leaf in LEAVES] == UP["leaf_hashes"]
    origin, size, root = plain.check_note(UP["checkpoint"], UP["origin"], raw(VILLAGE, "node"))
    assert (origin, size, root) == (f"{name_of(VILLAGE)}/up/1", 3, plain.tree_hash(LEAVES))
    second = plain.check_cosigned(
        UP["receipted_checkpoint"], f"{name_of(TOWNSHIP)}/receipt", raw(TOWNSHIP, "receipt")
    )
    assert second == int(RECEIPTED.timestamp())
    erased = json.loads(UP["erased_line_of_entry_1"])
    assert base64.b64decode(erased["erased"]) == LEAVES[1]


def test_the_entries_are_canonical_and_of_their_schemas() -> None:
    for line in LINES:
        entry = parse_entry(line)
        check_schema(entry.type, entry.data, entry.subject)
        members = json.loads(line)
        assert plain.canonical(members) == line
        jsonschema.Draft202012Validator(schema_document(entry.type)).validate(members["data"])


def test_trees_and_proofs() -> None:
    trees = VECTORS["merkle"]
    inclusion = [bytes.fromhex(step) for step in trees["inclusion_of_0_in_3"]]
    consistency = [bytes.fromhex(step) for step in trees["consistency_of_1_with_3"]]
    roots = [bytes.fromhex(root) for root in trees["roots"]]
    assert roots == [plain.tree_hash(LEAVES[:size]) for size in range(4)]
    assert inclusion == plain.audit_path(0, LEAVES)
    assert consistency == plain.consistency_path(1, LEAVES)
    check_inclusion(roots[3], 3, 0, LEAVES[0], inclusion)
    check_consistency(1, roots[1], 3, roots[3], consistency)


def test_the_sealed_part_opens_for_its_entry_only() -> None:
    vector = VECTORS["sealed"]
    held = identity_of(COUNTY).seal_keys
    names = vector["source"], vector["destination"], vector["subject"]
    assert open_sealed(vector["sealed"], held, *names).decode("utf-8") == vector["opened"]
    header, opened = plain.open_jwe(vector["sealed"], bytes.fromhex(vector["seal_key_private"]))
    assert opened.decode("utf-8") == vector["opened"]
    assert header["kid"] == vector["kid"] == NODES[COUNTY]["thumbprints"]["seal"]
    assert plain.unb64u(header["apu"]).decode("ascii") == vector["source"]
    assert plain.unb64u(header["apv"]).decode("ascii") == f"{vector['destination']}/{vector['subject']}"
    assert json.loads(LINES[0])["data"]["sealed"] == vector["sealed"]
    assert not any(word in UP["lines"][0] for word in ("张三", "11010519491231002X", "13800000000"))


def test_the_relayed_entry_is_believed_by_the_county() -> None:
    outer = parse_entry(VECTORS["relay"]["line"].encode("utf-8"))
    relayed = open_relay(outer, LIMITS)
    database = MemoryDatabase()
    with database.transaction() as tx:
        tx.members.put_chain(VECTORS["statements"]["chain"][:2])
        verified = Verifier(tx, identity_of(COUNTY), RECEIPTED).verify(relayed, RECEIPTED)
    assert verified.entry.line == LINES[0]
    assert (str(verified.origin), verified.index) == (UP["origin"], 0)


def test_the_relayed_entry_by_the_contract_s_text() -> None:
    outer = json.loads(VECTORS["relay"]["line"])
    jsonschema.Draft202012Validator(schema_document("relay.v1")).validate(outer["data"])
    inner = base64.b64decode(outer["data"]["entry"])
    assert "seq" not in outer
    assert inner == LINES[0]
    assert outer["data"]["proof"] == VECTORS["relay"]["proof"]
    index, path, note, extra = plain.split_proof(outer["data"]["proof"])
    assert (index, path, extra) == (0, plain.audit_path(0, LEAVES), None)
    assert note == UP["receipted_checkpoint"]


# --- §6 ledger, §7 blobs -------------------------------------------------------------------------------------


def test_the_ledger_s_checkpoint_is_witnessed() -> None:
    name = f"{name_of(TOWNSHIP)}/witness"
    note = LEDGER["witnessed_checkpoint"]
    checkpoint = open_checkpoint(note, LEDGER["origin"], [ours(VILLAGE, "node")])
    lines = split_note(note)[1]
    assert check_cosignature(note, lines, name, [ours(TOWNSHIP, "witness")]) == WITNESSED
    leaves = [plain.leaf_hash(line) for line in FACTS]
    assert plain.check_note(note, LEDGER["origin"], raw(VILLAGE, "node")) == (
        checkpoint.origin,
        5,
        plain.tree_hash(leaves),
    )
    assert plain.check_cosigned(note, name, raw(TOWNSHIP, "witness")) == int(WITNESSED.timestamp())


def test_the_facts_are_canonical_of_their_schema_and_name_nobody() -> None:
    validator = jsonschema.Draft202012Validator(schema_document("fact.v1"))
    for line in FACTS:
        assert plain.canonical(json.loads(line)) == line
        validator.validate(json.loads(line))
        assert read_fact(line).v == 1
    actor = LEDGER["actor"]
    committed = plain.sha256(bytes.fromhex(actor["salt"]) + plain.canonical(actor["value"]))
    assert json.loads(FACTS[0])["actor"] == committed.hex()
    assert actor["value"] not in LEDGER["lines"][0]


def test_the_citizen_s_proof_is_judged_witnessed() -> None:
    verdict = judge_proof(LEDGER["proof"], VECTORS["statements"]["anchor"], WITNESSED)
    assert (verdict.result, verdict.witness, verdict.index) == ("witnessed", name_of(TOWNSHIP), 0)
    assert verdict.witnessed_at == WITNESSED


def test_the_citizen_s_proof_by_the_contract_s_text() -> None:
    index, path, note, extra = plain.split_proof(LEDGER["proof"])
    assert extra is not None
    inside = json.loads(extra)
    assert base64.b64decode(inside["entry"]) == FACTS[0]
    assert base64.b64decode(inside["salt"]).hex() == LEDGER["actor"]["salt"]
    assert inside["chain"] == VECTORS["statements"]["chain"]
    assert (index, path) == (0, plain.audit_path(0, [plain.leaf_hash(line) for line in FACTS]))
    assert plain.leaf_hash(FACTS[0]).hex() == LEDGER["leaf_hash_of_entry_0"]
    assert note == LEDGER["witnessed_checkpoint"]
    proof = parse_proof(LEDGER["proof"])
    held = verify_proof(proof, leaf_hash(FACTS[0]), LEDGER["origin"], [ours(VILLAGE, "node")])
    assert held.checkpoint.size == 5


def test_the_audit_draws_what_nobody_could_choose() -> None:
    vector = VECTORS["audit"]
    seed, root = bytes.fromhex(vector["seed"]), bytes.fromhex(vector["root"])
    numbers = vector["from"], vector["size"], vector["count"]
    assert commitment(seed) == plain.sha256(seed).hex() == vector["commitment"]
    assert draw(seed, root, *numbers) == plain.drawn(seed, root, *numbers) == vector["drawn"]


def test_the_blob_opens_under_its_key_and_has_its_name() -> None:
    vector = VECTORS["blob"]
    ciphertext, key = bytes.fromhex(vector["ciphertext"]), bytes.fromhex(vector["key"])
    opened = decrypt_blob(ciphertext, key, sha256=vector["sha256"], plain_sha256=vector["plain_sha256"])
    assert opened == AESGCM(key).decrypt(ciphertext[:12], ciphertext[12:], None)
    assert opened.decode("utf-8") == vector["plain"]
    assert plain.sha256(ciphertext).hex() == vector["sha256"]


def test_everything_in_the_file_is_strict_json() -> None:
    assert canonical.load(FILE.read_bytes()) == VECTORS
