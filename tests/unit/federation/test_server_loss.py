"""A parent that lost what it wrote, and a child that begins its log anew (federation.md §5 Loss, Epochs)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from federation.note import open_checkpoint
from federation.ports import Response
from federation.serving_epochs import confirm_up_epoch
from federation.stream import decode_checkpoint, unpack_lines
from tests.unit.federation.members import NOW, TOWNSHIP, VILLAGE, keys_of, name_of
from tests.unit.federation.parent import Parent, problem, signed_note

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


def pulled(parent: Parent, query: str) -> tuple[list[bytes], str]:
    response = parent.ask("GET", "down", query=query)
    assert (response.status, response.value("content-type")) == (200, "application/x-ndjson")
    note = decode_checkpoint(response.value("tlog-checkpoint")).decode()
    lines = unpack_lines(response.body, parent.limits)
    checkpoint = open_checkpoint(note, DOWN, [keys_of(TOWNSHIP).public.node])
    assert checkpoint.size == int(response.value("tlog-start") or "") + len(lines)
    return lines, note


def down_state(parent: Parent) -> object:
    with parent.database.transaction() as tx:
        return tx.logs.get(DOWN)


# --- a parent that lost something ----------------------------------------------------------------------------


def lost(parent: Parent) -> tuple[list[bytes], str]:
    """The parent is restored from an old copy; returns what the child holds, and the head it was under."""
    parent.write_down("a")
    backup = parent.memory.backup()
    parent.write_down("b", "c")
    everything, note = pulled(parent, "start=0")
    parent.memory.restore(backup)
    parent.start()
    assert not parent.writer.check_heads().is_good
    return everything, note


def give_back(parent: Parent, lines: list[bytes], start: int, note: str) -> Response:
    return parent.server.handle(parent.push_request(lines, start, note=note, tail="down"))


def test_a_parent_signs_nothing_until_it_has_been_given_back_what_it_lost(parent: Parent) -> None:
    everything, note = lost(parent)
    parent.write_down("d")
    assert down_state(parent).size == 1  # type: ignore[attr-defined]
    assert problem(parent.ask("GET", "down", query="start=3")) == "size 1"
    response = give_back(parent, everything[1:], 1, note)
    assert (response.status, streams(response)) == (204, ("1 3", "1 0"))
    assert parent.writer.write_queued("own-down", VILLAGE) == 0
    assert parent.ask("GET", "down", query="start=3").status == 204
    assert parent.writer.write_queued("own-down", VILLAGE) == 1
    lines, _ = pulled(parent, "start=0")
    assert lines[:3] == everything
    assert parent.alerts() == ["database-behind", "log-given-back"]


def test_a_child_that_holds_no_more_lets_the_parent_go_on(parent: Parent) -> None:
    lost(parent)
    parent.write_down("d")
    assert len(pulled(parent, "start=0")[0]) == 1
    assert parent.writer.write_queued("own-down", VILLAGE) == 1


def test_a_give_back_at_another_size_is_answered_with_the_size(parent: Parent) -> None:
    everything, note = lost(parent)
    assert problem(give_back(parent, everything[2:], 2, note)) == "size 1"
    assert problem(give_back(parent, everything, 0, note)) == "size 1"


def test_a_give_back_after_the_parent_went_on_is_diverged(parent: Parent) -> None:
    everything, note = lost(parent)
    parent.ask("GET", "down", query="start=0")
    parent.write_down("other")
    before = everything[2:]
    response = give_back(parent, before, 2, note)
    assert (response.status, problem(response)) == (422, "diverged")
    held = down_state(parent)
    assert (held.size, held.halted) == (2, "diverged")  # type: ignore[attr-defined]
    assert parent.alerts()[-1] == "log-fork"
    parent.write_down("more")
    assert down_state(parent) == held


def test_nothing_is_given_back_under_the_childs_own_signature(parent: Parent) -> None:
    everything, _ = lost(parent)
    note = signed_note(everything, origin=DOWN)
    assert problem(give_back(parent, everything[1:], 1, note)) == "checkpoint"


# --- epochs --------------------------------------------------------------------------------------------------

UP_2 = f"{name_of(VILLAGE)}/up/2"


def opening(previous: str) -> bytes:
    data = {"log": UP_2, "previous": previous, "reason": "restored"}
    entry = {
        "data": data,
        "destination": TOWNSHIP,
        "id": "6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a11",
        "seq": 1,
        "source": name_of(VILLAGE),
        "specversion": "1.0",
        "subject": UP_2,
        "time": "2026-11-24T06:30:00Z",
        "type": "epoch.opened.v1",
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def test_an_epoch_is_taken_once_the_operator_has_confirmed(parent: Parent) -> None:
    parent.push_good(b"a")
    line = opening(signed_note([b"a"]))
    push = {"lines": [line], "note": signed_note([line], origin=UP_2)}
    refused = parent.push(**push)  # type: ignore[arg-type]
    assert (refused.status, problem(refused), streams(refused)) == (422, "checkpoint", ("1 0", "1 1"))
    assert parent.alerts() == ["epoch-waiting"]
    with parent.database.transaction() as tx:
        confirm_up_epoch(tx, VILLAGE, NOW)
    assert problem(parent.push([b"b"], 1, before=[b"a"])) == "checkpoint"
    taken = parent.push(**push)  # type: ignore[arg-type]
    assert (taken.status, streams(taken)) == (200, ("1 0", "2 1"))
    assert unpack_lines(parent.ask("GET", "up", query="start=0&epoch=1").body, parent.limits) == [b"a"]
    assert unpack_lines(parent.ask("GET", "up", query="start=0").body, parent.limits) == [line]


def test_an_epoch_that_names_another_head_is_refused_before_and_after_confirmation(parent: Parent) -> None:
    parent.push_good(b"a")
    for line in (opening(signed_note([b"b"])), opening(""), b"{}"):
        assert problem(parent.push([line], note=signed_note([line], origin=UP_2))) == "line"
    assert parent.alerts() == []
    with parent.database.transaction() as tx:
        confirm_up_epoch(tx, VILLAGE, NOW)
    for line in (opening(signed_note([b"b"])), b"{}"):
        assert problem(parent.push([line], note=signed_note([line], origin=UP_2))) == "line"
    assert state(parent)["up"] == {"epoch": 2, "size": 0, "checkpoint": None}


def test_an_epoch_nobody_has_is_not_found(parent: Parent) -> None:
    for tail in ("up", "down"):
        assert problem(parent.ask("GET", tail, query="start=0&epoch=2")) == "not-found"
        assert parent.ask("GET", tail, query="start=0&epoch=1").status == 204


def test_a_closed_stream_takes_nothing(parent: Parent) -> None:
    parent.push_good(b"a")
    with parent.database.transaction() as tx:
        held = tx.logs.find("peer-up", VILLAGE)
        assert held is not None
        tx.logs.put(replace(held, frozen=True))
    assert problem(parent.push([b"b"], 1, before=[b"a"])) == "checkpoint"
