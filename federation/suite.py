"""The one seam behind which the algorithms stand (federation.md §2).

A suite names a hash, a signer and the type byte its keys have in notes. Exactly one suite is in use, and nothing
is negotiated: a network moves to another (SM2/SM3, ML-DSA-44) by an agreed release of the program, not by what a
peer proposes. Code that signs, verifies or thumbprints goes through `ED25519_SHA256`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Suite:
    """One set of algorithms.

    Attributes:
        name: for people and logs.
        jose_alg: `alg` of a statement's JWS (RFC 9864).
        httpsig_alg: `alg` of an HTTP signature (RFC 9421 §6.2).
        curve: `crv` of the JWK.
        public_bytes: length of a raw public key.
        signature_bytes: length of a signature.
        note_type: type byte of a signed-note key (C2SP signed-note).
        cosignature_type: type byte of a cosignature key (C2SP tlog-cosignature).
        digest: the hash of content, thumbprints and Merkle trees.
        sign: (private key, message) → signature.
        verify: (raw public key, signature, message) → whether it holds.
    """

    name: str
    jose_alg: str
    httpsig_alg: str
    curve: str
    public_bytes: int
    signature_bytes: int
    note_type: int
    cosignature_type: int
    digest: Callable[[bytes], bytes]
    sign: Callable[[Ed25519PrivateKey, bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], bool]


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


@lru_cache(maxsize=8192)
def load_verifier(raw: bytes) -> Ed25519PublicKey:
    """The loaded public key of 32 raw bytes. Loading costs a third of a verification, so objects are kept."""
    return Ed25519PublicKey.from_public_bytes(raw)


def _sign_ed25519(private: Ed25519PrivateKey, message: bytes) -> bytes:
    return private.sign(message)


def _verify_ed25519(raw: bytes, signature: bytes, message: bytes) -> bool:
    try:
        load_verifier(raw).verify(signature, message)
    except InvalidSignature:
        return False
    return True


ED25519_SHA256 = Suite(
    name="ed25519-sha256",
    jose_alg="Ed25519",
    httpsig_alg="ed25519",
    curve="Ed25519",
    public_bytes=32,
    signature_bytes=64,
    note_type=0x01,
    cosignature_type=0x04,
    digest=_sha256,
    sign=_sign_ed25519,
    verify=_verify_ed25519,
)

SUITE = ED25519_SHA256
"""The suite in use."""
