"""Keys of encrypted columns and blind indexes, kept in one file outside the database (architecture decision 9).

A stolen database, or a backup of it, opens nothing without this file. The file is JSON, mode 0600:

    {"v":1,"current":2,"keys":{"1":"<base64 of 32 bytes>","2":"…"},"index":"<base64 of 32 bytes>"}

or, where a passphrase is configured, that document under AES-256-GCM with a key derived by scrypt:

    {"v":1,"kdf":"scrypt","n":32768,"r":8,"p":1,"salt":"…","nonce":"…","sealed":"…"}

A ciphertext begins with the number of its key, so a new key can come into use while old values stay readable. The
index key never changes: exact look-ups depend on it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.kernel.files import write_durably
from node.kernel.problems import EXIT_SETUP, Problem

KEY_BYTES = 32
NONCE_BYTES = 12
_NUMBER_BYTES = 4
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 1
_SCRYPT_MEMORY = 128 * 1024 * 1024
_FILE_AAD = b"bianmin field keys v1"


class FieldKeyError(Exception):
    """A stored value does not open: key missing, bytes changed, or taken from another place."""


@dataclass(frozen=True)
class FieldKeys:
    """The keys of one node.

    Attributes:
        keys: 32 bytes by number, from 1.
        current: number of the key new values are written with.
        index_key: 32 bytes, for blind indexes.
    """

    keys: Mapping[int, bytes]
    current: int
    index_key: bytes

    def __post_init__(self) -> None:
        if self.current not in self.keys:
            raise FieldKeyError(f"field key {self.current} is not among the keys")
        if any(len(key) != KEY_BYTES for key in (*self.keys.values(), self.index_key)):
            raise FieldKeyError(f"a field key has {KEY_BYTES} bytes")

    @classmethod
    def generate(cls) -> FieldKeys:
        """New keys from the system's randomness."""
        return cls({1: secrets.token_bytes(KEY_BYTES)}, 1, secrets.token_bytes(KEY_BYTES))

    def rotated(self) -> FieldKeys:
        """The same with one more key, used from now on; what older keys wrote stays readable."""
        number = max(self.keys) + 1
        return replace(self, keys={**self.keys, number: secrets.token_bytes(KEY_BYTES)}, current=number)

    def seal(self, plain: bytes, place: bytes) -> bytes:
        """Encrypts a value: key number (4 bytes, big endian) ‖ nonce (12) ‖ AES-256-GCM ciphertext and tag.

        Args:
            place: where the value stands; it opens nowhere else.
        """
        number = self.current.to_bytes(_NUMBER_BYTES, "big")
        nonce = secrets.token_bytes(NONCE_BYTES)
        return number + nonce + AESGCM(self.keys[self.current]).encrypt(nonce, plain, number + place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The value again.

        Raises:
            FieldKeyError: unknown key, altered bytes, or another place.
        """
        number, body = sealed[:_NUMBER_BYTES], sealed[_NUMBER_BYTES:]
        key = self.keys.get(int.from_bytes(number, "big"))
        if key is None:
            raise FieldKeyError(f"field key {int.from_bytes(number, 'big')} is not in the key file")
        try:
            return AESGCM(key).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], number + place)
        except (InvalidTag, ValueError) as error:
            raise FieldKeyError("an encrypted value was altered or stands in another place") from error

    def blind_index(self, kind: str, value: str) -> str:
        """HMAC-SHA256 of a value for exact look-up, 64 hex digits.

        Args:
            kind: what the value is (`id`, `phone`, `name`, `query`): equal values of two kinds do not meet.
            value: made uniform by the caller first.
        """
        message = kind.encode("utf-8") + b"\x00" + value.encode("utf-8")
        return hmac.new(self.index_key, message, hashlib.sha256).hexdigest()


def save_field_keys(path: Path, keys: FieldKeys, passphrase: bytes | None = None) -> None:
    """Writes the key file durably, mode 0600; an older one is replaced in one step."""
    document: dict[str, Any] = {
        "v": 1,
        "current": keys.current,
        "keys": {str(number): _text(key) for number, key in sorted(keys.keys.items())},
        "index": _text(keys.index_key),
    }
    if passphrase is not None:
        document = _lock(json.dumps(document).encode("utf-8"), passphrase)
    write_durably(path, json.dumps(document, indent=1).encode("utf-8") + b"\n", mode=0o600)


def load_field_keys(path: Path, passphrase: bytes | None = None) -> FieldKeys:
    """Reads the key file.

    Raises:
        Problem: `field-keys-missing`, `field-keys-passphrase`, `field-keys-damaged`.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    try:
        if "sealed" in document:
            if passphrase is None:
                raise _passphrase(path)
            document = json.loads(_unlock(document, passphrase))
        numbered = {int(number): _bytes(text) for number, text in document["keys"].items()}
        return FieldKeys(numbered, int(document["current"]), _bytes(document["index"]))
    except InvalidTag as error:
        raise _passphrase(path) from error
    except (KeyError, TypeError, AttributeError, ValueError, FieldKeyError) as error:
        raise _damaged(path) from error


def ensure_field_keys(path: Path, passphrase: bytes | None = None) -> FieldKeys:
    """Loads the key file, or makes it where there is none (a new node)."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        save_field_keys(path, FieldKeys.generate(), passphrase)
    return load_field_keys(path, passphrase)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _derive(passphrase: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(passphrase, salt=salt, n=n, r=r, p=p, maxmem=_SCRYPT_MEMORY, dklen=KEY_BYTES)


def _lock(plain: bytes, passphrase: bytes) -> dict[str, Any]:
    salt, nonce = os.urandom(16), os.urandom(NONCE_BYTES)
    key = _derive(passphrase, salt, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P)
    return {
        "v": 1,
        "kdf": "scrypt",
        "n": _SCRYPT_N,
        "r": _SCRYPT_R,
        "p": _SCRYPT_P,
        "salt": _text(salt),
        "nonce": _text(nonce),
        "sealed": _text(AESGCM(key).encrypt(nonce, plain, _FILE_AAD)),
    }


def _unlock(document: Mapping[str, Any], passphrase: bytes) -> bytes:
    key = _derive(passphrase, _bytes(document["salt"]), document["n"], document["r"], document["p"])
    return AESGCM(key).decrypt(_bytes(document["nonce"]), _bytes(document["sealed"]), _FILE_AAD)


def _missing(path: Path) -> Problem:
    return Problem(
        "field-keys-missing",
        f"找不到数据密钥文件 {path}。没有它,库里的个人信息无法读出;请从保管处取回,不要新建。",
        f"The data key file {path} is missing. Without it the personal data cannot be read; restore it, do not make a new one.",
        500,
        exit_code=EXIT_SETUP,
    )


def _passphrase(path: Path) -> Problem:
    return Problem(
        "field-keys-passphrase",
        f"数据密钥文件 {path} 的口令不对或没有配置,请核对 passphrase_file。",
        f"The passphrase of the data key file {path} is wrong or not configured; check passphrase_file.",
        500,
        exit_code=EXIT_SETUP,
    )


def _damaged(path: Path) -> Problem:
    return Problem(
        "field-keys-damaged",
        f"数据密钥文件 {path} 读不出或已损坏,请从保管处取回。",
        f"The data key file {path} cannot be read or is damaged; restore it from where it is kept.",
        500,
        exit_code=EXIT_SETUP,
    )
