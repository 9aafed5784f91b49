"""Attachments at the parent: uploads that go on where they stopped, who sees what (federation.md §7)."""

from __future__ import annotations

import hashlib

import pytest

from federation.ports import Limits, Response
from tests.unit.federation.members import VILLAGE
from tests.unit.federation.parent import SIBLING, Parent, problem

CONTENT = bytes(range(256)) * 4
SHA = hashlib.sha256(CONTENT).hexdigest()
PATH = f"/federation/v1/blobs/{SHA}"


@pytest.fixture
def parent() -> Parent:
    return Parent()


def patch(
    parent: Parent,
    offset: int,
    content: bytes,
    *,
    path: str = PATH,
    length: int = len(CONTENT),
    code: str = VILLAGE,
) -> Response:
    headers = [("Upload-Offset", str(offset)), ("Upload-Length", str(length))]
    if len(content) > 0:
        headers.append(("Content-Type", "application/offset+octet-stream"))
    return parent.ask("PATCH", path, headers=headers, body=content, code=code)


def told(response: Response) -> tuple[int, str | None]:
    return response.status, response.value("upload-offset")


def head(parent: Parent, code: str = VILLAGE) -> tuple[int, str | None]:
    response = parent.ask("HEAD", PATH, code=code)
    assert response.body == b""
    return told(response)


def test_an_upload_goes_on_where_it_stopped(parent: Parent) -> None:
    assert head(parent) == (404, "0")
    assert told(patch(parent, 0, CONTENT[:100])) == (204, "100")
    assert head(parent) == (404, "100")
    assert told(patch(parent, 0, CONTENT[:100])) == (409, "100")
    assert told(patch(parent, 100, CONTENT[100:])) == (201, "1024")
    assert head(parent) == (200, "1024")
    assert told(patch(parent, 100, CONTENT[100:])) == (409, "1024")
    assert told(patch(parent, 1024, b"")) == (201, "1024")
    assert parent.ask("GET", PATH).body == CONTENT


def test_bytes_that_do_not_fit_the_name_are_dropped(parent: Parent) -> None:
    patch(parent, 0, CONTENT[:100])
    response = patch(parent, 100, b"x" * 924)
    assert (response.status, problem(response)) == (422, "blob")
    assert head(parent) == (404, "0")
    assert told(patch(parent, 0, CONTENT)) == (201, "1024")


def test_who_did_not_upload_it_cannot_tell_it_from_one_nobody_has(parent: Parent) -> None:
    patch(parent, 0, CONTENT)
    assert head(parent, SIBLING) == (404, "0")
    mine, nobodys = (
        parent.ask("GET", path, code=SIBLING) for path in (PATH, "/federation/v1/blobs/" + "0" * 64)
    )
    assert (mine.status, mine.headers, mine.body) == (nobodys.status, nobodys.headers, nobodys.body)


def test_an_entry_on_the_callers_log_that_names_it_makes_it_visible(parent: Parent) -> None:
    patch(parent, 0, CONTENT)
    with parent.database.transaction() as tx:
        tx.blobs.name(SHA, SIBLING)
    assert head(parent, SIBLING) == (200, "1024")
    assert parent.ask("GET", PATH, code=SIBLING).body == CONTENT


def test_whoever_has_all_of_it_may_upload_it_too(parent: Parent) -> None:
    patch(parent, 0, CONTENT)
    assert told(patch(parent, 1023, CONTENT[-1:], code=SIBLING)) == (409, "0")
    assert told(patch(parent, 0, CONTENT[:512], code=SIBLING)) == (204, "512")
    assert head(parent, SIBLING) == (404, "512")
    assert told(patch(parent, 512, CONTENT[512:], code=SIBLING)) == (201, "1024")
    assert head(parent, SIBLING) == (200, "1024")


def test_whoever_guesses_starts_again(parent: Parent) -> None:
    patch(parent, 0, CONTENT)
    patch(parent, 0, CONTENT[:512], code=SIBLING)
    assert problem(patch(parent, 512, b"guess", code=SIBLING)) == "blob"
    assert head(parent, SIBLING) == (404, "0")
    assert head(parent) == (200, "1024")


