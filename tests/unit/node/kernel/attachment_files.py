"""Small files of each kind, made here."""

from __future__ import annotations

import io
import zipfile

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20)
TEXT = "\ufeff本人承诺所填内容属实。\r\n李芳\n".encode()
PROGRAM = b"MZ\x90\x00\x03" + bytes(200)


def archive(*names: str) -> bytes:
    """A zip archive with files of these names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name in names:
            packed.writestr(zipfile.ZipInfo(name), "<x/>")  # no time of day in it
    return content.getvalue()


OFD = archive("OFD.xml", "Doc_0/Document.xml")
DOCX = archive("[Content_Types].xml", "word/document.xml")
DOCX_WITH_MACRO = archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin")
ZIP = archive("a.pdf", "b.exe")
