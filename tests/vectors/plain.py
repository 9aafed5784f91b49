"""The wire contract again, from its text alone: `hashlib` and `cryptography` only, nothing of ours.

A second, short implementation of what the vectors hold, so that they are not merely what our own code says of itself.
Sources: RFC 6962 §2.1, C2SP signed-note, tlog-cosignature and tlog-proof, RFC 7516 and RFC 7518 §4.6, docs/protocol.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519_NOTE = 1
COSIGNATURE_V1 = 4


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def canonical(value: Any) -> bytes:
    """RFC 8785 for what stands on this wire: no floats, member names below U+10000."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


def private_key(seed: str, role: str) -> bytes:
    """A vector's private key: SHA-256(seed ‖ role name)."""
    return sha256(seed.encode("ascii") + role.encode("ascii"))


def public_key(curve: str, private: bytes) -> bytes:
    key: Any = (
        Ed25519PrivateKey.from_private_bytes(private)
        if curve == "Ed25519"
        else X25519PrivateKey.from_private_bytes(private)
    )
    raw: bytes = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return raw


def thumbprint(curve: str, public: bytes) -> str:
    """RFC 7638 over an OKP key (RFC 8037 §2)."""
    return b64u(sha256(f'{{"crv":"{curve}","kty":"OKP","x":"{b64u(public)}"}}'.encode("ascii")))


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Raises `cryptography.exceptions.InvalidSignature` when it does not hold."""
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


# --- logs ----------------------------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    return sha256(b"\x00" + line)


def _split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, over leaf hashes."""
    if len(leaves) == 0:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:]))


def audit_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1, over leaf hashes."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*audit_path(index, leaves[:k]), tree_hash(leaves[k:])]
    return [*audit_path(index - k, leaves[k:]), tree_hash(leaves[:k])]


def consistency_path(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 §2.1.2, over leaf hashes."""
    if old == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = _split(len(leaves))
    if old <= k:
        return [*consistency_path(old, leaves[:k], whole), tree_hash(leaves[k:])]
    return [*consistency_path(old - k, leaves[k:], False), tree_hash(leaves[:k])]


# --- notes ---------------------------------------------------------------------------------------------------


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + public)[:4]


def vkey(name: str, kind: int, public: bytes) -> str:
    return f"{name}+{key_id(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def split_note(note: str) -> tuple[str, dict[tuple[str, bytes], bytes]]:
    """The text, and signature by (key name, key id)."""
    text, _, lines = note.rpartition("\n\n")
    signatures = {}
    for line in lines.splitlines():
        dash, name, packed = line.split(" ")
        assert dash == "—"
        raw = base64.b64decode(packed)
        signatures[name, raw[:4]] = raw[4:]
    return text + "\n", signatures


def check_note(note: str, name: str, public: bytes) -> tuple[str, int, bytes]:
    """(origin, size, root) of a checkpoint whose owner's signature holds."""
    text, signatures = split_note(note)
    verify(public, signatures[name, key_id(name, ED25519_NOTE, public)], text.encode("utf-8"))
    origin, size, root, rest = text.split("\n")
    assert rest == ""
    return origin, int(size), base64.b64decode(root)


def check_cosigned(note: str, name: str, public: bytes) -> int:
    """Second of a cosignature that holds."""
    text, signatures = split_note(note)
    signed = signatures[name, key_id(name, COSIGNATURE_V1, public)]
    second = int.from_bytes(signed[:8], "big")
    verify(public, signed[8:], f"cosignature/v1\ntime {second}\n{text}".encode())
    return second


def split_proof(text: str) -> tuple[int, list[bytes], str, bytes | None]:
    """(index, path, note, extra) of a tlog-proof."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    assert lines.pop(0) == "c2sp.org/tlog-proof@v1"
    extra = base64.b64decode(lines.pop(0)[6:]) if lines[0].startswith("extra ") else None
    return int(lines[0].removeprefix("index ")), [base64.b64decode(line) for line in lines[1:]], note, extra


# --- sealing -------------------------------------------------------------------------------------------------


def _derived(secret: bytes, apu: bytes, apv: bytes) -> bytes:
    """Concat KDF of RFC 7518 §4.6.2 for `A256GCM`, direct key agreement."""

    def with_length(data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + data

    info = with_length(b"A256GCM") + with_length(apu) + with_length(apv) + (256).to_bytes(4, "big")
    return sha256((1).to_bytes(4, "big") + secret + info)


def seal(payload: bytes, header: dict[str, Any], to: bytes, ephemeral: bytes, nonce: bytes) -> str:
    """Compact JWE, ECDH-ES with A256GCM, from a given ephemeral key and nonce: for vectors only."""
    epk = {"crv": "X25519", "kty": "OKP", "x": b64u(public_key("X25519", ephemeral))}
    protected = b64u(canonical({**header, "epk": epk}))
    secret = X25519PrivateKey.from_private_bytes(ephemeral).exchange(X25519PublicKey.from_public_bytes(to))
    key = _derived(secret, unb64u(header["apu"]), unb64u(header["apv"]))
    sealed = AESGCM(key).encrypt(nonce, payload, protected.encode("ascii"))
    return ".".join([protected, "", b64u(nonce), b64u(sealed[:-16]), b64u(sealed[-16:])])


def open_jwe(text: str, private: bytes) -> tuple[dict[str, Any], bytes]:
    """(protected header, payload) of a compact JWE."""
    protected, encrypted_key, nonce, body, tag = text.split(".")
    assert encrypted_key == ""
    header = json.loads(unb64u(protected))
    peer = X25519PublicKey.from_public_bytes(unb64u(header["epk"]["x"]))
    secret = X25519PrivateKey.from_private_bytes(private).exchange(peer)
    key = _derived(secret, unb64u(header["apu"]), unb64u(header["apv"]))
    return header, AESGCM(key).decrypt(unb64u(nonce), unb64u(body) + unb64u(tag), protected.encode("ascii"))


# --- audit ---------------------------------------------------------------------------------------------------


def drawn(seed: bytes, root: bytes, start: int, size: int, count: int) -> list[int]:
    """The indices of a random audit (docs/protocol.md §6)."""
    found: list[int] = []
    place = 0
    while len(found) < min(count, size - start):
        first = sha256(seed + root + place.to_bytes(4, "big"))[:8]
        index = start + int.from_bytes(first, "big") % (size - start)
        if index not in found:
            found.append(index)
        place += 1
    return found
