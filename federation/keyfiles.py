"""Keys on disk: PKCS#8 PEM, mode 0600, encrypted where a passphrase is configured (federation.md §2).

A folder holds `node.pem`, `receipt.pem`, `witness.pem`, `seal.pem`, and for each old seal key that something
sealed may still need `seal-<thumbprint>.pem`. Every file is written aside, flushed to the disk and renamed, so a
crash leaves either the old state or the new one. Keys are never written over.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from federation.errors import TrustError
from federation.keys import ROLES, NodeKeys, PrivateKey, public_of

_MODE = 0o600
_FOLDER_MODE = 0o700


class KeyFileError(TrustError):
    """A key file is missing, exists already, cannot be read, or is not a key; the message names the file."""

    code = "key-file"


class PassphraseError(KeyFileError):
    """The passphrase is wrong, or one is needed and none is configured (or the reverse)."""

    code = "passphrase"


def to_pem(key: PrivateKey, passphrase: bytes | None = None) -> bytes:
    """PKCS#8 PEM of a private key, encrypted when a passphrase is given (an empty one is refused)."""
    if passphrase == b"":
        raise PassphraseError("the passphrase is empty")
    how: KeySerializationEncryption = (
        NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def from_pem(pem: bytes, passphrase: bytes | None = None) -> PrivateKey:
    """Read a PKCS#8 PEM.

    Raises:
        PassphraseError: encrypted and the passphrase is missing or wrong, or plain and one was given.
        KeyFileError: not an Ed25519 or X25519 private key.
    """
    encrypted = b"BEGIN ENCRYPTED PRIVATE KEY" in pem
    if encrypted and passphrase is None:
        raise PassphraseError("the key is encrypted and no passphrase is configured")
    if not encrypted and passphrase is not None:
        raise PassphraseError("a passphrase is configured but the key is not encrypted")
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if encrypted:
            raise PassphraseError("the passphrase is wrong, or the file is damaged") from error
        raise KeyFileError("not a PKCS#8 PEM") from error
    if not isinstance(key, Ed25519PrivateKey | X25519PrivateKey):
        raise KeyFileError("neither an Ed25519 nor an X25519 key")
    return key


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(path.name + ".part")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(aside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path, passphrase: bytes | None) -> PrivateKey:
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from error
    try:
        return from_pem(pem, passphrase)
    except KeyFileError as error:
        raise type(error)(f"{path}: {error.detail}") from error


def save_keys(folder: Path, keys: NodeKeys, passphrase: bytes | None = None) -> None:
    """Write the four keys into a folder, which is made (mode 0700) when it is not there.

    The node key is written last: a folder without `node.pem` is an unfinished one, and is written anew.

    Raises:
        KeyFileError: the folder holds a node key already.
    """
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    if (folder / "node.pem").exists():
        raise KeyFileError(f"{folder}: holds keys already")
    for role in reversed(ROLES):
        _write(folder / f"{role}.pem", to_pem(keys.get(role), passphrase))


def has_keys(folder: Path) -> bool:
    """Whether a folder holds a finished set of keys."""
    return (folder / "node.pem").exists()


def load_keys(folder: Path, passphrase: bytes | None = None) -> NodeKeys:
    """Read the four keys of a folder.

    Raises:
        PassphraseError: the passphrase does not fit.
        KeyFileError: a file is missing, unreadable or of the wrong curve.
        TrustError: two of the four are the same.
    """
    found = {role: _read(folder / f"{role}.pem", passphrase) for role in ROLES}
    node, receipt, witness, seal = (found[role] for role in ROLES)
    if (
        isinstance(node, Ed25519PrivateKey)
        and isinstance(receipt, Ed25519PrivateKey)
        and isinstance(witness, Ed25519PrivateKey)
        and isinstance(seal, X25519PrivateKey)
    ):
        keys = NodeKeys(node, receipt, witness, seal)
        len(keys.public.kids)  # refuses two equal keys
        return keys
    raise KeyFileError(f"{folder}: a key is of the wrong curve")


def save_old_seal_key(folder: Path, key: X25519PrivateKey, passphrase: bytes | None = None) -> None:
    """Keep a seal key that is no longer stated; doing it twice is nothing."""
    path = folder / f"seal-{public_of(key).kid}.pem"
    if not path.exists():
        _write(path, to_pem(key, passphrase))


def load_old_seal_keys(folder: Path, passphrase: bytes | None = None) -> tuple[X25519PrivateKey, ...]:
    """Every seal key kept by `save_old_seal_key`, in the order of their names.

    Raises:
        KeyFileError: a file is unreadable or holds another kind of key.
    """
    keys = []
    for path in sorted(folder.glob("seal-*.pem")):
        key = _read(path, passphrase)
        if not isinstance(key, X25519PrivateKey):
            raise KeyFileError(f"{path}: not a seal key")
        keys.append(key)
    return tuple(keys)
