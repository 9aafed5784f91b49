"""Attachments between a child and its parent: uploaded before the entries that name them, fetched after (federation.md §7).

An upload goes on where it stopped: `HEAD` tells how much the parent has, each `PATCH` carries at most `batch_bytes`.
A blob that cannot be sent or fetched never holds a stream; only being told to slow down does.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from federation.child import Child
from federation.errors import CanonicalError, ProtocolError, TransportError
from federation.event import RELAY, load_object
from federation.records import BlobState, Response

__all__ = ["BlobTransfer", "blobs_named"]

MEDIA_TYPE = "application/offset+octet-stream"
TRIES = 3
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OFFSET = re.compile(r"0|[1-9][0-9]{0,15}")
_LASTING = frozenset({"blob", "too-large"})
"""Refusals of one blob that trying again does not mend."""


def blobs_named(line: bytes) -> list[tuple[str, int]]:
    """(SHA-256, size) of every blob that an entry lists; of the inner one in `relay.v1`. What is malformed is left out:
    it is judged where the entry is applied."""
    try:
        entry = load_object(line)
        if entry.get("type") == RELAY:
            entry = load_object(base64.b64decode(entry["data"]["entry"], validate=True))
    except (CanonicalError, ValueError, KeyError, TypeError):
        return []
    data = entry.get("data")
    listed = data.get("blobs") if isinstance(data, Mapping) else None
    return [pair for item in listed if (pair := _blob(item)) is not None] if isinstance(listed, list) else []


def _blob(item: Any) -> tuple[str, int] | None:
    if not isinstance(item, Mapping):
        return None
    sha256, size = item.get("sha256"), item.get("size")
    is_blob = isinstance(sha256, str) and _SHA256.fullmatch(sha256) and type(size) is int and size >= 0
    return (str(sha256), int(size)) if is_blob and size is not None else None


def _offset_of(response: Response) -> int:
    value = response.value("upload-offset")
    if value is None or _OFFSET.fullmatch(value) is None:
        raise TransportError("an answer about a blob without Upload-Offset")
    return int(value)


class BlobTransfer:
    """Uploads to the parent and fetches from it. One thread uses it at a time."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._sent: set[str] = set()

    # --- up --------------------------------------------------------------------------------------------------

    def upload_missing(self, lines: Sequence[bytes]) -> int:
        """Upload what these lines name, what is complete here, and what the parent lacks.

        Returns:
            How many were uploaded.

        Raises:
            ProtocolError, TransportError: the call failed in a way that holds for other blobs too.
        """
        count = 0
        for sha256, _ in dict.fromkeys(pair for line in lines for pair in blobs_named(line)):
            if sha256 not in self._sent:
                count += self._upload(sha256)
                self._sent.add(sha256)
        return count

    def _upload(self, sha256: str) -> int:
        with self._child.database.transaction() as tx:
            state = tx.blobs.get(sha256)
        if state is None or not state.complete:
            return 0
        path = f"/federation/v1/blobs/{sha256}"
        told = self._child.uplink.call("HEAD", path, expect=(200, 404))
        if told.status == 200:
            return 0
        try:
            return self._send_from(state, path, _offset_of(told))
        except ProtocolError as error:
            if error.code not in _LASTING:
                raise
            with self._child.database.transaction() as tx:
                self._child.alert_in(tx, "blob-refused", "warning", {"sha256": sha256, "code": error.code})
            return 0

    def _send_from(self, state: BlobState, path: str, offset: int) -> int:
        conflicts = 0
        while conflicts < TRIES:
            stop = min(state.size, offset + self._child.limits.batch_bytes)
            with self._child.database.transaction() as tx:
                content = tx.blobs.read(state.sha256, offset, stop)
            headers = (
                ("Content-Type", MEDIA_TYPE),
                ("Upload-Offset", str(offset)),
                ("Upload-Length", str(state.size)),
            )
            answer = self._child.uplink.call(
                "PATCH", path, headers=headers, body=content, expect=(201, 204, 409)
            )
            if answer.status == 201:
                return 1
            conflicts += 1 if answer.status == 409 else 0
            offset = _offset_of(answer)
            if offset >= state.size:
                return 1
        raise TransportError(f"{state.sha256}: the parent keeps naming other offsets")

    # --- down ------------------------------------------------------------------------------------------------

    def fetch(self, sha256: str, size: int) -> bool:
        """Fetch a blob of the parent, going on where it stopped.

        Returns:
            Whether it is complete now; False when the parent does not have it (yet).

        Raises:
            ProtocolError: `blob`: what came does not have that hash, and is dropped; or another refusal.
            TransportError: no usable answer.
        """
        if size > self._child.limits.blob_bytes:
            raise ProtocolError("too-large", 413, f"a blob has at most {self._child.limits.blob_bytes} bytes")
        with self._child.database.transaction() as tx:
            state = tx.blobs.begin(sha256, size, self._child.parent_code)
        while not state.complete:
            stop = min(state.size, state.offset + self._child.limits.batch_bytes)
            span = (("Range", f"bytes={state.offset}-{stop - 1}"),) if state.size > 0 else ()
            answer = self._child.uplink.call(
                "GET", f"/federation/v1/blobs/{sha256}", headers=span, expect=(200, 206, 404)
            )
            if answer.status == 404:
                return False
            content = answer.body if answer.status == 206 else answer.body[state.offset : stop]
            if len(content) != stop - state.offset:
                raise TransportError(f"{sha256}: another part than the one asked for")
            state = self._write(state, content)
        return True

    def _write(self, state: BlobState, content: bytes) -> BlobState:
        """Store a part; that a blob with another hash was dropped must be committed as well."""
        refused: ProtocolError | None = None
        with self._child.database.transaction() as tx:
            try:
                state = tx.blobs.write(state.sha256, state.offset, content)
            except ProtocolError as error:
                refused = error
        if refused is not None:
            raise refused
        return state
