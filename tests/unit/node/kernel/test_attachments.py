"""Files handed in: known by their bytes, refused when disguised or too large, never stored readable."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.memory_stores import MemoryDatabase
from federation.ports import BlobStore
from node.kernel.attachments import check_attachment, has_arrived, keep_attachment, read_attachment
from node.kernel.file_types import KINDS, NAME_MAX, clean_name, kind_of
from node.kernel.problems import Problem
from tests.unit.node.kernel import attachment_files as files

MOST = 1_000_000


@pytest.fixture
def blobs() -> Iterator[BlobStore]:
    with MemoryDatabase().transaction() as tx:
        yield tx.blobs


@pytest.mark.parametrize(
    ("content", "name", "media"),
    [
        (files.PDF, "户口本.pdf", "application/pdf"),
        (files.OFD, "营业执照.ofd", "application/ofd"),
        (files.JPEG, "IMG_0001.JPG", "image/jpeg"),
        (files.JPEG, "照片.jpeg", "image/jpeg"),
        (files.PNG, "截图.png", "image/png"),
        (files.WEBP, "a.webp", "image/webp"),
        (
            files.DOCX,
            "申请书.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (files.TEXT, "说明.txt", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, name: str, media: str) -> None:
    kind, shown = check_attachment(content, name, MOST)
    assert (kind.media, shown) == (media, name)


@pytest.mark.parametrize(
    ("content", "name", "code", "zh"),
    [
        (b"", "a.pdf", "attachment-empty", "空的"),
        (files.PDF * 30_000, "a.pdf", "attachment-too-large", "超过上限 1.0 MB"),
        (files.PROGRAM, "a.exe", "attachment-kind", "可以上传"),
        (files.PROGRAM, "身份证.jpg", "attachment-kind", "可以上传"),
        (files.ZIP, "材料.zip", "attachment-kind", "解开后逐个上传"),
        (files.DOCX_WITH_MACRO, "申请书.docx", "attachment-kind", "可以上传"),
        (files.OFD[:60], "a.ofd", "attachment-kind", "损坏"),
        (b"   \n", "a.txt", "attachment-kind", "可以上传"),
        (files.JPEG, "户口本.pdf", "attachment-disguised", "内容却是JPEG 图片"),
        (b"<html><script>alert(1)</script>", "page.html", "attachment-disguised", "改为 .txt"),
        (files.PDF, "a.pdf.exe", "attachment-disguised", "以 .exe 结尾"),
    ],
)
def test_a_file_that_is_not_taken_says_why_and_what_to_do(
    content: bytes, name: str, code: str, zh: str
) -> None:
    with pytest.raises(Problem) as caught:
        check_attachment(content, name, MOST)
    assert caught.value.code == code
    assert zh in caught.value.zh
    assert name not in caught.value.zh + caught.value.en


def test_a_name_without_an_ending_gets_one() -> None:
    assert check_attachment(files.PNG, "扫描件", MOST)[1] == "扫描件.png"
    assert check_attachment(files.PNG, "", MOST)[1] == "attachment.png"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\Users\\李芳\\Desktop\\户口本.pdf", "户口本.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\x00b\n.txt", "ab.txt"),
        (" . ", ""),
        ("申 请 书.docx", "申 请 书.docx"),
    ],
)
def test_names_are_shown_without_folders_and_tricks(given: str, shown: str) -> None:
    assert clean_name(given) == shown


@given(st.text(max_size=300))
def test_a_clean_name_is_short_and_stays_as_it_is(name: str) -> None:
    shown = clean_name(name)
    assert len(shown) <= NAME_MAX
    assert "/" not in shown
    assert shown.isprintable()


@given(st.binary(max_size=300))
def test_any_bytes_are_one_kind_or_none(content: bytes) -> None:
    assert kind_of(content) in {*KINDS, None}


def test_what_is_kept_cannot_be_read_and_comes_back_whole(blobs: BlobStore) -> None:
    kept = keep_attachment(blobs, files.TEXT, "承诺书.txt", MOST)
    stored = blobs.read(kept.sha256, 0, kept.size)
    assert len(stored) == kept.size == len(files.TEXT) + 28
    assert "李芳".encode() not in stored
    assert has_arrived(blobs, kept.sha256)
    assert read_attachment(blobs, kept.sha256, kept.secret) == files.TEXT
    assert kept.secret["name"] == "承诺书.txt"


def test_the_same_file_twice_has_two_names(blobs: BlobStore) -> None:
    first, second = (keep_attachment(blobs, files.PDF, "a.pdf", MOST) for _ in range(2))
    assert first.sha256 != second.sha256


def test_one_that_has_not_arrived_says_so(blobs: BlobStore) -> None:
    blobs.begin("ab" * 32, 100, "320623101001")
    assert not has_arrived(blobs, "ab" * 32)
    for name in ("ab" * 32, "cd" * 32):
        with pytest.raises(Problem) as caught:
            read_attachment(blobs, name, {"key": "", "plain_sha256": ""})
        assert caught.value.code == "attachment-missing"


@pytest.mark.parametrize(
    "changed",
    [
        {"key": base64.b64encode(bytes(32)).decode()},
        {"key": "?"},
        {"key": ""},
        {"plain_sha256": "00" * 32},
    ],
)
def test_a_key_or_a_hash_that_does_not_fit_opens_nothing(blobs: BlobStore, changed: dict[str, Any]) -> None:
    kept = keep_attachment(blobs, files.PDF, "a.pdf", MOST)
    with pytest.raises(Problem) as caught:
        read_attachment(blobs, kept.sha256, {**kept.secret, **changed})
    assert caught.value.code == "attachment-damaged"
