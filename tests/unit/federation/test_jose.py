"""Compact JWS, strictly (federation.md §3): joserfc and PyJWT as oracles, and every other form refused."""

from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey
from jwt.algorithms import OKPAlgorithm

from federation.errors import SignatureError, TrustError
from federation.jose import read_jws, sign_jws, split_compact, verify_jws
from federation.keys import NodeKeys, b64u, from_b64u, public_of

KEYS = NodeKeys.from_seed(b"jose-test")
NODE = KEYS.public.node
TYP = "entity-statement+jwt"
SIGNED = sign_jws(TYP, b'{"a":1}', KEYS.node)


def compact(header: object, payload: bytes = b'{"a":1}', key: Ed25519PrivateKey = KEYS.node) -> str:
    """A JWS made by hand, with any header."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing = f"{b64u(raw)}.{b64u(payload)}"
    return f"{signing}.{b64u(key.sign(signing.encode()))}"


HEADER = {"alg": "Ed25519", "kid": NODE.kid, "typ": TYP}


def test_what_is_signed_reads_and_verifies() -> None:
    assert read_jws(SIGNED, TYP) == (NODE.kid, {"a": 1})
    verify_jws(SIGNED, NODE)
    assert json.loads(from_b64u(SIGNED.split(".")[0])) == HEADER


def test_joserfc_and_pyjwt_verify_what_we_sign() -> None:
    key = OKPKey.import_key(NODE.jwk)
    assert jws.deserialize_compact(SIGNED, key, algorithms=["Ed25519"]).payload == b'{"a":1}'
    independent = jwt.PyJWS(algorithms=[])
    independent.register_algorithm("Ed25519", OKPAlgorithm())
    public = jwt.PyJWK(NODE.jwk, algorithm="EdDSA").key
    assert independent.decode(SIGNED, public, algorithms=["Ed25519"]) == b'{"a":1}'


def test_we_verify_what_others_sign() -> None:
    by_hand = compact(HEADER)
    assert read_jws(by_hand, TYP) == (NODE.kid, {"a": 1})
    verify_jws(by_hand, NODE)


def test_a_signature_holds_under_its_own_key_only() -> None:
    for other in (KEYS.public.receipt, KEYS.public.witness, KEYS.public.seal):
        with pytest.raises(SignatureError):
            verify_jws(SIGNED, other)
    header, _, signature = SIGNED.split(".")
    with pytest.raises(SignatureError):
        verify_jws(f"{header}.{b64u(b'{}')}.{signature}", NODE)
    with pytest.raises(SignatureError):
        verify_jws(f"{header}.{b64u(b'{}')}.", NODE)


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("EdDSA is refused", compact({**HEADER, "alg": "EdDSA"})),
        ("none is refused", compact({**HEADER, "alg": "none"})),
        ("no alg", compact({"kid": NODE.kid, "typ": TYP})),
        ("no kid", compact({"alg": "Ed25519", "typ": TYP})),
        ("kid is no text", compact({**HEADER, "kid": 1})),
        ("no typ", compact({"alg": "Ed25519", "kid": NODE.kid})),
        ("another typ", compact({**HEADER, "typ": "JWT"})),
        ("a member more", compact({**HEADER, "jwk": NODE.jwk})),
        ("crit", compact({**HEADER, "crit": ["exp"]})),
        ("unencoded payload", compact({**HEADER, "b64": False})),
        ("header a list", compact([HEADER])),
        ("header no JSON", compact(b"{")),
        ("header with a name twice", compact(json.dumps(HEADER)[:-1].encode() + b',"alg":"Ed25519"}')),
        ("payload no object", compact(HEADER, b"[1]")),
        ("payload with a name twice", compact(HEADER, b'{"a":1,"a":2}')),
        ("payload with a float", compact(HEADER, b'{"a":1.5}')),
        ("payload not UTF-8", compact(HEADER, b'{"a":"\xff"}')),
        ("two segments", SIGNED.rpartition(".")[0]),
        ("four segments", SIGNED + ".AA"),
        ("padding", SIGNED + "=="),
        ("a line break", SIGNED + "\n"),
        ("stray bits", SIGNED[:-1] + chr(ord(SIGNED[-1]) + 1)),
        ("empty", ""),
    ],
)
def test_every_other_form_is_refused(why: str, text: str) -> None:
    with pytest.raises(TrustError) as caught:
        read_jws(text, TYP)
    assert caught.value.code == "compact-form", why


def test_a_compact_form_has_as_many_segments_as_it_should() -> None:
    assert split_compact("YQ..Yg", 3) == [b"a", b"", b"b"]
    with pytest.raises(TrustError):
        split_compact("YQ.Yg", 3)


def test_the_kid_is_the_signers() -> None:
    other = Ed25519PrivateKey.generate()
    assert read_jws(sign_jws(TYP, b"{}", other), TYP)[0] == public_of(other).kid
