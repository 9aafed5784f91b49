"""Signed notes, checkpoints and cosignatures (C2SP signed-note, tlog-checkpoint, tlog-cosignature; federation.md §2, §5).

A **note** is a text that ends in a newline, an empty line, and one signature line or more:

    nantong.example/320623101001/up/1              the checkpoint's text: origin,
    3                                              size in ASCII decimal,
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root hash in base64 (standard, padded)
                                                   an empty line
    — nantong.example/320623101001/up/1 WVq0…      EM DASH, space, key name, space, base64(key id ‖ signature)
    — nantong.example/320623101000/receipt q3Tm…   a receipt: the parent's cosignature

The **key id** is SHA-256(key name ‖ 0x0A ‖ type ‖ raw public key)[:4]. Type 0x01 signs the text; its key name is the
log's origin. Type 0x04 (`cosignature/v1`) signs `cosignature/v1\\ntime <seconds>\\n` followed by the text; what stands
behind the key id is the time (8 bytes, big endian, seconds since 1970) and the signature. A **vkey** is
`<key name>+<key id in hex>+<base64(type ‖ raw public key)>`; worked example, from Go's `sumdb/note`:
`PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW`.

Of the lines whose name and key id are those of a known key every one must hold, and one there must be; all other lines
are ignored. Checkpoints here have exactly three lines. What is read is written anew and compared, so that nothing has
two spellings.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation.canonical import INTEGER_LIMIT
from federation.dating import Witnessed
from federation.errors import LogProofError, SignatureError
from federation.keys import PublicKey, raw_public
from federation.merkle import HASH_BYTES
from federation.ports import Limits
from federation.suite import SUITE

NOTE_BYTES = Limits().note_bytes
"""Longest note, in bytes, with all its signature lines."""
_DASH = "\u2014 "
_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(LogProofError):
    """A note does not hold. `code`: `note` (malformed), `origin` (another log's), `unsigned` (no line by a known key),
    `signature` (a known key's line does not hold)."""

    code = "note"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head.

    Attributes:
        origin: the log's name.
        size: number of entries.
        root: RFC 6962 root hash over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line under a note: `key_id` 4 bytes, `signature` what follows them."""

    key_name: str
    key_id: bytes
    signature: bytes


# --- keys ----------------------------------------------------------------------------------------------------


def key_id(name: str, type_byte: int, raw: bytes) -> bytes:
    """The four bytes that name a key in a signature line."""
    return SUITE.digest(name.encode("utf-8") + b"\n" + bytes([type_byte]) + raw)[:_KEY_ID_BYTES]


def vkey(name: str, type_byte: int, raw: bytes) -> str:
    """A key as tools that read signed notes want it."""
    packed = base64.b64encode(bytes([type_byte]) + raw).decode("ascii")
    return f"{_check_key_name(name)}+{key_id(name, type_byte, raw).hex()}+{packed}"


@lru_cache(maxsize=1024)
def _check_key_name(name: str) -> str:
    if name == "" or "+" in name or any(sign.isspace() for sign in name) or _CONTROL.search(name):
        raise NoteError(f"not a key name: {name!r}")
    return name


def _from_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise NoteError("not base64 in canonical form")
    return data


# --- text ----------------------------------------------------------------------------------------------------


def parse_size(text: str) -> int:
    """A size in ASCII decimal without leading zeros, below 2^53.

    Raises:
        LogProofError: it is none.
    """
    if _DECIMAL.fullmatch(text) is None or int(text) >= INTEGER_LIMIT:
        raise NoteError("not a size")
    return int(text)


def parse_hash(text: str) -> bytes:
    """A SHA-256 hash in base64.

    Raises:
        LogProofError: it is none.
    """
    data = _from_base64(text)
    if len(data) != HASH_BYTES:
        raise NoteError("not a hash of 32 bytes")
    return data


def format_hash(value: bytes) -> str:
    """A hash in base64."""
    return base64.b64encode(value).decode("ascii")


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The three lines that are signed."""
    _check_key_name(checkpoint.origin)
    if not 0 <= checkpoint.size < INTEGER_LIMIT or len(checkpoint.root) != HASH_BYTES:
        raise AssertionError("a checkpoint has a size below 2^53 and a root of 32 bytes")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{format_hash(checkpoint.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text, three lines exactly, in their one spelling.

    Raises:
        LogProofError: it is none.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise NoteError("a checkpoint has three lines")
    return Checkpoint(_check_key_name(lines[0]), parse_size(lines[1]), parse_hash(lines[2]))


# --- notes ---------------------------------------------------------------------------------------------------


def _as_text(note: str | bytes, max_bytes: int) -> str:
    try:
        packed = note.encode("utf-8") if isinstance(note, str) else note
        text = packed.decode("utf-8")
    except UnicodeError as error:
        raise NoteError("a note is UTF-8") from error
    if len(packed) > max_bytes:
        raise NoteError(f"a note has at most {max_bytes} bytes")
    if _CONTROL.search(text) is not None:
        raise NoteError("a note has no control characters")
    return text


def split_note(note: str | bytes, max_bytes: int = NOTE_BYTES) -> tuple[str, str]:
    """Split a note at its last empty line.

    Returns:
        The text with its final newline, and the signature lines (at least one), each with its newline.

    Raises:
        LogProofError: no note, or too long.
    """
    whole = _as_text(note, max_bytes)
    text, gap, lines = whole.rpartition("\n\n")
    if gap == "" or text == "":
        raise NoteError("a note has a text, an empty line and signatures")
    read_lines(lines)
    return text + "\n", lines


def read_lines(lines: str) -> list[SignatureLine]:
    """Read signature lines: at least one, each ending in a newline. Nothing is verified.

    Raises:
        LogProofError: a line is malformed, or there is none.
    """
    if not lines.endswith("\n"):
        raise NoteError("a signature line ends in a newline")
    found: list[SignatureLine] = []
    for line in lines[:-1].split("\n"):
        name, space, packed = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or space == "":
            raise NoteError("not a signature line")
        data = _from_base64(packed)
        if len(data) <= _KEY_ID_BYTES:
            raise NoteError("a signature line without a signature")
        found.append(SignatureLine(_check_key_name(name), data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:]))
    return found


def _format_line(name: str, identifier: bytes, signature: bytes) -> str:
    packed = base64.b64encode(identifier + signature).decode("ascii")
    return f"{_DASH}{_check_key_name(name)} {packed}\n"


def append_lines(note: str, lines: str) -> str:
    """The note with signature lines appended; the lines it has stay as they are, byte by byte.

    Raises:
        LogProofError: what is appended are no signature lines.
    """
    read_lines(lines)
    return note + lines


def sign_checkpoint(checkpoint: Checkpoint, private: Ed25519PrivateKey) -> str:
    """A checkpoint as a note, signed by the log owner's node key under the name of the log."""
    text = format_checkpoint(checkpoint)
    identifier = key_id(checkpoint.origin, SUITE.note_type, raw_public(private))
    return f"{text}\n{_format_line(checkpoint.origin, identifier, SUITE.sign(private, text.encode('utf-8')))}"


def sign_again(note: str, private: Ed25519PrivateKey) -> str:
    """The head a note states, signed by the key in use; the same note where that key has signed it.

    A head that was signed before a rotation or re-key may be sent when the old key is no longer good.
    """
    return sign_checkpoint(parse_checkpoint(split_note(note)[0]), private)


def open_checkpoint(
    note: str | bytes, origin: str, keys: Sequence[PublicKey], max_bytes: int = NOTE_BYTES
) -> Checkpoint:
    """Verify a log's checkpoint.

    Args:
        note: as received.
        origin: the log it must be of; also the name its keys have in notes.
        keys: the owner's node keys that are good: the newest, and within 30 days the one it replaced.
        max_bytes: longest note.

    Raises:
        LogProofError: no checkpoint, another log's, no good signature by one of the keys, or a bad one.
    """
    text, lines = split_note(note, max_bytes)
    checkpoint = parse_checkpoint(text)
    if checkpoint.origin != origin:
        raise NoteError(f"a checkpoint of {checkpoint.origin}, not of {origin}", code="origin")
    known = {key_id(origin, SUITE.note_type, key.raw): key for key in keys}
    count = 0
    for line in read_lines(lines):
        key = known.get(line.key_id) if line.key_name == origin else None
        if key is not None:
            _verify(key, line.signature, text.encode("utf-8"))
            count += 1
    if count == 0:
        raise NoteError("not signed by the log's owner", code="unsigned")
    return checkpoint


def _verify(key: PublicKey, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message)
    except SignatureError as error:
        raise NoteError(error.detail, code="signature") from error


# --- cosignatures --------------------------------------------------------------------------------------------


def _cosigned_message(text: str, second: int) -> bytes:
    return f"cosignature/v1\ntime {second}\n{text}".encode()


def _text_of(note: str) -> str:
    return split_note(note)[0] if "\n\n" in note else note


def cosign(note: str, key_name: str, private: Ed25519PrivateKey, at: datetime) -> str:
    """A receipt or a witness's cosignature: one signature line with its newline.

    Args:
        note: the checkpoint, as a note or only its text.
        key_name: `<node name>/receipt` or `<node name>/witness`.
        private: the receipt or the witness key.
        at: aware; written in whole seconds.
    """
    text = _text_of(note)
    parse_checkpoint(text)
    second = int(at.timestamp())
    signature = SUITE.sign(private, _cosigned_message(text, second))
    identifier = key_id(key_name, SUITE.cosignature_type, raw_public(private))
    return _format_line(key_name, identifier, second.to_bytes(_TIME_BYTES, "big") + signature)


def open_cosignatures(note: str, lines: str, key_name: str, keys: Sequence[PublicKey]) -> list[Witnessed]:
    """Verify the cosignatures of one party, earliest first.

    Args:
        note: the checkpoint, as a note or only its text.
        lines: signature lines, those of others among them.
        key_name: the party's key name.
        keys: its keys that may be taken for good.

    Raises:
        LogProofError: a line is malformed, no line is by one of the keys, or one of theirs does not hold.
    """
    text = _text_of(note)
    known = {key_id(key_name, SUITE.cosignature_type, key.raw): key for key in keys}
    found: list[Witnessed] = []
    for line in read_lines(lines):
        key = known.get(line.key_id) if line.key_name == key_name else None
        if key is None:
            continue
        second = int.from_bytes(line.signature[:_TIME_BYTES], "big")
        if len(line.signature) != _TIME_BYTES + SUITE.signature_bytes or second > _LAST_SECOND:
            raise NoteError("a cosignature of another form", code="signature")
        _verify(key, line.signature[_TIME_BYTES:], _cosigned_message(text, second))
        found.append(Witnessed(datetime.fromtimestamp(second, UTC), key.kid))
    if len(found) == 0:
        raise NoteError(f"no cosignature by {key_name}", code="unsigned")
    return sorted(found, key=lambda entry: entry.at)


def check_cosignature(note: str, lines: str, key_name: str, keys: Sequence[PublicKey]) -> datetime:
    """The (earliest) time of one party's cosignature over a checkpoint; see `open_cosignatures`.

    Raises:
        LogProofError: there is none that holds, or one that does not.
    """
    return open_cosignatures(note, lines, key_name, keys)[0].at
