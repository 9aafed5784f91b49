"""Attachments: checked, encrypted once, kept as a blob; read back and opened (federation.md §7, requirements.md §2.8).

What a person hands in is never stored readable: its ciphertext goes to the blob store under its own SHA-256, in the
caller's transaction, and its key, the plaintext's hash and the file's name are returned as `secret`, for an encrypted
column. Only `sha256`, `size` (of the ciphertext) and `media` stand open.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from federation.errors import FederationError
from federation.ports import BlobStore
from federation.sealing import decrypt_blob, encrypt_blob
from node.kernel.attachment_problems import (
    damaged_attachment,
    disguised_attachment,
    empty_attachment,
    missing_attachment,
    too_large_attachment,
    unknown_attachment,
)
from node.kernel.file_types import FileKind, clean_name, ending_of, kind_of


@dataclass(frozen=True, slots=True)
class KeptAttachment:
    """An attachment in the blob store.

    Attributes:
        sha256: hex SHA-256 of the ciphertext: its name everywhere.
        size: bytes of the ciphertext.
        media: media type, by its bytes.
        secret: `key` (base64), `plain_sha256`, `plain_size`, `name`: for an encrypted column and for `sealed`.
    """

    sha256: str
    size: int
    media: str
    secret: dict[str, Any]


def check_attachment(content: bytes, file_name: str, max_bytes: int) -> tuple[FileKind, str]:
    """What a file is, and its name as it will be shown; an ending is added where it has none.

    Raises:
        Problem: `attachment-empty`, `attachment-too-large`, `attachment-kind`, `attachment-disguised`.
    """
    if len(content) == 0:
        raise empty_attachment()
    if len(content) > max_bytes:
        raise too_large_attachment(len(content), max_bytes)
    name = clean_name(file_name)
    ending = ending_of(name)
    kind = kind_of(content)
    if kind is None:
        raise unknown_attachment(ending)
    if ending == "":
        return kind, (name or "attachment") + kind.endings[0]
    if ending not in kind.endings:
        raise disguised_attachment(ending, kind)
    return kind, name


def keep_attachment(blobs: BlobStore, content: bytes, file_name: str, max_bytes: int) -> KeptAttachment:
    """Checks, encrypts and stores a file; durable when the caller's transaction commits.

    Raises:
        Problem: see `check_attachment`.
    """
    kind, name = check_attachment(content, file_name, max_bytes)
    encrypted = encrypt_blob(content)
    blobs.begin(encrypted.sha256, len(encrypted.ciphertext), "")
    blobs.write(encrypted.sha256, 0, encrypted.ciphertext)
    secret = {
        "key": base64.b64encode(encrypted.key).decode("ascii"),
        "plain_sha256": encrypted.plain_sha256,
        "plain_size": len(content),
        "name": name,
    }
    return KeptAttachment(encrypted.sha256, len(encrypted.ciphertext), kind.media, secret)


def has_arrived(blobs: BlobStore, sha256: str) -> bool:
    """Whether every byte of an attachment is here."""
    state = blobs.get(sha256)
    return state is not None and state.complete


def read_attachment(blobs: BlobStore, sha256: str, secret: Mapping[str, Any]) -> bytes:
    """The plaintext of an attachment.

    Args:
        secret: as `keep_attachment` returned it, here or at the node it came from.

    Raises:
        Problem: `attachment-missing` (not arrived, or erased), `attachment-damaged`.
    """
    state = blobs.get(sha256)
    if state is None or not state.complete:
        raise missing_attachment()
    try:
        key = base64.b64decode(str(secret.get("key", "")), validate=True)
        ciphertext = blobs.read(sha256, 0, state.size)
        return decrypt_blob(ciphertext, key, sha256=sha256, plain_sha256=str(secret.get("plain_sha256", "")))
    except FileNotFoundError as error:
        raise missing_attachment() from error
    except (FederationError, binascii.Error) as error:
        raise damaged_attachment(sha256) from error
