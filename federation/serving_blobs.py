"""Attachments at the parent: what is there, uploads that go on where they stopped, and reading (federation.md §7).

A caller sees a blob only if it uploaded it, or an entry on its `down` log names it; else every answer is that for a blob
nobody has. Whoever uploads a blob that is here already proves that it has it: its bytes are compared, none is stored.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

from federation.answers import Answer, answer_nothing
from federation.errors import ProtocolError
from federation.ports import BlobState, Response
from federation.serving import Call
from federation.serving_streams import count_day

MEDIA_TYPE = "application/offset+octet-stream"
OFFSET = "Upload-Offset"
REMEMBERED = 4096  # uploads of what is here already

_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{0,15})|-([0-9]{1,15}))")


def is_blob_name(name: str) -> bool:
    """Whether a path segment is a SHA-256 in lower-case hex."""
    return _SHA256.fullmatch(name) is not None


class BlobDesk:
    """Serves attachments. Safe for several threads."""

    def __init__(self) -> None:
        self._repeats: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def head(self, call: Call, sha256: str) -> Answer:
        """`HEAD`: 200 when it is complete and visible, else 404 and how much of it the caller has uploaded."""
        state = call.tx.blobs.get(sha256)
        if state is not None and state.complete and _is_visible(call, state):
            return answer_nothing(
                200, ("Content-Type", "application/octet-stream"), (OFFSET, str(state.size))
            )
        return answer_nothing(404, (OFFSET, str(self._offset(call, sha256, state))))

    def get(self, call: Call, sha256: str) -> Answer:
        """`GET`, whole or one range."""
        state = call.tx.blobs.get(sha256)
        if state is None or not state.complete or not _is_visible(call, state):
            raise ProtocolError("not-found", 404, "no such blob")
        start, stop = _span(call.header("range"), state.size)
        fields = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes")]
        if start >= stop:
            return answer_nothing(416, ("Content-Range", f"bytes */{state.size}"))
        content = call.tx.blobs.read(sha256, start, stop)
        if call.header("range") is None or (start, stop) == (0, state.size):
            return Answer(Response(200, tuple(fields), content))
        fields.append(("Content-Range", f"bytes {start}-{stop - 1}/{state.size}"))
        return Answer(Response(206, tuple(fields), content))

    def patch(self, call: Call, sha256: str) -> Answer:
        """`PATCH`: append at the offset; 201 when complete and the hash fits."""
        offset, length = _upload_fields(call)
        content = call.arrival.request.body
        state = call.tx.blobs.get(sha256)
        if state is not None and state.size != length:
            raise ProtocolError("malformed", 400, "Upload-Length is another than before")
        at = self._offset(call, sha256, state)
        if state is not None and state.complete and at == length == offset and len(content) == 0:
            return answer_nothing(201, (OFFSET, str(at)))
        if offset != at:
            return answer_nothing(409, (OFFSET, str(at)))
        is_others = state is not None and state.uploaded_by != call.code
        if is_others and state is not None and not state.complete:
            raise ProtocolError("busy", 503, "this blob is on its way already", retry_after_s=60)
        count_day(call, f"{call.code}/blobs", len(content), call.limits.blob_bytes_per_day)
        if is_others and state is not None:
            return self._repeat(call, state, offset, content)
        call.tx.blobs.begin(sha256, length, call.code)
        written = call.tx.blobs.write(sha256, offset, content)
        return answer_nothing(201 if written.complete else 204, (OFFSET, str(written.offset)))

    def _offset(self, call: Call, sha256: str, state: BlobState | None) -> int:
        """How much of a blob the caller has uploaded, or been seen to have."""
        if state is None:
            return 0
        if state.uploaded_by == call.code:
            return state.offset
        with self._lock:
            return self._repeats.get((call.code, sha256), 0)

    def _repeat(self, call: Call, state: BlobState, offset: int, content: bytes) -> Answer:
        """The caller uploads what another one did: compared to the end, then it may see it."""
        key, stop = (call.code, state.sha256), offset + len(content)
        same = call.tx.blobs.read(state.sha256, offset, stop) == content
        with self._lock:
            self._repeats.pop(key, None)
            if same and stop < state.size:
                self._repeats[key] = stop
                while len(self._repeats) > REMEMBERED:
                    self._repeats.popitem(last=False)
        if not same:
            raise ProtocolError("blob", 422, "the bytes do not have that hash")
        if stop == state.size:
            call.tx.blobs.name(state.sha256, call.code)
            return answer_nothing(201, (OFFSET, str(stop)))
        return answer_nothing(204, (OFFSET, str(stop)))


def _is_visible(call: Call, state: BlobState) -> bool:
    return state.uploaded_by == call.code or call.tx.blobs.named_to(state.sha256, call.code)


def _upload_fields(call: Call) -> tuple[int, int]:
    """Upload-Offset and Upload-Length of a PATCH that fits its own content and the limits."""
    call.query(frozenset())
    call.check_media(MEDIA_TYPE)
    if call.header("content-encoding") is not None:
        raise ProtocolError("media-type", 415, "a blob is sent as it is")
    offset, length = call.number_field("upload-offset"), call.number_field("upload-length")
    if length > call.limits.blob_bytes:
        raise ProtocolError("too-large", 413, f"a blob has at most {call.limits.blob_bytes} bytes")
    if length == 0 or offset + len(call.arrival.request.body) > length:
        raise ProtocolError("malformed", 400, "more content than Upload-Length says")
    return offset, length


def _span(value: str | None, size: int) -> tuple[int, int]:
    """The bytes [start, stop) a Range asks for (RFC 9110 §14); all of them where it is absent or not one range."""
    found = None if value is None else _RANGE.fullmatch(value)
    if found is None:
        return 0, size
    first, last, suffix = found.groups()
    if suffix is not None:
        return max(0, size - int(suffix)), size if int(suffix) > 0 else 0
    stop = size if last == "" else min(size, int(last) + 1)
    if last != "" and int(last) < int(first):
        return 0, size
    return int(first), stop
