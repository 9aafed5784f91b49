"""Keys, JWKs, thumbprints and proofs of possession (federation.md §2, §3 Joining)."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from jwt.api_jwk import PyJWK

from federation.errors import SignatureError, TrustError
from federation.keys import (
    ROLES,
    Identity,
    KeySet,
    NodeKeys,
    b64u,
    from_b64u,
    jwk,
    possession_message,
    prove_possession,
    public_from_jwk,
    public_key,
    public_of,
    raw_public,
    thumbprint,
    verify_possession,
)
from federation.suite import SUITE

# RFC 8037 appendix A.1 to A.5
RFC8037_D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
RFC8037_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
RFC8037_THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
RFC8037_SIGNING_INPUT = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
RFC8037_SIGNATURE = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
# RFC 8037 appendix A.6, Bob's public key
RFC8037_BOB_X = "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"

KEYS = NodeKeys.from_seed(b"keys-test")
NAME = "nantong.example/320623101001"


def test_the_thumbprint_of_rfc_8037_a3_comes_out() -> None:
    key = public_from_jwk({"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X})
    assert key.kid == RFC8037_THUMBPRINT
    assert thumbprint({"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X, "use": "sig"}) == RFC8037_THUMBPRINT
    assert raw_public(Ed25519PrivateKey.from_private_bytes(from_b64u(RFC8037_D))) == key.raw


def test_the_signature_of_rfc_8037_a4_holds_and_no_other() -> None:
    key = public_key("Ed25519", from_b64u(RFC8037_X))
    signature = from_b64u(RFC8037_SIGNATURE)
    key.verify(signature, RFC8037_SIGNING_INPUT)
    for bad in (signature[:-1], signature + b"\0", signature[:10] + b"x" + signature[11:], b""):
        with pytest.raises(SignatureError):
            key.verify(bad, RFC8037_SIGNING_INPUT)


@pytest.mark.parametrize(("role", "ours"), list(zip(ROLES, KEYS.public.jwks["keys"], strict=True)))
def test_joserfc_agrees_on_every_thumbprint(role: str, ours: dict[str, str]) -> None:
    assert OKPKey.import_key(ours).thumbprint() == ours["kid"] == KEYS.public.get(role).kid
    assert ours["use"] == ("enc" if role == "seal" else "sig")


def test_pyjwt_verifies_what_our_node_key_signed() -> None:
    theirs = PyJWK(KEYS.public.node.jwk, algorithm="EdDSA")
    assert theirs.Algorithm.verify(b"message", theirs.key, SUITE.sign(KEYS.node, b"message"))
    assert not theirs.Algorithm.verify(b"another", theirs.key, SUITE.sign(KEYS.node, b"message"))


def test_a_jwk_reads_back_and_the_same_key_is_the_same_object() -> None:
    for _, key in KEYS.public.items():
        assert public_from_jwk(key.jwk) is key
    assert public_from_jwk({**jwk(KEYS.seal), "alg": "ECDH-ES"}) is public_of(KEYS.seal)


GOOD = {"kty": "OKP", "crv": "Ed25519", "x": RFC8037_X, "kid": RFC8037_THUMBPRINT, "use": "sig"}
P = 2**255 - 19


def _x(number: int) -> str:
    return b64u(number.to_bytes(32, "little"))


@pytest.mark.parametrize(
    ("why", "value"),
    [
        ("no object", [GOOD]),
        ("another type", {**GOOD, "kty": "EC"}),
        ("no type", {k: v for k, v in GOOD.items() if k != "kty"}),
        ("another curve", {**GOOD, "crv": "Ed448"}),
        ("a curve that is a number", {**GOOD, "crv": 1}),
        ("no x", {k: v for k, v in GOOD.items() if k != "x"}),
        ("x is a number", {**GOOD, "x": 7}),
        ("x too short", {**GOOD, "x": RFC8037_X[:-2]}),
        ("x padded", {**GOOD, "x": RFC8037_X + "="}),
        ("x in the other alphabet", {**GOOD, "x": RFC8037_X.replace("_", "/")}),
        ("x with stray bits", {**GOOD, "x": RFC8037_X[:-1] + "p"}),
        ("x with a line break", {**GOOD, "x": RFC8037_X[:20] + "\n" + RFC8037_X[20:]}),
        ("x with foreign characters", {**GOOD, "x": "镇" + RFC8037_X[1:]}),
        ("kid of another key", {**GOOD, "kid": "A" * 43}),
        ("use of another curve", {**GOOD, "use": "enc"}),
        ("a private key", {**GOOD, "d": RFC8037_D}),
        ("the neutral element", {"kty": "OKP", "crv": "Ed25519", "x": _x(1)}),
        ("order two", {"kty": "OKP", "crv": "Ed25519", "x": _x(P - 1)}),
        ("order four", {"kty": "OKP", "crv": "Ed25519", "x": _x(0)}),
        ("order four, other sign", {"kty": "OKP", "crv": "Ed25519", "x": _x(1 << 255)}),
        (
            "order eight",
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": b64u(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")),
            },
        ),
        ("y in a second spelling", {"kty": "OKP", "crv": "Ed25519", "x": _x(P + 3)}),
        ("X25519: zero", {"kty": "OKP", "crv": "X25519", "x": _x(0)}),
        (
            "X25519: order eight",
            {
                "kty": "OKP",
                "crv": "X25519",
                "x": b64u(bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")),
            },
        ),
        ("X25519: u in a second spelling", {"kty": "OKP", "crv": "X25519", "x": _x(P + 9)}),
    ],
)
def test_every_other_jwk_is_refused(why: str, value: object) -> None:
    with pytest.raises(TrustError) as caught:
        public_from_jwk(value)
    assert caught.value.code == "key", why


def test_with_a_key_of_small_order_a_signature_would_hold_for_any_message() -> None:
    """Why such keys are refused: OpenSSL accepts this pair for every message it is asked about."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    neutral = (1).to_bytes(32, "little")
    forged = neutral + bytes(32)
    for message in (b"pay", b"do not pay"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(forged, message)


@given(st.binary(max_size=70))
def test_base64url_has_one_spelling(data: bytes) -> None:
    assert from_b64u(b64u(data)) == data


def test_the_four_keys_of_a_node_are_all_different() -> None:
    same = Ed25519PrivateKey.generate()
    keys = NodeKeys(same, same, Ed25519PrivateKey.generate(), X25519PrivateKey.generate())
    with pytest.raises(TrustError, match="different"):
        keys.public.kids  # noqa: B018
    assert len(set(NodeKeys.generate().public.kids.values())) == 4
    assert NodeKeys.generate().public != NodeKeys.generate().public


def test_a_seal_key_signs_nothing_and_a_node_key_seals_nothing() -> None:
    public = KEYS.public
    with pytest.raises(TrustError, match="wrong curve"):
        KeySet(public.seal, public.receipt, public.witness, public.node)
    with pytest.raises(SignatureError):
        public.seal.verify(bytes(64), b"")


def test_keys_from_a_seed_are_the_same_every_time() -> None:
    assert NodeKeys.from_seed(b"keys-test").public == KEYS.public
    node = hashlib.sha256(b"keys-testnode").digest()
    assert KEYS.public.node == public_of(Ed25519PrivateKey.from_private_bytes(node))


def test_the_possession_message_is_the_contracts_to_the_byte() -> None:
    kid = KEYS.public.node.kid
    assert possession_message("receipt", NAME, kid) == f"bianmin/1 receipt key {NAME} {kid}".encode("ascii")


def test_possession_is_proved_by_the_receipt_and_the_witness_key() -> None:
    proofs = prove_possession(KEYS, NAME)
    verify_possession(KEYS.public, NAME, proofs)
    KEYS.public.receipt.verify(
        from_b64u(proofs["receipt"]), possession_message("receipt", NAME, KEYS.public.node.kid)
    )


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("roles swapped", lambda p: {"receipt": p["witness"], "witness": p["receipt"]}),
        ("one missing", lambda p: {"receipt": p["receipt"]}),
        ("not base64url", lambda p: {**p, "witness": "?"}),
        ("another node's", lambda p: prove_possession(KEYS, "nantong.example/320623101002")),
        ("other keys'", lambda p: prove_possession(NodeKeys.from_seed(b"other"), NAME)),
    ],
)
def test_every_other_proof_is_refused(why: str, change) -> None:
    with pytest.raises(SignatureError):
        verify_possession(KEYS.public, NAME, change(prove_possession(KEYS, NAME)))


def test_an_identity_names_itself_its_keys_and_its_parent() -> None:
    old = X25519PrivateKey.generate()
    node = Identity("nantong.example", "320623101001", "village", KEYS, "320623101000", (old,))
    assert node.name == NAME
    assert node.receipt_name == f"{NAME}/receipt"
    assert node.witness_name == f"{NAME}/witness"
    assert node.parent_name == "nantong.example/320623101000"
    assert node.kid == KEYS.public.node.kid
    assert node.seal_keys == {public_of(old).kid: old, KEYS.public.seal.kid: KEYS.seal}
    assert Identity("nantong.example", "320600000000", "city", KEYS).parent_name is None


@pytest.mark.parametrize(("network", "code"), [("Nantong", "320623101001"), ("nantong.example", "1")])
def test_an_identity_has_a_wellformed_name(network: str, code: str) -> None:
    with pytest.raises(TrustError):
        Identity(network, code, "village", KEYS)
