"""The witness, asked as any tlog-witness client would (federation.md §6)."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from federation.issuing import revoke, rotate
from federation.keys import NodeKeys, raw_public
from federation.memory_stores import MemoryDatabase, MemoryTx
from federation.merkle import leaf_hash, prove_consistency, tree_root
from federation.note import Checkpoint, sign_checkpoint, split_note
from federation.ports import LogState, Response
from federation.witness import add_checkpoint, cosigned_name, format_submission, get_checkpoint
from tests.unit.federation.members import COUNTY, DAY, NOW, TOWNSHIP, VILLAGE, keys_of, name_of
from tests.unit.federation.parents import MIDDLE, county, joined, rotation

ORIGIN = f"{name_of(TOWNSHIP)}/ledger/1"
LEAVES = [leaf_hash(str(number).encode()) for number in range(20)]
OTHERS = [leaf_hash(str(-number).encode()) for number in range(1, 21)]


class Heads:
    """A head file in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def load(self) -> dict[str, str]:
        return dict(self.kept)

    def save(self, heads: Mapping[str, str]) -> None:
        self.kept.update(heads)


@pytest.fixture
def heads() -> Heads:
    return Heads()


@pytest.fixture
def tx() -> Iterator[MemoryTx]:
    with county() as opened:
        joined(opened)
        yield opened


def read(leaves: Sequence[bytes], level: int, start: int, stop: int) -> list[bytes]:
    return [tree_root(leaves[index << level : (index + 1) << level]) for index in range(start, stop)]


def note_at(
    size: int, leaves: Sequence[bytes] = LEAVES, origin: str = ORIGIN, keys: NodeKeys | None = None
) -> str:
    signer = keys_of(TOWNSHIP) if keys is None else keys
    return sign_checkpoint(Checkpoint(origin, size, tree_root(leaves[:size])), signer.node)


