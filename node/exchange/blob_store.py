"""Ciphertexts by SHA-256: rows in the database, bytes in files (`federation.ports.BlobStore`).

The row is the truth. A file may hold more than its row says (a transaction that rolled back after writing): the next
write begins by cutting it to the row's offset. A row never says more than its file holds: bytes are flushed to the
disk before the transaction that counts them can commit. Source: federation.md §7.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from federation.errors import ProtocolError
from federation.ports import BlobState, Clock
from node.exchange.sql import add_to, insert_absent, table_of
from node.exchange.tables import BlobNameRow, BlobRow, TrafficRow

BLOB = table_of(BlobRow)
BLOB_NAME = table_of(BlobNameRow)
TRAFFIC = table_of(TrafficRow)

CHUNK_BYTES = 1_048_576
HEX_DIGITS = frozenset("0123456789abcdef")
SHA256_HEX = 64


def blob_path(folder: Path, sha256: str) -> Path:
    """Where a ciphertext lies: `<folder>/<first two hex digits>/<sha256>`.

    Raises:
        ProtocolError: `not-found` when it is no SHA-256 in lower-case hex.
    """
    if len(sha256) != SHA256_HEX or not set(sha256) <= HEX_DIGITS:
        raise ProtocolError("not-found", 404)
    return folder / sha256[:2] / sha256


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_at(path: Path, offset: int, content: bytes) -> None:
    """Cut the file to `offset`, append `content`, and flush it to the disk with its folder entry."""
    is_new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        file.truncate(offset)
        file.seek(offset)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _flush_folder(path.parent)
        _flush_folder(path.parent.parent)


def hash_file(path: Path) -> str:
    """SHA-256 of a file, lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _state(row: Row[Any]) -> BlobState:
    return BlobState(row.sha256, row.size, row.offset, row.complete, row.uploaded_by)


class SqlBlobStore:
    """See `federation.ports.BlobStore`."""

    def __init__(self, connection: Connection, folder: Path, clock: Clock) -> None:
        self._connection = connection
        self._folder = folder
        self._clock = clock

    def get(self, sha256: str) -> BlobState | None:
        """What is known of a ciphertext."""
        row = self._connection.execute(select(BLOB).where(BLOB.c.sha256 == sha256)).one_or_none()
        return None if row is None else _state(row)

    def begin(self, sha256: str, size: int, caller: str) -> BlobState:
        """Expect a ciphertext of `size` bytes; what is there already stays as it is."""
        blob_path(self._folder, sha256)
        values = {
            "sha256": sha256,
            "size": size,
            "offset": 0,
            "complete": False,
            "uploaded_by": caller,
            "begun_at": self._clock.now(),
        }
        insert_absent(self._connection, BLOB, values, ("sha256",))
        state = self.get(sha256)
        assert state is not None, "a blob just begun has a row"
        return state

    def write(self, sha256: str, offset: int, content: bytes) -> BlobState:
        """Append at `offset`; complete when the size is reached and the hash fits.

        Raises:
            ProtocolError: `blob` (422), all dropped, when the hash does not fit or there is more than its size.
        """
        state = self.get(sha256)
        if state is None or state.complete or offset != state.offset:
            raise AssertionError("written elsewhere than at the stored offset")
        end = offset + len(content)
        path = blob_path(self._folder, sha256)
        if end <= state.size:
            write_at(path, offset, content)
        if end > state.size or (end == state.size and hash_file(path) != sha256):
            self.drop(sha256)
            raise ProtocolError("blob", 422, "the bytes do not have that hash")
        values = {"offset": end, "complete": end == state.size}
        self._connection.execute(update(BLOB).where(BLOB.c.sha256 == sha256).values(values))
        return BlobState(sha256, state.size, end, end == state.size, state.uploaded_by)

    def read(self, sha256: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of what has arrived."""
        with blob_path(self._folder, sha256).open("rb") as file:
            file.seek(start)
            return file.read(stop - start)

    def drop(self, sha256: str) -> None:
        """Forget a ciphertext and what came of it; who it was named to stays."""
        self._connection.execute(delete(BLOB).where(BLOB.c.sha256 == sha256))
        blob_path(self._folder, sha256).unlink(missing_ok=True)

    def named_to(self, sha256: str, child: str) -> bool:
        """Whether an entry exchanged with this child names the blob."""
        query = select(BLOB_NAME.c.peer).where(BLOB_NAME.c.sha256 == sha256, BLOB_NAME.c.peer == child)
        return self._connection.scalar(query) is not None

    def name(self, sha256: str, peer: str) -> None:
        """An entry exchanged with `peer` names the blob."""
        insert_absent(self._connection, BLOB_NAME, {"sha256": sha256, "peer": peer}, ("sha256", "peer"))

    def bytes_today(self, caller: str, day: str) -> int:
        """Bytes counted for a caller on a day."""
        query = select(TRAFFIC.c.bytes).where(TRAFFIC.c.caller == caller, TRAFFIC.c.day == day)
        found = self._connection.scalar(query)
        return 0 if found is None else int(found)

    def count_bytes(self, caller: str, day: str, count: int) -> int:
        """Count bytes for a caller on a day; returns how many there are now."""
        values = {"caller": caller, "day": day, "bytes": count}
        return add_to(self._connection, TRAFFIC, values, ("caller", "day"), "bytes")

    def unnamed_since(self, before: datetime, limit: int) -> list[str]:
        """Uploads begun before an instant that no entry names, oldest first (deleted after 7 days)."""
        named = select(BLOB_NAME.c.sha256).where(BLOB_NAME.c.sha256 == BLOB.c.sha256).exists()
        query = (
            select(BLOB.c.sha256)
            .where(BLOB.c.begun_at < before, BLOB.c.uploaded_by != "", ~named)
            .order_by(BLOB.c.begun_at)
            .limit(limit)
        )
        return [str(sha256) for sha256 in self._connection.scalars(query)]
