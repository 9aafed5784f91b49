"""The published vectors of the standards, under our code and under others' (`standards.json`, with sources)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, algorithms
from joserfc.jwk import OKPKey

from federation import canonical
from federation.keys import from_b64u, public_from_jwk, public_key, thumbprint
from federation.merkle import leaf_hash, tree_root
from federation.note import key_id, split_note, vkey
from federation.ports import Request
from federation.sigbase import content_digest, signature_base
from federation.structured import InnerList, parse_dictionary
from tests.vectors import plain

STANDARDS: dict[str, Any] = json.loads(Path(__file__).with_name("standards.json").read_text(encoding="utf-8"))
B26 = STANDARDS["rfc9421_b26"]
SAMPLES = STANDARDS["rfc8785"]["samples"]


def b26_parts() -> tuple[InnerList, bytes]:
    inputs = parse_dictionary(B26["headers"]["Signature-Input"])["sig-b26"]
    signature = parse_dictionary(B26["headers"]["Signature"])["sig-b26"]
    assert isinstance(inputs, InnerList)
    assert not isinstance(signature, InnerList)
    assert isinstance(signature.value, bytes)
    return inputs, signature.value


def test_rfc_9421_b26_base_and_signature_are_ours() -> None:
    inputs, signature = b26_parts()
    # `@authority` is no component of our profile: the base takes it from a field of that name
    headers = (*B26["headers"].items(), ("@authority", "example.com"))
    base = signature_base(Request("POST", "/foo", "param=Value&Pet=dog", headers), inputs)
    assert base.decode("ascii") == B26["signature_base"]
    public_from_jwk({**B26["jwk"], "kid": thumbprint(B26["jwk"])}).verify(signature, base)
    private = Ed25519PrivateKey.from_private_bytes(from_b64u(B26["private"]))
    assert private.sign(base) == signature


def test_rfc_9421_b26_holds_under_the_independent_library_that_judges_ours() -> None:
    class Keys:
        def resolve_public_key(self, key_id: str) -> Any:
            assert key_id == "test-key-ed25519"
            return Ed25519PublicKey.from_public_bytes(from_b64u(B26["jwk"]["x"]))

    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys())  # type: ignore[arg-type]
    message = requests.Request(B26["method"], B26["url"], headers=B26["headers"]).prepare()
    (held,) = verifier.verify(message, max_age=None)
    assert held.label == "sig-b26"


def test_rfc_9530_digest() -> None:
    digest = STANDARDS["rfc9530"]
    assert content_digest(digest["content"].encode("utf-8")) == digest["content_digest"]


@pytest.mark.parametrize("size", range(9))
def test_rfc_6962_roots(size: int) -> None:
    trees = STANDARDS["rfc6962"]
    lines = [bytes.fromhex(line) for line in trees["inputs"][:size]]
    assert tree_root([leaf_hash(line) for line in lines]).hex() == trees["roots"][size]
    assert plain.tree_hash([plain.leaf_hash(line) for line in lines]).hex() == trees["roots"][size]


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["name"] for sample in SAMPLES])
def test_rfc_8785_samples(sample: dict[str, str]) -> None:
    value = canonical.load(sample["input"].encode("utf-8"))
    assert canonical.dump(value) == sample["output"].encode("utf-8")
    assert canonical.is_canonical(sample["output"].encode("utf-8"))


def test_rfc_7638_thumbprint() -> None:
    key = STANDARDS["rfc7638"]
    assert public_key("Ed25519", from_b64u(key["x"])).kid == key["thumbprint"]
    jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key["x"]})
    assert jwk.thumbprint() == key["thumbprint"]


def test_signed_note_of_the_reference_implementation() -> None:
    sample = STANDARDS["signed_note"]
    name, identifier, packed = sample["vkey"].split("+", 2)
    raw = base64.b64decode(packed)
    assert vkey(name, raw[0], raw[1:]) == sample["vkey"]
    assert key_id(name, raw[0], raw[1:]).hex() == identifier
    text, _ = split_note(sample["note"])
    _, signatures = plain.split_note(sample["note"])
    public_key("Ed25519", raw[1:]).verify(signatures[name, bytes.fromhex(identifier)], text.encode("utf-8"))
