"""What a parent does with the two streams: push, state, pull, receipt, read-back, give-back (federation.md §5)."""

from __future__ import annotations

import gzip
import json
import threading

import pytest

from federation.merkle import leaf_hash, tree_root
from federation.note import check_cosignature, cosign, open_checkpoint, split_note
from federation.ports import Limits, Response
from federation.stream import decode_checkpoint, encode_checkpoint, erased_line, unpack_lines
from tests.unit.federation.members import NOW, TOWNSHIP, VILLAGE, keys_of, name_of
from tests.unit.federation.parent import SIBLING, Parent, problem, signed_note

DOWN = f"{name_of(TOWNSHIP)}/down/{VILLAGE}/1"
RECEIPT_KEYS = [keys_of(TOWNSHIP).public.receipt]
RECEIPT_NAME = f"{name_of(TOWNSHIP)}/receipt"


@pytest.fixture
def parent() -> Parent:
    return Parent()


def streams(response: Response) -> tuple[str | None, str | None]:
    return response.value("bianmin-down"), response.value("bianmin-up")


def state(parent: Parent) -> dict[str, object]:
    response = parent.ask("GET", "state")
    assert response.status == 200
    value: dict[str, object] = json.loads(response.body)
    return value


# --- push ----------------------------------------------------------------------------------------------------


def test_a_batch_is_stored_and_receipted(parent: Parent) -> None:
    lines = [b'{"a":1}', "便民".encode()]
    response = parent.push(lines)
    assert (response.status, response.value("content-type")) == (200, "text/plain")
    note = signed_note(lines)
    assert check_cosignature(note, response.body.decode(), RECEIPT_NAME, RECEIPT_KEYS) == NOW
    assert parent.held() == lines
    assert streams(response) == ("1 0", "1 2")


def test_batches_follow_one_another(parent: Parent) -> None:
    parent.push_good(b"a")
    parent.push_good(b"b", b"c")
    assert parent.held() == [b"a", b"b", b"c"]


def test_a_gzipped_batch_is_the_same(parent: Parent) -> None:
    lines = [b"a" * 1000, b"b"]
    request = parent.push_request(
        lines, body=gzip.compress(b"a" * 1000 + b"\nb\n"), fields={"Content-Encoding": "gzip"}
    )
    assert parent.server.handle(request).status == 200
    assert parent.held() == lines


def test_a_resend_after_a_lost_answer_ends_with_the_size_and_state_has_the_receipt(parent: Parent) -> None:
    first = parent.push([b"a", b"b"])
    again = parent.push([b"a", b"b"])
    assert (again.status, again.body, again.value("content-type")) == (409, b"2\n", "text/x.tlog.size")
    assert state(parent)["up"] == {
        "epoch": 1,
        "size": 2,
        "checkpoint": signed_note([b"a", b"b"]) + first.body.decode(),
    }
    assert parent.alerts() == []


def test_an_erased_line_is_resent_by_its_leaf(parent: Parent) -> None:
    line = erased_line(leaf_hash(b"a"))
    assert parent.push([line, b"b"], note=signed_note([b"a", b"b"])).status == 200
    with parent.database.transaction() as tx:
        first, second = tx.logs.entries(f"{name_of(VILLAGE)}/up/1", 0, 2)
    assert (first.line, first.leaf, second.line) == (None, leaf_hash(b"a"), b"b")
    read = parent.ask("GET", "up", query="start=0")
    assert unpack_lines(read.body, parent.limits) == [line, b"b"]


def test_each_child_has_its_own_log(parent: Parent) -> None:
    parent.push_good(b"a")
    response = parent.push([b"x"], code=SIBLING, note=signed_note([b"x"], code=SIBLING))
    assert streams(response) == ("1 0", "1 1")
    assert (parent.held(), parent.held(SIBLING)) == ([b"a"], [b"x"])


def test_a_fork_is_refused_kept_and_told(parent: Parent) -> None:
    parent.push_good(b"a")
    note = signed_note([b"other", b"b"])
    response = parent.push([b"b"], 1, note=note)
    assert (response.status, problem(response)) == (422, "fork")
    assert parent.held() == [b"a"]
    assert parent.alerts() == ["log-fork"]
    with parent.memory.transaction() as tx:
        assert (f"{name_of(VILLAGE)}/up/1", "fork", note) in tx.logs.proofs
    assert streams(response) == ("1 0", "1 1")


def test_a_head_of_the_size_held_with_another_root_is_kept_too(parent: Parent) -> None:
    parent.push_good(b"a")
    assert problem(parent.push([b"other"])) == "size 1"
    assert parent.alerts() == ["log-fork"]


def test_a_crash_before_the_commit_changes_nothing(parent: Parent) -> None:
    def crash(point: str) -> None:
        raise RuntimeError(point)

    parent.memory.at_point = crash
    before = parent.memory.backup()
    with pytest.raises(RuntimeError):
        parent.push([b"a"])
    assert parent.memory.backup() == before


def test_of_two_pushes_at_once_one_succeeds(parent: Parent) -> None:
    requests = [parent.push_request([name]) for name in (b"a", b"b")]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda r=request: statuses.append(parent.server.handle(r).status))
        for request in requests
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]
    assert len(parent.held()) == 1


def test_a_days_bytes_are_limited_and_the_next_day_goes_on() -> None:
    parent = Parent(Limits(entry_bytes_per_day=10))
    parent.push_good(b"12345678")
    response = parent.push([b"1"], 1, before=[b"12345678"])
    assert (response.status, problem(response)) == (429, "slow-down")
    assert response.value("retry-after") == "3600"
    parent.clock.pass_time(days=1)
    assert parent.push([b"1"], 1, before=[b"12345678"]).status == 200


