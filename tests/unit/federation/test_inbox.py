"""Applying: once each, in order, refusals set aside alone, what waits goes on when its turn has come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from federation.inbox import NothingHeldError
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
from tests.unit.federation.members import COUNTY, TOWNSHIP, VILLAGE, name_of
from tests.unit.federation.posts import TOLD, Posts


@pytest.fixture
def net() -> Posts:
    return Posts()


# --- once each, in order -----------------------------------------------------------------------------------------


def test_entries_take_effect_in_index_order_once_each(net: Posts) -> None:
    for number in range(130):
        net.village.send(TOWNSHIP, data={"n": number}, subject=f"s{number % 3}")
    counts = net.step(net.township)
    assert (counts.entries, counts.applied) == (130, 130)
    assert numbers(net.township) == list(range(130))
    assert net.township.inbox.apply().entries == 0
    assert numbers(net.township) == list(range(130))


def test_a_handler_is_told_what_was_sent_by_whom_and_when_it_was_stored(net: Posts) -> None:
    entry_id = net.village.send(TOWNSHIP, data={"n": 1})
    net.carry_between(net.township, net.village)
    stored_at = net.clock.at
    net.advance(timedelta(days=3))
    net.township.inbox.apply()
    [received] = net.township.effects
    assert (received.entry.id, received.sender, received.relayed) == (entry_id, VILLAGE, False)
    assert (received.origin_log, received.index, received.came_from) == (FROM_VILLAGE, 0, VILLAGE)
    assert received.stored_at == stored_at
    assert received.opened is None


def test_a_limit_is_kept_and_the_rest_comes_next(net: Posts) -> None:
    for number in range(10):
        net.village.send(TOWNSHIP, data={"n": number})
    net.carry_between(net.township, net.village)
    assert net.township.inbox.apply(limit=4).entries == 4
    assert net.township.inbox.apply(limit=4, origins=["nothing"]).entries == 0
    assert net.township.inbox.apply(limit=40, origins=[FROM_VILLAGE]).entries == 6
    assert numbers(net.township) == list(range(10))


def test_a_repeat_is_ignored(net: Posts) -> None:
    arrive(net, line(1, 1), line(1, 1), line(2, 2))
    assert numbers(net.township) == [1, 2]
    assert net.township.alerts() == []


def test_other_bytes_under_a_seq_that_was_dealt_with_are_alerted(net: Posts) -> None:
    arrive(net, line(1, 1), line(7, 1), line(2, 2))
    assert numbers(net.township) == [1, 2]
    assert net.township.alerts() == ["repeat-differs"]


def test_a_hole_holds_later_ones_of_its_subject_only_until_it_is_filled(net: Posts) -> None:
    arrive(net, line(1, 1), line(3, 3), line(4, 4), line(9, 1, subject=OTHER))
    assert numbers(net.township) == [1, 9]
    assert net.township.held() == [(1, "hole"), (2, "hole")]
    arrive(net, line(2, 2))
    assert numbers(net.township) == [1, 9, 2, 3, 4]
    assert net.township.held() == []


def test_a_hole_is_alerted_after_an_hour_once(net: Posts) -> None:
    arrive(net, line(2, 2))
    net.advance(timedelta(minutes=59))
    net.township.inbox.apply()
    assert net.township.alerts() == []
    net.advance(timedelta(minutes=1))
    net.township.inbox.apply()
    net.advance(timedelta(minutes=1))
    net.township.inbox.apply()
    assert net.township.alerts() == ["entry-missing"]


def test_an_operator_lets_entries_pass_a_hole_and_what_was_missing_still_counts(net: Posts) -> None:
    arrive(net, line(3, 3), line(4, 4))
    assert net.township.inbox.release(FROM_VILLAGE, 0, "retry", "the village lost them") == "applied"
    assert numbers(net.township) == [3, 4]
    arrive(net, line(1, 1))
    assert numbers(net.township) == [3, 4, 1]


def test_each_destination_and_subject_is_counted_by_itself(net: Posts) -> None:
    net.township.send(VILLAGE, data={"n": 1})
    net.township.send("*", data={"n": 2})
    net.township.send(VILLAGE, data={"n": 3})
    net.carry()
    assert numbers(net.village) == [1, 2, 3]


def test_an_entry_written_again_in_a_new_epoch_takes_effect_once(net: Posts) -> None:
    arrive(net, line(1, 1))
    open_second_epoch(net)
    arrive(net, line(1, 1), line(2, 2))
    assert numbers(net.township) == [1, 2]


# --- what is set aside -------------------------------------------------------------------------------------------

WRONG_LINES: list[tuple[bytes, str]] = [
    (b"nonsense", "json"),
    (line(2, 2).replace(b'"n":2', b'"n":"\\u0000"'), "json"),
    (line(2, 2).replace(b'"specversion":"1.0"', b'"specversion":"2"'), "attribute"),
    (line(2, 2, destination="*"), "attribute"),
    (line(2, 2, source=name_of(COUNTY)), "source"),
    (line(2, 2).replace(b'{"n":2}', b'{"n":"' + b"x" * 33_000 + b'"}'), "length"),
]


@pytest.mark.parametrize(("wrong", "reason"), WRONG_LINES)
def test_a_line_that_is_no_good_entry_is_set_aside_alerted_and_told_to_its_writer(
    net: Posts, wrong: bytes, reason: str
) -> None:
    arrive(net, line(1, 1), wrong, line(9, 1, subject=OTHER))
    assert numbers(net.township) == [1, 9]
    assert net.township.set_aside() == [(1, reason)]
    assert net.township.alerts() == ["entry-set-aside"]
    refused = {"origin": FROM_VILLAGE, "refused": [{"index": 1, "reason": reason}]}
    assert answers(net.township) == [("entry.refused.v1", refused)]


def test_a_refusal_that_is_no_good_entry_itself_is_not_answered(net: Posts) -> None:
    refusal = line(1, 1, type="entry.refused.v1")
    arrive(net, refusal.replace(b"Z", b"z"), line(2, 1, type="relay.received.v1", source=name_of(COUNTY)))
    assert [reason for _, reason in net.township.set_aside()] == ["attribute", "source"]
    assert answers(net.township) == []


def test_an_unparsable_line_holds_nothing_up_and_is_no_hole(net: Posts) -> None:
    arrive(net, line(1, 1), b"nonsense", line(3, 3), line(4, 4))
    assert numbers(net.township) == [1, 3, 4]


def test_more_missing_than_could_not_be_read_is_a_hole(net: Posts) -> None:
    arrive(net, line(1, 1), b"nonsense", line(4, 4))
    assert numbers(net.township) == [1]
    assert net.township.held() == [(2, "hole")]


def test_refusals_of_one_batch_are_told_in_one_entry(net: Posts) -> None:
    arrive(net, *[b"nonsense"] * 5, line(1, 1))
    [(type_, data)] = answers(net.township)
    assert type_ == "entry.refused.v1"
    assert [row["index"] for row in data["refused"]] == [0, 1, 2, 3, 4]
    net.carry()
    assert [(notice.index, notice.reason) for notice in net.village.refused] == [
        (index, "json") for index in range(5)
    ]


def test_later_entries_of_the_same_subject_wait_and_others_go_on(net: Posts) -> None:
    refusing(net.township, lambda received: received.data["n"] == 2)
    arrive(net, line(1, 1), line(2, 2), line(3, 3), line(9, 1, subject=OTHER))
    assert numbers(net.township) == [1, 9]
    assert net.township.set_aside() == [(1, "sender")]
    assert net.township.held() == [(2, "set-aside")]


def test_a_released_entry_that_can_be_applied_now_lets_the_others_follow(net: Posts) -> None:
    refusing(net.township, lambda received: received.data["n"] == 2)
    arrive(net, line(1, 1), line(2, 2), line(3, 3))
    net.township.inbox = net.township.new_inbox({TOLD: net.township.remember})
    assert net.township.inbox.release(FROM_VILLAGE, 1, "retry", "the case has come") == "applied"
    assert numbers(net.township) == [1, 2, 3]
    assert (net.township.set_aside(), net.township.held()) == ([], [])


def test_a_released_entry_that_is_refused_again_stays_where_it_is(net: Posts) -> None:
    refusing(net.township, lambda received: received.data["n"] == 2)
    arrive(net, line(1, 1), line(2, 2), line(3, 3))
    assert net.township.inbox.release(FROM_VILLAGE, 1, "retry", "try") == "set-aside"
    assert net.township.set_aside() == [(1, "sender")]
    assert numbers(net.township) == [1]


def test_a_skipped_entry_counts_for_seq_and_never_takes_effect(net: Posts) -> None:
    refusing(net.township, lambda received: received.data["n"] == 2)
    arrive(net, line(1, 1), line(2, 2), line(3, 3))
    assert net.township.inbox.release(FROM_VILLAGE, 1, "skip", "a mistake") == "skipped"
    assert numbers(net.township) == [1, 3]
    assert (net.township.set_aside(), net.township.held()) == ([], [])
    arrive(net, line(2, 2), line(4, 4))
    assert numbers(net.township) == [1, 3, 4]


def test_only_what_waits_can_be_released(net: Posts) -> None:
    arrive(net, line(1, 1))
    with pytest.raises(NothingHeldError):
        net.township.inbox.release(FROM_VILLAGE, 0, "retry", "")
