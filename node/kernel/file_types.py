"""What a file is, by its bytes; what its name may be; pure.

Only kinds that every desk can open and that carry no program: PDF, OFD (GB/T 33190), JPEG, PNG, WebP, Word (.docx), plain
text. The name's ending must say what the bytes are, so that nothing is disguised.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

NAME_MAX = 80
PARTS_MAX = 10_000
"""More parts than any document has; only their names are looked at, nothing is unpacked."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is accepted; `endings` in lower case, the usual one first."""

    media: str
    endings: tuple[str, ...]
    zh: str
    en: str


PDF = FileKind("application/pdf", (".pdf",), "PDF 文件", "a PDF")
OFD = FileKind("application/ofd", (".ofd",), "OFD 版式文件", "an OFD document")
JPEG = FileKind("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG 图片", "a JPEG picture")
PNG = FileKind("image/png", (".png",), "PNG 图片", "a PNG picture")
WEBP = FileKind("image/webp", (".webp",), "WebP 图片", "a WebP picture")
DOCX = FileKind(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    (".docx",),
    "Word 文档(docx)",
    "a Word document (docx)",
)
TEXT = FileKind("text/plain", (".txt",), "纯文本", "plain text")
KINDS: tuple[FileKind, ...] = (PDF, OFD, JPEG, PNG, WEBP, DOCX, TEXT)
BY_MEDIA: Mapping[str, FileKind] = {kind.media: kind for kind in KINDS}
_ZIP = b"PK\x03\x04"
_MACRO_PARTS = ("vbaproject.bin", ".exe", ".js", ".vbs", ".bat", ".cmd", ".scr")


def kind_of(content: bytes) -> FileKind | None:
    """The kind of a file by its bytes; None when it is none that is accepted."""
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(_ZIP):
        return _packed_kind(content)
    return TEXT if _is_text(content) else None


def _packed_kind(content: bytes) -> FileKind | None:
    """OFD and docx are zip archives; archives of anything else, or with programs in them, are not accepted."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [info.filename.lower() for info in archive.infolist()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError):
        return None
    if len(names) > PARTS_MAX or any(name.endswith(_MACRO_PARTS) for name in names):
        return None
    if "ofd.xml" in names:
        return OFD
    return DOCX if "word/document.xml" in names and "[content_types].xml" in names else None


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return len(text.strip()) > 0 and not any(
        unicodedata.category(character) == "Cc" and character not in "\r\n\t" for character in text
    )


def clean_name(name: str) -> str:
    """A file's name as it may be shown: no folders, no invisible or direction-changing characters, not too long.

    "" when nothing is left of it.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(
        character for character in last if unicodedata.category(character)[0] not in "CZ" or character == " "
    )
    seen = seen.strip(" .")
    stem, dot, ending = seen.rpartition(".")
    if len(seen) <= NAME_MAX:
        return seen
    return (
        f"{stem[: NAME_MAX - len(ending) - 1]}.{ending}"
        if dot and len(ending) < NAME_MAX
        else seen[:NAME_MAX]
    )


def ending_of(name: str) -> str:
    """The name's ending with its dot, in lower case; "" when it has none."""
    _, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot else ""
