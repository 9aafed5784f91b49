"""Sealing to a node and encrypting attachments (federation.md §5, §7)."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import OKPKey

from federation.errors import TrustError
from federation.keys import NodeKeys, b64u, from_b64u, public_of
from federation.sealing import (
    SealError,
    SealKeyError,
    decrypt_blob,
    encrypt_blob,
    open_sealed,
    seal,
    sealed_to,
)

KEYS = NodeKeys.from_seed(b"sealing-test")
SEAL = KEYS.public.seal
HELD = {SEAL.kid: KEYS.seal}
SOURCE = "nantong.example/320623101001"
DESTINATION = "320623000000"
SUBJECT = "7f0c4c70-0b1e-4a8e-9a5e-6f3f5b0e2d11"
ENTRY = (SOURCE, DESTINATION, SUBJECT)
PLAIN = '{"name":"张三"}'.encode()
HEADER = {
    "alg": "ECDH-ES",
    "enc": "A256GCM",
    "kid": SEAL.kid,
    "apu": b64u(SOURCE.encode()),
    "apv": b64u(f"{DESTINATION}/{SUBJECT}".encode()),
}


def by_joserfc(header: dict[str, object], plain: bytes = PLAIN, key: dict[str, str] = SEAL.jwk) -> str:
    algorithms = [str(header["alg"]), str(header["enc"]), "DEF"]
    return jwe.encrypt_compact(header, plain, OKPKey.import_key(key), algorithms=algorithms)


def test_what_is_sealed_opens_for_its_entry() -> None:
    text = seal(PLAIN, SEAL, *ENTRY)
    assert open_sealed(text, HELD, *ENTRY) == PLAIN
    assert sealed_to(text) == SEAL.kid
    assert seal(PLAIN, SEAL, *ENTRY) != text
    assert open_sealed(seal(b"", SEAL.jwk, *ENTRY), HELD, *ENTRY) == b""


def test_the_header_is_exactly_the_contracts() -> None:
    header = json.loads(from_b64u(seal(PLAIN, SEAL, *ENTRY).split(".")[0]))
    epk = header.pop("epk")
    assert header == HEADER
    assert set(epk) == {"kty", "crv", "x"}
    assert epk["crv"] == "X25519"


def test_joserfc_opens_what_we_seal_and_we_open_what_it_seals() -> None:
    private = OKPKey.import_key(KEYS.seal)
    opened = jwe.decrypt_compact(seal(PLAIN, SEAL, *ENTRY), private, algorithms=["ECDH-ES", "A256GCM"])
    assert opened.plaintext == PLAIN
    assert open_sealed(by_joserfc(dict(HEADER)), HELD, *ENTRY) == PLAIN


def test_it_opens_with_nothing_but_the_standards_steps() -> None:
    """RFC 7518 §4.6 by hand: Z, Concat KDF with apu and apv, AES-256-GCM with the header as additional data."""
    protected, key, iv, ciphertext, tag = seal(PLAIN, SEAL, *ENTRY).split(".")
    epk = json.loads(from_b64u(protected))["epk"]
    z = KEYS.seal.exchange(X25519PublicKey.from_public_bytes(from_b64u(epk["x"])))

    def counted(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    parties = counted(SOURCE.encode()) + counted(f"{DESTINATION}/{SUBJECT}".encode())
    info = counted(b"A256GCM") + parties + (256).to_bytes(4, "big")
    derived = ConcatKDFHash(SHA256(), 32, info).derive(z)
    opened = AESGCM(derived).decrypt(
        from_b64u(iv), from_b64u(ciphertext) + from_b64u(tag), protected.encode()
    )
    assert (key, opened) == ("", PLAIN)


def test_an_old_seal_key_still_opens_and_a_lost_one_is_named() -> None:
    new = X25519PrivateKey.generate()
    text = seal(PLAIN, SEAL, *ENTRY)
    assert open_sealed(text, {public_of(new).kid: new, SEAL.kid: KEYS.seal}, *ENTRY) == PLAIN
    with pytest.raises(SealKeyError) as caught:
        open_sealed(text, {public_of(new).kid: new}, *ENTRY)
    assert caught.value.code == "seal-key"


@pytest.mark.parametrize(
    "entry",
    [
        ("nantong.example/320623101002", DESTINATION, SUBJECT),
        (SOURCE, "320600000000", SUBJECT),
        (SOURCE, DESTINATION, "another"),
        (SOURCE, f"{DESTINATION}/{SUBJECT}", ""),
    ],
)
def test_what_was_sealed_for_one_entry_does_not_open_in_another(entry: tuple[str, str, str]) -> None:
    with pytest.raises(SealError, match="another entry") as caught:
        open_sealed(seal(PLAIN, SEAL, *ENTRY), HELD, *entry)
    assert caught.value.code == "seal"


def test_a_changed_header_opens_nothing() -> None:
    """Someone in the middle who rewrites apv for another entry gets past the comparison, not past the key."""
    text = seal(PLAIN, SEAL, *ENTRY)
    header = json.loads(from_b64u(text.split(".")[0]))
    header["apv"] = b64u(f"{DESTINATION}/other".encode())
    moved = ".".join([b64u(json.dumps(header).encode()), *text.split(".")[1:]])
    with pytest.raises(SealError, match="does not open"):
        open_sealed(moved, HELD, SOURCE, DESTINATION, "other")


@pytest.mark.parametrize("segment", [2, 3, 4])
def test_a_changed_byte_opens_nothing(segment: int) -> None:
    parts = seal(PLAIN, SEAL, *ENTRY).split(".")
    raw = bytearray(from_b64u(parts[segment]))
    raw[0] ^= 1
    parts[segment] = b64u(bytes(raw))
    with pytest.raises(SealError, match="does not open"):
        open_sealed(".".join(parts), HELD, *ENTRY)


def _parts(index: int, data: bytes) -> str:
    parts = seal(PLAIN, SEAL, *ENTRY).split(".")
    parts[index] = b64u(data)
    return ".".join(parts)


def _with_header(change: dict[str, object]) -> str:
    header = json.loads(from_b64u(seal(PLAIN, SEAL, *ENTRY).split(".")[0]))
    return _parts(0, json.dumps({**header, **change}).encode())


@pytest.mark.parametrize(
    ("why", "text"),
    [
        ("a member less", by_joserfc({k: v for k, v in HEADER.items() if k != "apu"})),
        ("a member more", by_joserfc({**HEADER, "typ": "JOSE"})),
        ("packed", by_joserfc({**HEADER, "zip": "DEF"})),
        ("another encryption", by_joserfc({**HEADER, "enc": "A128GCM"})),
        ("a wrapped key", by_joserfc({**HEADER, "alg": "ECDH-ES+A256KW"})),
        ("a weak epk", _with_header({"epk": {"kty": "OKP", "crv": "X25519", "x": b64u(bytes(32))}})),
        ("an epk of the other curve", _with_header({"epk": KEYS.public.node.jwk})),
        ("an epk that is text", _with_header({"epk": "x"})),
        ("a private epk", _with_header({"epk": {**SEAL.jwk, "d": "AA"}})),
        ("an encrypted key", _parts(1, b"x" * 40)),
        ("a long nonce", _parts(2, bytes(16))),
        ("a short tag", _parts(4, bytes(12))),
        ("four segments", "a.b.c.d"),
        ("nothing", ""),
        ("padding", seal(PLAIN, SEAL, *ENTRY) + "="),
    ],
)
def test_every_other_form_is_refused(why: str, text: str) -> None:
    with pytest.raises(SealError) as caught:
        open_sealed(text, HELD, *ENTRY)
    assert caught.value.code == "seal", why


def test_nothing_is_sealed_to_a_signing_key() -> None:
    with pytest.raises(TrustError):
        seal(PLAIN, KEYS.public.node, *ENTRY)
    with pytest.raises(TrustError):
        seal(PLAIN, KEYS.public.node.jwk, *ENTRY)


def test_an_entrys_worth_is_sealed_and_names_may_be_long() -> None:
    big = bytes(48_000)
    entry = ("a" * 63 + "." + "b" * 63 + ".example/320623101001", DESTINATION, "s" * 500)
    assert open_sealed(seal(big, SEAL, *entry), HELD, *entry) == big


# --- attachments ---------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_an_attachment_decrypts_to_itself(plain: bytes) -> None:
    blob = encrypt_blob(plain)
    opened = decrypt_blob(blob.ciphertext, blob.key, sha256=blob.sha256, plain_sha256=blob.plain_sha256)
    assert opened == plain
    assert len(blob.ciphertext) == 12 + len(plain) + 16
    assert blob.sha256 == hashlib.sha256(blob.ciphertext).hexdigest()
    assert blob.plain_sha256 == hashlib.sha256(plain).hexdigest()


def test_the_same_attachment_twice_shares_neither_key_nor_name() -> None:
    one, two = encrypt_blob(b"id card"), encrypt_blob(b"id card")
    assert one.key != two.key
    assert one.sha256 != two.sha256
    assert len(one.key) == 32


def test_another_name_key_content_or_byte_is_refused() -> None:
    blob, other = encrypt_blob(b"id card"), encrypt_blob(b"another")
    changed = blob.ciphertext[:-1] + bytes([blob.ciphertext[-1] ^ 1])
    for ciphertext, key, sha256, plain_sha256 in [
        (blob.ciphertext, blob.key, other.sha256, None),
        (blob.ciphertext, other.key, None, None),
        (changed, blob.key, None, None),
        (changed, blob.key, blob.sha256, None),
        (blob.ciphertext, blob.key, blob.sha256, other.plain_sha256),
        (blob.ciphertext[:20], blob.key, None, None),
        (blob.ciphertext, blob.key[:16], None, None),
        (b"", blob.key, None, None),
    ]:
        with pytest.raises(TrustError) as caught:
            decrypt_blob(ciphertext, key, sha256=sha256, plain_sha256=plain_sha256)
        assert caught.value.code == "blob"
