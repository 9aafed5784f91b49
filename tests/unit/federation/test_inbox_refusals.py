"""Applying: handlers that refuse, seals, unknown types, crashes, epochs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from federation import canonical
from federation.event import parse_entry
from federation.inbox import EntryEarly, Received
from federation.ports import Tx
from federation.sealing import seal
from tests.unit.federation.arriving import (
    FROM_VILLAGE,
    OTHER,
    answers,
    arrive,
    line,
    numbers,
    open_second_epoch,
    refusing,
)
from tests.unit.federation.members import CITY, COUNTY, TOWNSHIP, VILLAGE, keys_of, name_of
from tests.unit.federation.posts import SUBJECT, TOLD, Post, Posts, down_origin


@pytest.fixture
def net() -> Posts:
    return Posts()


def test_nothing_a_refusing_handler_wrote_remains(net: Posts) -> None:
    refusing(net.township, lambda received: received.data["n"] == 2)
    arrive(net, line(1, 1), line(2, 2))
    with net.township.tx() as tx:
        assert not tx.blobs.named_to("ab" * 32, "320699000000")
        assert tx.inbox.cursor(FROM_VILLAGE) == 2


def test_an_early_entry_waits_quietly_until_something_of_its_subject_happened(net: Posts) -> None:
    known: set[str] = set()

    def handle(tx: Tx, received: Received) -> None:
        if received.data["n"] == 2 and received.subject not in known:
            raise EntryEarly("its taking has not come")
        known.add(received.subject)
        net.township.remember(tx, received)

    net.township.inbox = net.township.new_inbox({TOLD: handle})
    arrive(net, line(2, 1), line(3, 2))
    assert numbers(net.township) == []
    assert net.township.held() == [(1, "set-aside")]
    assert answers(net.township) == []
    assert net.township.alerts() == []
    net.county.send(TOWNSHIP, data={"n": 1})
    net.carry()
    assert numbers(net.township) == [1, 2, 3]


def test_an_early_entry_is_tried_again_by_itself(net: Posts) -> None:
    late = [False]

    def handle(tx: Tx, received: Received) -> None:
        if not late[0]:
            raise EntryEarly
        net.township.remember(tx, received)

    net.township.inbox = net.township.new_inbox({TOLD: handle})
    arrive(net, line(1, 1))
    late[0] = True
    net.township.inbox.apply()
    assert numbers(net.township) == []
    net.advance(timedelta(seconds=30))
    net.township.inbox.apply()
    assert numbers(net.township) == [1]


# --- schema, sender, seal ----------------------------------------------------------------------------------------


def known_to(post: Post, *types: str) -> None:
    post.inbox = post.new_inbox(dict.fromkeys((TOLD, *types), post.remember))


def test_data_of_the_wrong_form_is_refused_and_what_is_new_in_it_is_not(net: Posts) -> None:
    known_to(net.township, "case.withdrawn.v1")
    good = {"case": SUBJECT, "custody": 1, "by": "applicant", "at": "2026-11-24T06:30:00Z", "new": [1]}
    arrive(
        net,
        line(1, 1, type="case.withdrawn.v1", data=good),
        line(2, 2, type="case.withdrawn.v1", data={**good, "at": "today"}),
        line(3, 1, type="case.withdrawn.v1", subject=OTHER, data=good),
    )
    assert len(net.township.effects) == 1
    assert net.township.set_aside() == [(1, "schema"), (2, "schema")]


ROUND = {"round": "2026-11", "origin": f"{name_of(VILLAGE)}/ledger/1"}
CHALLENGE = {
    **ROUND,
    "size": 9,
    "seed": "ab" * 32,
    "from": 0,
    "count": 2,
    "due": "2026-12-01T00:00:00Z",
}


def test_what_only_an_ancestor_may_send_is_refused_from_below(net: Posts) -> None:
    known_to(net.township, "audit.challenge.v1")
    known_to(net.village, "audit.challenge.v1")
    net.county.send(VILLAGE, "audit.challenge.v1", CHALLENGE)
    net.county.send(TOWNSHIP, "audit.challenge.v1", CHALLENGE)
    net.village.send(TOWNSHIP, "audit.challenge.v1", CHALLENGE, subject=OTHER)
    net.carry()
    assert [received.sender for received in net.village.effects] == [COUNTY]
    assert [received.sender for received in net.township.effects] == [COUNTY]
    assert net.township.set_aside() == [(0, "sender")]
    assert [notice.reason for notice in net.village.refused] == ["sender"]


def test_what_only_a_descendant_may_send_is_refused_from_above(net: Posts) -> None:
    known_to(net.county, "statistics.daily.v1")
    net.village.send(COUNTY, "statistics.daily.v1", {})
    net.city.send(COUNTY, "statistics.daily.v1", {})
    net.carry()
    assert [received.sender for received in net.county.effects] == [VILLAGE]
    assert net.county.set_aside() == [(0, "sender")]


def sealed_for(code: str, payload: Any, **changes: Any) -> dict[str, str]:
    parties = {"source": name_of(VILLAGE), "destination": TOWNSHIP, "subject": SUBJECT, **changes}
    return {"sealed": seal(canonical.dump(payload), keys_of(code).public.seal, **parties)}


def test_what_is_sealed_to_this_node_is_opened(net: Posts) -> None:
    arrive(net, line(1, 1, data=sealed_for(TOWNSHIP, {"name": "李芳"})))
    assert [received.opened for received in net.township.effects] == [{"name": "李芳"}]


def test_what_is_sealed_to_another_key_is_refused_as_such(net: Posts) -> None:
    arrive(net, line(1, 1, data=sealed_for(COUNTY, {"name": "李芳"})), line(2, 2))
    assert net.township.set_aside() == [(0, "seal-key")]
    net.carry()
    assert [(notice.index, notice.reason) for notice in net.village.refused] == [(0, "seal-key")]


@pytest.mark.parametrize(
    "data",
    [
        sealed_for(TOWNSHIP, {}, subject=OTHER),
        sealed_for(TOWNSHIP, {}, source=name_of(COUNTY)),
        sealed_for(TOWNSHIP, [1]),
        {"sealed": "nonsense"},
        {"sealed": 7},
    ],
)
def test_what_was_sealed_for_another_entry_or_is_damaged_is_set_aside(
    net: Posts, data: dict[str, Any]
) -> None:
    arrive(net, line(1, 1, data=data))
    assert net.township.effects == []
    assert net.township.set_aside() == [(0, "schema")]


def test_the_attachments_an_entry_names_are_kept_and_shown_to_nobody_for_that(net: Posts) -> None:
    sha256 = "cd" * 32
    arrive(net, line(1, 1, data={"blobs": [{"sha256": sha256, "size": 1, "media": "image/png"}]}))
    with net.township.tx() as tx:
        assert tx.blobs.named_to(sha256, TOWNSHIP)
        assert not tx.blobs.named_to(sha256, VILLAGE)


# --- unknown types -----------------------------------------------------------------------------------------------


def test_an_unknown_type_is_kept_counted_and_no_hole(net: Posts) -> None:
    arrive(net, line(1, 1), line(2, 2, type="weather.told.v1"), line(3, 3))
    assert numbers(net.township) == [1, 3]
    with net.township.tx() as tx:
        assert tx.inbox.list_unknown() == [(FROM_VILLAGE, 1, "weather.told.v1")]


def test_an_unknown_type_is_applied_later_by_reapplying_only(net: Posts) -> None:
    arrive(net, line(1, 1), line(2, 2, type="weather.told.v1"))
    known_to(net.township, "weather.told.v1")
    net.township.inbox.apply()
    assert numbers(net.township) == [1]
    assert net.township.inbox.reapply(["other.v1"]).applied == 0
    assert net.township.inbox.reapply().applied == 1
    assert net.township.inbox.reapply().applied == 0
    assert numbers(net.township) == [1, 2]


# --- faults ------------------------------------------------------------------------------------------------------


@contextmanager
def crashing(post: Post, point: str) -> Iterator[None]:
    """Every commit of a node crashes at that point."""

    def crash(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    before = post.database.at_point
    post.database.at_point = crash
    with pytest.raises(KeyboardInterrupt):
        yield
    post.database.at_point = before


@pytest.mark.parametrize("point", ["before-commit", "after-commit"])
def test_a_crash_around_a_commit_neither_loses_nor_doubles_an_entry(net: Posts, point: str) -> None:
    for number in range(3):
        net.village.send(TOWNSHIP, "weather.told.v1", {"n": number})
    net.carry_between(net.township, net.village)
    with crashing(net.township, point):
        net.township.inbox.apply()
    net.township.inbox.apply()
    with net.township.tx() as tx:
        assert [index for _, index, _ in tx.inbox.list_unknown()] == [0, 1, 2]
        assert tx.inbox.cursor(FROM_VILLAGE) == 3


def test_a_broken_handler_stops_its_own_log_and_is_heard_of(net: Posts) -> None:
    def handle(tx: Tx, received: Received) -> None:
        if received.data["n"] == 2:
            raise ZeroDivisionError
        net.township.remember(tx, received)

    net.township.inbox = net.township.new_inbox({TOLD: handle})
    net.village.write_lines("own-up", TOWNSHIP, [line(1, 1), line(2, 2), line(3, 3)])
    net.county.send(TOWNSHIP, data={"n": 9})
    net.carry_between(net.county, net.township)
    with pytest.raises(ZeroDivisionError):
        net.step(net.township)
    assert sorted(numbers(net.township)) == [1, 9]
    assert "handler-failed" in net.township.alerts()
    net.township.inbox = net.township.new_inbox({TOLD: net.township.remember})
    net.township.inbox.apply()
    assert sorted(numbers(net.township)) == [1, 2, 3, 9]


def test_nothing_is_applied_from_a_halted_log_until_it_is_whole_again(net: Posts) -> None:
    net.village.send(TOWNSHIP, data={"n": 1})
    net.carry_between(net.township, net.village)
    state = net.township.log("peer-up", VILLAGE)
    with net.township.tx() as tx:
        tx.logs.put(replace(state, halted="diverged"))
    assert net.township.inbox.apply().entries == 0
    with net.township.tx() as tx:
        tx.logs.put(state)
    assert net.township.inbox.apply().applied == 1


def test_an_epoch_is_finished_before_the_next_one_begins(net: Posts) -> None:
    net.village.send(TOWNSHIP, data={"n": 1})
    net.carry_between(net.township, net.village)
    open_second_epoch(net)
    net.village.write_lines("own-up", TOWNSHIP, [line(2, 1, subject=OTHER)])
    net.carry_between(net.township, net.village)
    net.township.inbox.apply(limit=1)
    assert numbers(net.township) == [1]
    net.township.inbox.apply(limit=1)
    assert numbers(net.township) == [1, 2]


def test_an_erased_entry_is_passed_over(net: Posts) -> None:
    net.village.send(TOWNSHIP, data={"n": 1}, subject=OTHER)
    net.village.send(TOWNSHIP, data={"n": 2})
    net.carry_between(net.township, net.village)
    with net.township.tx() as tx:
        tx.logs.erase(FROM_VILLAGE, 0)
    assert net.township.inbox.apply().erased == 1
    assert numbers(net.township) == [2]


def test_the_line_of_an_entry_is_the_one_its_origin_wrote(net: Posts) -> None:
    net.city.send(VILLAGE, data={"n": 1})
    net.carry()
    [received] = net.village.effects
    with net.city.tx() as tx:
        [stored] = tx.logs.entries(down_origin(CITY, COUNTY), 0, 1)
    assert stored.line is not None
    assert received.entry == parse_entry(stored.line)
