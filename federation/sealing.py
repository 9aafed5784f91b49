"""Sealing to a node, and the encryption of attachments (federation.md §5 Sealing, §7).

**Sealed.** `data.sealed` is a compact JWE (RFC 7516) to the destination's seal key, direct key agreement over
X25519 (RFC 8037 §3.2), content under AES-256-GCM. Its protected header has exactly these members:

    alg  "ECDH-ES"
    enc  "A256GCM"
    kid  thumbprint of the seal key
    apu  base64url(source)                 node name of the log the entry stands in
    apv  base64url(destination/subject)    both as in the entry
    epk  the ephemeral X25519 key {"crv","kty","x"}

so that what was sealed for one entry cannot be moved into another: apu and apv enter the key derivation
(RFC 7518 §4.6.2), and are compared with the entry as well.

**Blobs.** An attachment is encrypted once, under a random key of its own, as `nonce(12) ‖ ciphertext ‖ tag(16)`,
AES-256-GCM without additional data. Its name everywhere is the hex SHA-256 of all those bytes; the key and the
hash of the plaintext travel only inside `sealed`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from federation.errors import TrustError
from federation.jose import load_object, split_compact
from federation.keys import PublicKey, b64u, public_from_jwk

_ALGORITHMS = ["ECDH-ES", "A256GCM"]
_HEADER = frozenset({"alg", "enc", "kid", "apu", "apv", "epk"})
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class SealError(TrustError):
    """What is sealed does not open: damaged, of another form, or sealed for another entry."""

    code = "seal"


class SealKeyError(SealError):
    """It is sealed to a key this node does not hold; the sender must seal anew (reason `seal-key`)."""

    code = "seal-key"


class BlobError(TrustError):
    """An attachment's bytes are not what its name, its key or its plaintext hash says."""

    code = "blob"


class _EntrySizes(jwe.JWERegistry):
    """joserfc's size limits, widened to an entry's: names and subject stand in the header."""

    max_protected_header_length = 4096  # bytes
    max_ciphertext_length = 131_072  # bytes


_SIZES = _EntrySizes(algorithms=_ALGORITHMS)


def party_source(source: str) -> str:
    """`apu` of an entry whose log belongs to the node name `source`."""
    return b64u(source.encode("utf-8"))


def party_destination(destination: str, subject: str) -> str:
    """`apv` of an entry: base64url(destination/subject)."""
    return b64u(f"{destination}/{subject}".encode())


@lru_cache(maxsize=4096)
def _recipient_key(key: PublicKey) -> OKPKey:
    return OKPKey.import_key(key.exchange_key)


def seal(
    payload: bytes, seal_key: PublicKey | Mapping[str, object], source: str, destination: str, subject: str
) -> str:
    """Seal bytes to a node, bound to the entry they will stand in.

    Args:
        payload: usually RFC 8785 JSON.
        seal_key: the destination's newest seal key, or its JWK.
        source: node name of the log's owner.
        destination: node code in the entry.
        subject: subject of the entry.

    Returns:
        The compact JWE for `data.sealed`; different at every call.

    Raises:
        TrustError: the key is none that seals.
    """
    key = seal_key if isinstance(seal_key, PublicKey) else public_from_jwk(seal_key)
    if key.curve != "X25519":
        raise SealError("sealing needs an X25519 key")
    header = {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "kid": key.kid,
        "apu": party_source(source),
        "apv": party_destination(destination, subject),
    }
    return jwe.encrypt_compact(header, payload, _recipient_key(key), registry=_SIZES)


def sealed_to(text: str) -> str:
    """Thumbprint of the key a JWE is sealed to; its form is checked, nothing is opened.

    Raises:
        SealError: not the exact form.
    """
    return str(_read_header(text)["kid"])


def _read_header(text: str) -> dict[str, object]:
    try:
        segments = split_compact(text, 5)
        header = load_object(segments[0], "header")
        if set(header) != _HEADER or [header["alg"], header["enc"]] != _ALGORITHMS:
            raise SealError("the header must be exactly alg, enc, kid, apu, apv, epk")
        epk = header["epk"]
        if not isinstance(epk, dict) or public_from_jwk(epk).curve != "X25519":
            raise SealError("epk must be an X25519 key")
    except SealError:
        raise
    except TrustError as error:
        raise SealError(error.detail) from error
    if len(segments[1]) != 0 or len(segments[2]) != _NONCE_BYTES or len(segments[4]) != _TAG_BYTES:
        raise SealError("not direct key agreement with A256GCM")
    return header


def open_sealed(
    text: str, seal_keys: Mapping[str, X25519PrivateKey], source: str, destination: str, subject: str
) -> bytes:
    """Open what was sealed to this node for exactly this entry.

    Args:
        text: `data.sealed`.
        seal_keys: every seal key still held, by thumbprint (`Identity.seal_keys`).
        source: `source` of the entry.
        destination: `destination` of the entry.
        subject: `subject` of the entry.

    Raises:
        SealKeyError: the key is not held (any more).
        SealError: another form, another entry's, or damaged.
    """
    header = _read_header(text)
    if header["apu"] != party_source(source) or header["apv"] != party_destination(destination, subject):
        raise SealError("sealed for another entry")
    private = seal_keys.get(str(header["kid"]))
    if private is None:
        raise SealKeyError(f"no seal key {header['kid']} here")
    try:
        opened = jwe.decrypt_compact(text, OKPKey.import_key(private), registry=_SIZES)
    except (JoseError, InvalidTag, ValueError, TypeError, KeyError) as error:
        raise SealError("it does not open") from error
    if opened.plaintext is None:
        raise SealError("it does not open")
    return opened.plaintext


@dataclass(frozen=True, slots=True)
class EncryptedBlob:
    """One attachment, encrypted.

    Attributes:
        ciphertext: `nonce(12) ‖ ciphertext ‖ tag(16)`.
        key: 32 bytes.
        sha256: the blob's name: hex SHA-256 of `ciphertext`.
        plain_sha256: hex SHA-256 of what was encrypted.
    """

    ciphertext: bytes
    key: bytes
    sha256: str
    plain_sha256: str


def encrypt_blob(plain: bytes) -> EncryptedBlob:
    """Encrypt an attachment under a new random key."""
    key, nonce = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
    ciphertext = nonce + AESGCM(key).encrypt(nonce, plain, None)
    return EncryptedBlob(
        ciphertext, key, hashlib.sha256(ciphertext).hexdigest(), hashlib.sha256(plain).hexdigest()
    )


def decrypt_blob(
    ciphertext: bytes, key: bytes, *, sha256: str | None = None, plain_sha256: str | None = None
) -> bytes:
    """Decrypt an attachment.

    Args:
        ciphertext: as `encrypt_blob` laid it out.
        key: 32 bytes.
        sha256: the blob's name, checked when given.
        plain_sha256: hash of the plaintext, checked when given.

    Raises:
        BlobError: too short, another blob, another key, or damaged.
    """
    if len(ciphertext) < _NONCE_BYTES + _TAG_BYTES or len(key) != _KEY_BYTES:
        raise BlobError("not an encrypted attachment, or not its key")
    if sha256 is not None and hashlib.sha256(ciphertext).hexdigest() != sha256:
        raise BlobError("the bytes are not those of that name")
    try:
        plain = AESGCM(key).decrypt(ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:], None)
    except InvalidTag as error:
        raise BlobError("the key does not fit, or the bytes are damaged") from error
    if plain_sha256 is not None and hashlib.sha256(plain).hexdigest() != plain_sha256:
        raise BlobError("the content is not the one announced")
    return plain
