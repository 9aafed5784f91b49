"""Notes and cosignatures, checked against the C2SP texts by other means than the program's own (federation.md §2)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import LogProofError
from federation.keys import NodeKeys, raw_public
from federation.note import (
    Checkpoint,
    append_lines,
    check_cosignature,
    cosign,
    format_checkpoint,
    key_id,
    open_checkpoint,
    open_cosignatures,
    parse_checkpoint,
    sign_checkpoint,
    split_note,
    vkey,
)
from tests.unit.federation.members import NOW, TOWNSHIP, VILLAGE, keys_of, name_of

ORIGIN = f"{name_of(VILLAGE)}/up/1"
HEAD = Checkpoint(ORIGIN, 3, hashlib.sha256(b"three").digest())
OWNER, NEWER, PARENT = keys_of(VILLAGE), keys_of(VILLAGE, 1), keys_of(TOWNSHIP)
RECEIPT_NAME = f"{name_of(TOWNSHIP)}/receipt"
NOTE = sign_checkpoint(HEAD, OWNER.node)


def by_hand(name: str, private: Ed25519PrivateKey, message: bytes, *, kind: int, before: bytes = b"") -> str:
    """A signature line written from the specification, with no function of the program."""
    raw = private.public_key().public_bytes_raw()
    identifier = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]
    return f"— {name} {base64.b64encode(identifier + before + private.sign(message)).decode()}\n"


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(LogProofError) as caught:
        call()
    return caught.value.code


def test_key_id_and_vkey_are_those_of_the_published_example() -> None:
    raw = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")[1:]
    assert key_id("PeterNeumann", 1, raw).hex() == "c74f20a3"
    assert (
        vkey("PeterNeumann", 1, raw) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )


def test_a_signed_checkpoint_is_what_signed_note_says() -> None:
    text = f"{ORIGIN}\n3\n{base64.b64encode(HEAD.root).decode()}\n"
    assert by_hand(ORIGIN, OWNER.node, text.encode(), kind=1) == NOTE.removeprefix(text + "\n")
    assert NOTE.startswith(text + "\n— ")
    packed = base64.b64decode(NOTE.rsplit(" ", 1)[1])
    raw = raw_public(OWNER.node)
    assert packed[:4] == hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()[:4]
    Ed25519PublicKey.from_public_bytes(raw).verify(packed[4:], text.encode())


def test_a_cosignature_is_what_tlog_cosignature_says() -> None:
    line = cosign(NOTE, RECEIPT_NAME, PARENT.receipt, NOW)
    second = int(NOW.timestamp())
    message = f"cosignature/v1\ntime {second}\n{format_checkpoint(HEAD)}".encode()
    assert line == by_hand(RECEIPT_NAME, PARENT.receipt, message, kind=4, before=struct.pack(">Q", second))
    assert len(base64.b64decode(line.rsplit(" ", 1)[1])) == 4 + 72


def test_a_checkpoint_opens_under_its_owners_key() -> None:
    assert open_checkpoint(NOTE, ORIGIN, [OWNER.public.node]) == HEAD
    assert open_checkpoint(NOTE.encode(), ORIGIN, [NEWER.public.node, OWNER.public.node]) == HEAD


def test_foreign_lines_are_kept_and_ignored() -> None:
    stranger = NodeKeys.from_seed(b"stranger")
    extra = by_hand("outside.example/w1", stranger.node, b"anything", kind=4)
    same_name = by_hand(ORIGIN, stranger.node, b"anything", kind=1)
    whole = append_lines(append_lines(NOTE, extra), same_name)
    assert whole == NOTE + extra + same_name
    assert open_checkpoint(whole, ORIGIN, [OWNER.public.node]) == HEAD


def test_a_bad_line_by_either_good_key_spoils_the_note() -> None:
    text = format_checkpoint(HEAD)
    both = [NEWER.public.node, OWNER.public.node]
    rotated = text + "\n" + by_hand(ORIGIN, NEWER.node, text.encode(), kind=1)
    assert open_checkpoint(append_lines(NOTE, split_note(rotated)[1]), ORIGIN, both) == HEAD
    spoiled = append_lines(NOTE, by_hand(ORIGIN, NEWER.node, b"another text\n", kind=1))
    assert refused(lambda: open_checkpoint(spoiled, ORIGIN, both)) == "signature"
    assert open_checkpoint(spoiled, ORIGIN, [OWNER.public.node]) == HEAD


def test_another_key_another_log_another_type_do_not_open_it() -> None:
    text = format_checkpoint(HEAD)
    assert refused(lambda: open_checkpoint(NOTE, ORIGIN, [NEWER.public.node])) == "unsigned"
    assert refused(lambda: open_checkpoint(NOTE, ORIGIN, [OWNER.public.receipt])) == "unsigned"
    assert refused(lambda: open_checkpoint(NOTE, ORIGIN, [])) == "unsigned"
    assert refused(lambda: open_checkpoint(NOTE, ORIGIN[:-1] + "2", [OWNER.public.node])) == "origin"
    cosigned_only = text + "\n" + cosign(text, ORIGIN, OWNER.node, NOW)
    assert refused(lambda: open_checkpoint(cosigned_only, ORIGIN, [OWNER.public.node])) == "unsigned"
    other_name = text + "\n" + by_hand("other.example/log", OWNER.node, text.encode(), kind=1)
    assert refused(lambda: open_checkpoint(other_name, ORIGIN, [OWNER.public.node])) == "unsigned"


ROOT = base64.b64encode(HEAD.root).decode()
BAD_TEXTS = [
    ("two lines", f"{ORIGIN}\n3\n"),
    ("an extension line", f"{ORIGIN}\n3\n{ROOT}\nmore\n"),
    ("no last newline", f"{ORIGIN}\n3\n{ROOT}"),
    ("leading zero", f"{ORIGIN}\n03\n{ROOT}\n"),
    ("sign", f"{ORIGIN}\n+3\n{ROOT}\n"),
    ("other digits", f"{ORIGIN}\n３\n{ROOT}\n"),
    ("2^53", f"{ORIGIN}\n{2**53}\n{ROOT}\n"),
    ("short hash", f"{ORIGIN}\n3\n{base64.b64encode(b'x' * 31).decode()}\n"),
    ("no padding", f"{ORIGIN}\n3\n{ROOT.rstrip('=')}\n"),
    ("stray bits", f"{ORIGIN}\n3\n{'A' * 42}B=\n"),
    ("url alphabet", f"{ORIGIN}\n3\n{base64.urlsafe_b64encode(bytes([251]) * 32).decode()}\n"),
    ("no origin", f"\n3\n{ROOT}\n"),
    ("space in the origin", f"a b\n3\n{ROOT}\n"),
    ("plus in the origin", f"a+b\n3\n{ROOT}\n"),
    ("carriage returns", f"{ORIGIN}\r\n3\r\n{ROOT}\r\n"),
]


@pytest.mark.parametrize("text", [text for _, text in BAD_TEXTS], ids=[name for name, _ in BAD_TEXTS])
def test_a_checkpoint_in_another_spelling_is_refused(text: str) -> None:
    assert refused(lambda: parse_checkpoint(text)) == "note"


GOOD_LINE = split_note(NOTE)[1]
BAD_NOTES = [
    ("no signature", format_checkpoint(HEAD) + "\n"),
    ("no empty line", format_checkpoint(HEAD) + GOOD_LINE),
    ("no last newline", NOTE[:-1]),
    ("hyphen for the dash", NOTE.replace("—", "-")),
    ("no key name", NOTE.replace(f"— {ORIGIN} ", "— ")),
    ("two spaces", NOTE.replace(f"{ORIGIN} ", f"{ORIGIN}  ")),
    ("key id alone", f"{format_checkpoint(HEAD)}\n— {ORIGIN} {base64.b64encode(b'abcd').decode()}\n"),
    ("a control character", NOTE.replace(f"{ORIGIN} ", f"{ORIGIN}\t ")),
    ("a malformed foreign line", NOTE + "— outside.example ?\n"),
    ("too long", NOTE + "— outside.example AAAAAAA=\n" * 200),
]


@pytest.mark.parametrize("note", [note for _, note in BAD_NOTES], ids=[name for name, _ in BAD_NOTES])
def test_a_malformed_note_is_refused(note: str) -> None:
    assert refused(lambda: open_checkpoint(note, ORIGIN, [OWNER.public.node])) == "note"


def test_bytes_that_are_no_text_are_refused() -> None:
    assert refused(lambda: open_checkpoint(b"\xff" + NOTE.encode(), ORIGIN, [OWNER.public.node])) == "note"


def test_a_receipt_holds_for_its_checkpoint_only() -> None:
    line = cosign(NOTE, RECEIPT_NAME, PARENT.receipt, NOW + timedelta(microseconds=5))
    keys = [PARENT.public.receipt]
    assert check_cosignature(NOTE, line, RECEIPT_NAME, keys) == NOW
    assert check_cosignature(format_checkpoint(HEAD), line, RECEIPT_NAME, keys) == NOW
    assert check_cosignature(NOTE, GOOD_LINE + line, RECEIPT_NAME, keys) == NOW
    longer = sign_checkpoint(Checkpoint(ORIGIN, 4, HEAD.root), OWNER.node)
    assert refused(lambda: check_cosignature(longer, line, RECEIPT_NAME, keys)) == "signature"
    assert refused(lambda: check_cosignature(NOTE, line, f"{name_of(TOWNSHIP)}/witness", keys)) == "unsigned"
    assert refused(lambda: check_cosignature(NOTE, line, RECEIPT_NAME, [PARENT.public.witness])) == "unsigned"
    assert refused(lambda: check_cosignature(NOTE, "", RECEIPT_NAME, keys)) == "note"


def test_a_cosignature_with_a_changed_time_does_not_hold() -> None:
    line = cosign(NOTE, RECEIPT_NAME, PARENT.receipt, NOW)
    packed = bytearray(base64.b64decode(line.rsplit(" ", 1)[1]))
    packed[11] ^= 1
    changed = f"— {RECEIPT_NAME} {base64.b64encode(packed).decode()}\n"
    refused(lambda: check_cosignature(NOTE, changed, RECEIPT_NAME, [PARENT.public.receipt]))
    far = bytes(packed[:4]) + b"\xff" * 8 + bytes(packed[12:])
    late = f"— {RECEIPT_NAME} {base64.b64encode(far).decode()}\n"
    assert (
        refused(lambda: check_cosignature(NOTE, late, RECEIPT_NAME, [PARENT.public.receipt])) == "signature"
    )


def test_the_earliest_of_a_partys_cosignatures_is_named_with_its_key() -> None:
    before = keys_of(TOWNSHIP, 1)
    lines = cosign(NOTE, RECEIPT_NAME, PARENT.receipt, NOW) + cosign(
        NOTE, RECEIPT_NAME, before.receipt, NOW - timedelta(hours=1)
    )
    found = open_cosignatures(NOTE, lines, RECEIPT_NAME, [PARENT.public.receipt, before.public.receipt])
    assert [(entry.at, entry.kid) for entry in found] == [
        (NOW - timedelta(hours=1), before.public.receipt.kid),
        (NOW, PARENT.public.receipt.kid),
    ]


@given(size=st.integers(0, 2**53 - 1), root=st.binary(min_size=32, max_size=32))
def test_checkpoints_survive_writing_and_reading(size: int, root: bytes) -> None:
    head = Checkpoint(ORIGIN, size, root)
    assert parse_checkpoint(format_checkpoint(head)) == head


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with contextlib.suppress(LogProofError):
        assert format_checkpoint(parse_checkpoint(text)) == text
    with contextlib.suppress(LogProofError):
        assert text.startswith(split_note(text)[0])


def test_times_before_the_cosignature_are_whole_seconds() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    line = cosign(NOTE, RECEIPT_NAME, PARENT.receipt, at + timedelta(milliseconds=999))
    assert check_cosignature(NOTE, line, RECEIPT_NAME, [PARENT.public.receipt]) == at