def test_what_is_on_its_way_from_another_is_busy(parent: Parent) -> None:
    patch(parent, 0, CONTENT[:100])
    response = patch(parent, 0, CONTENT, code=SIBLING)
    assert (response.status, problem(response), response.value("retry-after")) == (503, "busy", "60")


@pytest.mark.parametrize(
    ("asked", "status", "span", "content"),
    [
        (None, 200, None, CONTENT),
        ("bytes=0-", 200, None, CONTENT),
        ("bytes=10-19", 206, "bytes 10-19/1024", CONTENT[10:20]),
        ("bytes=1000-", 206, "bytes 1000-1023/1024", CONTENT[1000:]),
        ("bytes=1000-5000", 206, "bytes 1000-1023/1024", CONTENT[1000:]),
        ("bytes=-24", 206, "bytes 1000-1023/1024", CONTENT[1000:]),
        ("bytes=1024-", 416, "bytes */1024", b""),
        ("bytes=-0", 416, "bytes */1024", b""),
        ("bytes=0-1,3-4", 200, None, CONTENT),
        ("lines=1-2", 200, None, CONTENT),
        ("bytes=5-2", 200, None, CONTENT),
    ],
)
def test_a_part_is_read_by_its_range(
    parent: Parent, asked: str | None, status: int, span: str | None, content: bytes
) -> None:
    patch(parent, 0, CONTENT)
    headers = [] if asked is None else [("Range", asked)]
    response = parent.ask("GET", PATH, headers=headers)
    assert (response.status, response.value("content-range"), response.body) == (status, span, content)


@pytest.mark.parametrize(
    ("headers", "body", "status", "name"),
    [
        ({"Upload-Offset": None}, b"a", 400, "malformed"),
        ({"Upload-Length": None}, b"a", 400, "malformed"),
        ({"Upload-Offset": "-1"}, b"a", 400, "malformed"),
        ({"Upload-Length": "0"}, b"", 400, "malformed"),
        ({"Upload-Length": "1"}, b"ab", 400, "malformed"),
        ({"Upload-Length": "67108865"}, b"a", 413, "too-large"),
        ({"Content-Type": "application/octet-stream"}, b"a", 415, "media-type"),
        ({"Content-Encoding": "gzip"}, b"a", 415, "media-type"),
        ({}, b"x" * 4_194_305, 413, "too-large"),
    ],
)
def test_a_bad_upload_is_refused(
    parent: Parent, headers: dict[str, str | None], body: bytes, status: int, name: str
) -> None:
    wanted = {
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": "0",
        "Upload-Length": "9999999",
        **headers,
    }
    before = parent.snapshot()
    sent = [(field, value) for field, value in wanted.items() if value is not None]
    response = parent.ask("PATCH", PATH, headers=sent, body=body)
    assert (response.status, problem(response)) == (status, name)
    assert parent.snapshot() == before


def test_another_length_than_before_is_refused(parent: Parent) -> None:
    patch(parent, 0, CONTENT[:100])
    assert problem(patch(parent, 100, CONTENT[100:], length=2000)) == "malformed"
    assert head(parent) == (404, "100")


def test_a_days_bytes_are_limited() -> None:
    parent = Parent(Limits(blob_bytes_per_day=1000))
    assert told(patch(parent, 0, CONTENT[:600])) == (204, "600")
    response = patch(parent, 600, CONTENT[600:])
    assert (response.status, problem(response)) == (429, "slow-down")
    parent.clock.pass_time(days=1)
    assert told(patch(parent, 600, CONTENT[600:])) == (201, "1024")


def test_a_crash_after_the_commit_is_found_by_head(parent: Parent) -> None:
    def crash(point: str) -> None:
        if point == "after-commit":
            raise RuntimeError("the line is cut")

    parent.memory.at_point = crash
    with pytest.raises(RuntimeError):
        patch(parent, 0, CONTENT)
    parent.memory.at_point = lambda point: None
    parent.start()
    assert head(parent) == (200, "1024")