def test_a_child_is_known_to_have_been_heard(parent: Parent) -> None:
    parent.push_good(b"a")
    with parent.database.transaction() as tx:
        member = tx.members.get(VILLAGE)
    assert member is not None
    assert member.last_heard == NOW


# --- state ---------------------------------------------------------------------------------------------------


def test_the_state_of_a_new_child_is_empty(parent: Parent) -> None:
    assert state(parent) == {
        "up": {"epoch": 1, "size": 0, "checkpoint": None},
        "down": {"epoch": 1, "size": 0},
        "ledger": {"epoch": 1, "size": 0, "checkpoint": None},
        "parent_key": keys_of(TOWNSHIP).public.node.kid,
        "server_time": "2026-11-24T06:30:00Z",
        "statement_expires": "2027-02-22T06:30:00Z",
    }


# --- pull and receipt ----------------------------------------------------------------------------------------


def pulled(parent: Parent, query: str) -> tuple[list[bytes], str]:
    response = parent.ask("GET", "down", query=query)
    assert (response.status, response.value("content-type")) == (200, "application/x-ndjson")
    note = decode_checkpoint(response.value("tlog-checkpoint")).decode()
    lines = unpack_lines(response.body, parent.limits)
    checkpoint = open_checkpoint(note, DOWN, [keys_of(TOWNSHIP).public.node])
    assert checkpoint.size == int(response.value("tlog-start") or "") + len(lines)
    return lines, note


def test_nothing_came_is_204(parent: Parent) -> None:
    response = parent.ask("GET", "down", query="start=0")
    assert (response.status, response.body, streams(response)) == (204, b"", ("1 0", "1 0"))


def test_a_pull_ends_under_a_checkpoint_at_its_own_size(parent: Parent) -> None:
    parent.write_down("a", "b", "c")
    everything, note = pulled(parent, "start=0")
    for start in range(3):
        for limit in (1, 2, 3):
            lines, head = pulled(parent, f"start={start}&limit={limit}")
            assert lines == everything[start : start + limit]
            leaves = [leaf_hash(line) for line in everything[: start + len(lines)]]
            assert open_checkpoint(head, DOWN, [keys_of(TOWNSHIP).public.node]).root == tree_root(leaves)
    assert parent.heads.kept[DOWN] == note
    assert parent.ask("GET", "down", query="start=3").status == 204
    assert problem(parent.ask("GET", "down", query="start=4")) == "size 3"


def test_a_pull_carries_no_more_than_a_batch() -> None:
    parent = Parent(Limits(entries_per_batch=2))
    parent.write_down("a", "b", "c")
    assert len(pulled(parent, "start=0&limit=9")[0]) == 2
    parent = Parent(Limits(batch_bytes=400))
    parent.write_down("a", "b", "c")
    assert len(pulled(parent, "start=0")[0]) == 1


def test_the_head_file_holds_a_head_before_it_is_shown(parent: Parent) -> None:
    parent.write_down("a")
    parent.heads.kept.clear()
    parent.start()
    _, note = pulled(parent, "start=0")
    assert parent.heads.kept == {DOWN: note}


def receipt(
    parent: Parent, note: str, *, keys: object = None, body: bytes | None = None, **more: object
) -> Response:
    private = keys_of(VILLAGE).receipt if keys is None else keys
    line = cosign(note, f"{name_of(VILLAGE)}/receipt", private, NOW)  # type: ignore[arg-type]
    headers = [("Tlog-Checkpoint", encode_checkpoint(note)), ("Content-Type", "text/plain")]
    sent = line.encode() if body is None else body
    return parent.ask("POST", "down/receipt", headers=headers, body=sent, **more)


def down_state(parent: Parent) -> object:
    with parent.database.transaction() as tx:
        return tx.logs.get(DOWN)


def test_a_receipt_is_kept_and_an_older_one_changes_nothing(parent: Parent) -> None:
    parent.write_down("a", "b")
    _, head = pulled(parent, "start=0")
    _, older = pulled(parent, "start=0&limit=1")
    assert receipt(parent, older).status == 204
    assert down_state(parent).receipted_size == 1  # type: ignore[attr-defined]
    assert receipt(parent, head).status == 204
    held = down_state(parent)
    assert held.receipted_size == 2  # type: ignore[attr-defined]
    assert held.receipted_note.startswith(head)  # type: ignore[attr-defined]
    assert receipt(parent, older).status == 204
    assert down_state(parent) == held


def test_a_receipt_by_another_key_or_over_another_note_is_refused(parent: Parent) -> None:
    parent.write_down("a")
    _, head = pulled(parent, "start=0")
    before = down_state(parent)
    assert problem(receipt(parent, head, keys=keys_of(SIBLING).receipt)) == "checkpoint"
    assert problem(receipt(parent, head, body=b"nothing\n")) == "checkpoint"
    assert problem(receipt(parent, signed_note([b"a"], origin=DOWN))) == "checkpoint"
    assert down_state(parent) == before


# --- read-back -----------------------------------------------------------------------------------------------


def test_a_child_reads_its_own_entries_back(parent: Parent) -> None:
    lines = parent.push_good(b"a", b"b", b"c")
    response = parent.ask("GET", "up", query="start=1&limit=1")
    assert unpack_lines(response.body, parent.limits) == lines[1:2]
    note = decode_checkpoint(response.value("tlog-checkpoint")).decode()
    assert note == state(parent)["up"]["checkpoint"]  # type: ignore[index]
    text, signatures = split_note(note)
    assert check_cosignature(text, signatures, RECEIPT_NAME, RECEIPT_KEYS) == NOW
    assert parent.ask("GET", "up", query="start=3").status == 204
    assert problem(parent.ask("GET", "up", query="start=4")) == "size 3"