def proof_of(old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> list[bytes]:
    return prove_consistency(lambda *at: read(leaves, *at), old, new)


def submitted(tx: MemoryTx, heads: Heads, old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> Response:
    body = format_submission(old, proof_of(old, new, leaves), note_at(new, leaves))
    return add_checkpoint(tx, MIDDLE, heads, body, NOW)


def stored(tx: MemoryTx) -> LogState:
    state = tx.logs.get(ORIGIN)
    assert state is not None
    return state


def test_the_body_is_that_of_tlog_witness() -> None:
    hashes = proof_of(3, 7)
    lines = "".join(base64.b64encode(value).decode() + "\n" for value in hashes)
    assert format_submission(3, hashes, note_at(7)).decode() == f"old 3\n{lines}\n{note_at(7)}"
    assert format_submission(0, [], note_at(7)).decode() == f"old 0\n\n{note_at(7)}"


def test_a_head_that_extends_the_last_one_is_cosigned(tx: MemoryTx, heads: Heads) -> None:
    for old, new in ((0, 1), (1, 6), (6, 6), (6, 20)):
        answer = submitted(tx, heads, old, new)
        assert answer.status == 200
        assert stored(tx).size == new
        receipted = note_at(new) + answer.body.decode()
        assert stored(tx).receipted_note == receipted
        assert heads.kept == {cosigned_name(ORIGIN): receipted}


def test_the_cosignature_holds_by_the_specification_alone(tx: MemoryTx, heads: Heads) -> None:
    line = submitted(tx, heads, 0, 6).body.decode()
    name = f"{name_of(COUNTY)}/witness"
    assert line.startswith(f"— {name} ")
    assert line.endswith("\n")
    packed = base64.b64decode(line.split(" ")[2])
    raw = raw_public(MIDDLE.keys.witness)
    assert packed[:4] == hashlib.sha256(name.encode() + b"\n\x04" + raw).digest()[:4]
    (second,) = struct.unpack(">Q", packed[4:12])
    assert second == int(NOW.timestamp())
    root = base64.b64encode(tree_root(LEAVES[:6])).decode()
    message = f"cosignature/v1\ntime {second}\n{ORIGIN}\n6\n{root}\n".encode()
    Ed25519PublicKey.from_public_bytes(raw).verify(packed[12:], message)


def test_another_size_is_answered_with_the_size_cosigned_last(tx: MemoryTx, heads: Heads) -> None:
    assert submitted(tx, heads, 3, 6).body == b"0\n"
    submitted(tx, heads, 0, 6)
    for old in (0, 5, 7):
        answer = submitted(tx, heads, old, 9)
        assert (answer.status, answer.value("Content-Type"), answer.body) == (409, "text/x.tlog.size", b"6\n")
    assert stored(tx).size == 6


def test_a_fork_is_refused_and_kept_as_evidence(tx: MemoryTx, heads: Heads) -> None:
    submitted(tx, heads, 0, 6)
    before = stored(tx)
    assert submitted(tx, heads, 6, 9, OTHERS).status == 422
    assert submitted(tx, heads, 6, 6, OTHERS).status == 409
    unproven = format_submission(6, [], note_at(9))
    assert add_checkpoint(tx, MIDDLE, heads, unproven, NOW).status == 422
    needless = format_submission(6, [LEAVES[0]], note_at(6))
    assert add_checkpoint(tx, MIDDLE, heads, needless, NOW).status == 422
    assert stored(tx) == before
    assert [alert.code for alert, _ in tx.alerts.values()].count("ledger-fork") == 4


def test_an_empty_ledger_has_the_empty_root(tx: MemoryTx, heads: Heads) -> None:
    wrong = sign_checkpoint(Checkpoint(ORIGIN, 0, LEAVES[0]), keys_of(TOWNSHIP).node)
    assert add_checkpoint(tx, MIDDLE, heads, format_submission(0, [], wrong), NOW).status == 409
    assert submitted(tx, heads, 0, 0).status == 200
    assert submitted(tx, heads, 0, 3).status == 200


STRANGERS = [
    ("a grandchild's", f"{name_of(VILLAGE)}/ledger/1"),
    ("the next epoch", f"{name_of(TOWNSHIP)}/ledger/2"),
    ("another log of the child", f"{name_of(TOWNSHIP)}/up/1"),
    ("the witness's own", f"{name_of(COUNTY)}/ledger/1"),
    ("another network's", f"other.example/{TOWNSHIP}/ledger/1"),
    ("no origin of ours", "outside.example/log"),
]


@pytest.mark.parametrize("origin", [origin for _, origin in STRANGERS], ids=[name for name, _ in STRANGERS])
def test_an_origin_that_is_no_childs_open_ledger_is_unknown(tx: MemoryTx, heads: Heads, origin: str) -> None:
    body = format_submission(0, [], note_at(3, origin=origin))
    assert add_checkpoint(tx, MIDDLE, heads, body, NOW).status == 404
    assert heads.kept == {}


def test_a_frozen_epoch_is_cosigned_no_more_and_the_next_one_is(tx: MemoryTx, heads: Heads) -> None:
    submitted(tx, heads, 0, 6)
    tx.logs.put(replace(stored(tx), frozen=True))
    assert submitted(tx, heads, 6, 9).status == 404
    second = f"{name_of(TOWNSHIP)}/ledger/2"
    tx.logs.put(LogState(second, "peer-ledger", TOWNSHIP, 2))
    body = format_submission(0, [], note_at(3, origin=second))
    assert add_checkpoint(tx, MIDDLE, heads, body, NOW).status == 200


def test_only_the_childs_own_good_key_signs_its_ledger(tx: MemoryTx, heads: Heads) -> None:
    for keys in (keys_of(TOWNSHIP, 1), keys_of(COUNTY)):
        body = format_submission(0, [], note_at(3, keys=keys))
        assert add_checkpoint(tx, MIDDLE, heads, body, NOW).status == 403
    revoke(tx, MIDDLE, TOWNSHIP, "lost", NOW)
    assert submitted(tx, heads, 0, 3).status == 403
    assert cosigned_size(tx) == 0


GOOD = format_submission(0, [], note_at(3))
BODIES = [
    ("nothing", b""),
    ("no old", GOOD.removeprefix(b"old 0\n")),
    ("leading zero", GOOD.replace(b"old 0", b"old 00")),
    ("old is larger", GOOD.replace(b"old 0", b"old 4")),
    ("no empty line", GOOD.replace(b"\n\n", b"\n", 1)),
    ("not a hash", GOOD.replace(b"old 0\n", b"old 0\nabc\n")),
    ("sixty-four hashes", format_submission(0, LEAVES[:1] * 64, note_at(3))),
    ("no signature", b"old 0\n\n" + split_note(note_at(3))[0].encode()),
    ("not UTF-8", GOOD + b"\xff\n"),
    ("too long", GOOD + b"x" * 65_536),
]


@pytest.mark.parametrize("body", [body for _, body in BODIES], ids=[name for name, _ in BODIES])
def test_a_malformed_submission_is_refused(tx: MemoryTx, heads: Heads, body: bytes) -> None:
    assert add_checkpoint(tx, MIDDLE, heads, body, NOW).status == 400
    assert heads.kept == {}


def test_a_restored_database_does_not_make_the_witness_sign_a_fork(heads: Heads) -> None:
    database = MemoryDatabase()
    with county() as source:  # only to have a township that has joined
        joined(source)
        members = source.members.all(), source.members.keys(TOWNSHIP)
    with database.transaction() as tx:
        for member in members[0]:
            tx.members.put(member)
        for key in members[1]:
            tx.members.put_key(key)
        submitted(tx, heads, 0, 6)
    backup = database.backup()
    with database.transaction() as tx:
        assert submitted(tx, heads, 6, 9).status == 200
    database.restore(backup)
    with database.transaction() as tx:
        assert stored(tx).size == 6
        forked = [*LEAVES[:6], *OTHERS[6:]]
        assert submitted(tx, heads, 6, 9, forked).body == b"9\n"
        assert submitted(tx, heads, 9, 12, forked).status == 422
        assert submitted(tx, heads, 9, 12).status == 200
        assert stored(tx).size == 12


def cosigned_size(tx: MemoryTx) -> int:
    state = tx.logs.get(ORIGIN)
    assert state is not None, "the row stands since the child joined"
    return state.size


def test_a_head_is_in_the_head_file_before_it_is_committed(heads: Heads) -> None:
    class Full(Heads):
        def save(self, heads: Mapping[str, str]) -> None:
            raise OSError("no space left")

    with county() as tx:
        joined(tx)
        with pytest.raises(OSError, match="no space"):
            submitted(tx, Full(), 0, 6)
        assert cosigned_size(tx) == 0


def test_the_last_head_can_be_fetched_by_the_hash_of_its_origin(tx: MemoryTx, heads: Heads) -> None:
    name = hashlib.sha256(ORIGIN.encode()).hexdigest()
    assert get_checkpoint(tx, name).status == 404
    line = submitted(tx, heads, 0, 6).body.decode()
    answer = get_checkpoint(tx, name)
    assert (answer.status, answer.body.decode()) == (200, note_at(6) + line)
    assert get_checkpoint(tx, name.upper()).status == 404


def test_a_rotated_child_may_sign_with_either_key(tx: MemoryTx, heads: Heads) -> None:
    rotate(tx, MIDDLE, TOWNSHIP, rotation(TOWNSHIP, 1), NOW)
    assert submitted(tx, heads, 0, 3).status == 200
    body = format_submission(3, proof_of(3, 5), note_at(5, keys=keys_of(TOWNSHIP, 1)))
    assert add_checkpoint(tx, MIDDLE, heads, body, NOW + DAY).status == 200
    old = format_submission(5, proof_of(5, 6), note_at(6))
    assert add_checkpoint(tx, MIDDLE, heads, old, NOW + 31 * DAY).status == 403
