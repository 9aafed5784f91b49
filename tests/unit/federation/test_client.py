"""A child's calls to its parent: what it believes, what it stores, and how it goes on after a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from federation.errors import FederationError, LogProofError, ProtocolError, SizeConflict, TransportError
from federation.gate import unpack_content
from federation.keys import NodeKeys
from federation.note import check_cosignature, split_note
from federation.ports import Limits, Request, Response
from federation.pushing import packed
from federation.stream import pack_lines
from federation.uplink import NoParentError, Seen, problem_of
from tests.unit.federation.simulated import CITY, COUNTY, applied, assert_whole, pair, tell

SMALL = Limits(entries_per_batch=3)


# --- push ----------------------------------------------------------------------------------------------------


def test_nothing_is_written_up_before_the_state_was_asked() -> None:
    _, county, _ = pair()
    county.restart()
    county.queue(CITY, {"n": 1})
    assert county.write() == 0
    county.client.check_state()
    assert county.write() == 1


def test_a_pushed_entry_is_receipted_by_the_parents_key() -> None:
    _, county, city = pair()
    tell(county)
    assert county.client.push() == 1
    state = county.log("own-up", CITY)
    assert (state.size, state.receipted_size) == (1, 1)
    text, lines = split_note(state.receipted_note)
    key = city.identity().keys.public.receipt
    assert check_cosignature(text, lines, city.identity().receipt_name, [key]) == city.clock.now()
    assert county.client.push() == 0


def test_a_long_queue_goes_in_batches_each_under_a_head_of_its_own() -> None:
    network, county, city = pair(SMALL)
    ids = tell(county, 8)
    assert county.client.push(limit=100) == 8
    pushes = [request for request in county.line.log if request.path.endswith("/up")]
    assert [request.values("tlog-start") for request in pushes[-3:]] == [["0"], ["3"], ["6"]]
    assert_whole(network)
    assert applied(city) == ids


def test_a_batch_never_exceeds_the_bytes_that_are_allowed() -> None:
    network, county, city = pair(Limits(batch_bytes=1500))
    ids = [county.queue(CITY, {"text": "x" * 400}) for _ in range(6)]
    county.write()
    assert county.client.push() == 6
    assert max(len(unpack_content(request, 1 << 20)) for request in county.line.log) <= 1500
    assert_whole(network)
    assert applied(city) == ids


def test_a_batch_is_packed_where_that_makes_it_shorter() -> None:
    lines = pack_lines([b'{"chain":"%b"}' % (b"eyJ" * 200)] * 3)
    body, fields = packed(lines)
    assert fields == (("Content-Encoding", "gzip"),)
    assert len(body) < len(lines) / 4
    assert packed(lines) == (body, fields)  # the same bytes whenever they are sent
    assert packed(b"a\n") == (b"a\n", ())


def test_a_packed_push_is_stored_line_by_line() -> None:
    network, county, city = pair()
    ids = [county.queue(CITY, {"text": "同样的话" * 100}) for _ in range(5)]
    county.write()
    assert county.client.push() == 5
    (push,) = [request for request in county.line.log if request.path.endswith("/up")]
    assert push.values("content-encoding") == ["gzip"]
    assert len(push.body) < 3000
    assert_whole(network)
    assert applied(city) == ids


def test_push_stops_at_the_limit_it_was_given() -> None:
    _, county, _ = pair()
    tell(county, 5)
    assert county.client.push(limit=2) == 2
    assert county.log("own-up", CITY).receipted_size == 2


def test_a_lost_answer_costs_nothing_but_another_call() -> None:
    network, county, city = pair()
    ids = tell(county, 2)
    county.line.plan("lose-answer")
    with pytest.raises(TransportError):
        county.client.push()
    assert county.log("own-up", CITY).receipted_size == 0
    assert county.client.push() == 2
    assert_whole(network)
    assert applied(city) == ids


def test_a_receipt_that_was_changed_on_the_way_is_no_receipt() -> None:
    network, county, _ = pair()
    tell(county)
    county.line.plan("alter-answer")
    with pytest.raises(FederationError):
        county.client.push()
    assert county.log("own-up", CITY).receipted_size == 0
    assert_whole(network)
    assert county.log("own-up", CITY).receipted_size == 1


def test_a_receipt_by_another_key_is_no_receipt() -> None:
    _, county, city = pair()
    tell(county)
    true_keys = city.identity().keys
    city.use_keys(replace(true_keys, receipt=NodeKeys.generate().receipt))
    with pytest.raises(LogProofError):
        county.client.push()
    assert county.log("own-up", CITY).receipted_size == 0


def test_a_request_that_was_changed_on_the_way_changes_nothing() -> None:
    network, county, city = pair()
    tell(county)
    county.line.plan("alter-request")
    with pytest.raises(ProtocolError) as caught:
        county.client.push()
    assert (caught.value.code, caught.value.status) == ("digest", 400)
    assert city.effects == []
    assert_whole(network)


def test_a_request_that_arrives_twice_takes_effect_once() -> None:
    network, county, city = pair()
    ids = tell(county, 2)
    county.line.plan("repeat")
    with pytest.raises(ProtocolError) as caught:
        county.client.push()
    assert caught.value.code == "replay"
    assert_whole(network)
    assert applied(city) == ids


def test_a_request_that_arrives_late_takes_effect_once() -> None:
    network, county, city = pair()
    ids = tell(county, 2)
    county.line.plan("delay")
    with pytest.raises(TransportError):
        county.client.push()
    assert county.client.push() == 2
    assert_whole(network)
    assert applied(city) == ids


def test_a_fork_is_kept_as_evidence_and_alerted_on_both_sides() -> None:
    _, county, city = pair()
    tell(county)
    county.client.push()
    old = county.backup()
    tell(county)
    county.client.push()
    county.restore(old)
    county.heads.lose()
    county.writer.ready("own-up", CITY)  # as if nobody had asked for the state
    tell(county, 2)
    county.client._uplink.up = Seen(1, 2)
    with pytest.raises(ProtocolError) as caught:
        county.client.push()
    assert (caught.value.code, caught.value.status) == ("fork", 422)
    assert "push-refused" in county.alerts
    assert "log-fork" in city.alerts
    for node in (county, city):
        with node.database.transaction() as tx:
            assert [kind for _, kind, _ in tx.logs.proofs] == ["fork"]
    county.client.check_state()
    assert county.log("own-up", CITY).halted == "diverged"


# --- pull ----------------------------------------------------------------------------------------------------


def test_what_is_pulled_is_stored_with_a_receipt_the_parent_gets() -> None:
    _, county, city = pair()
    city.queue(COUNTY, {"n": 1})
    city.write()
    assert county.client.pull() == 1
    ours, theirs = county.log("peer-down", CITY), city.log("own-down", COUNTY)
    assert (ours.size, ours.receipted_size) == (1, 1)
    assert (theirs.receipted_size, theirs.receipted_note) == (1, ours.receipted_note)
    assert county.client.pull() == 0


def test_a_receipt_that_got_lost_is_sent_again() -> None:
    _, county, city = pair()
    city.queue(COUNTY, {"n": 1})
    city.write()
    county.line.plan("none", "lose-request")
    with pytest.raises(TransportError):
        county.client.pull()
    assert city.log("own-down", COUNTY).receipted_size == 0
    county.restart()
    assert county.client.pull() == 0
    assert city.log("own-down", COUNTY).receipted_size == 1


def test_lines_that_were_changed_on_the_way_are_not_stored() -> None:
    network, county, city = pair()
    city.queue(COUNTY, {"n": 1})
    city.write()
    county.line.plan("alter-answer")
    with pytest.raises(LogProofError) as caught:
        county.client.pull()
    assert caught.value.code == "fork"
    assert "pull-refused" in county.alerts
    assert county.effects == []
    assert_whole(network)
    assert len(county.effects) == 1


def test_what_comes_down_is_announced_with_every_answer() -> None:
    _, county, city = pair()
    assert not county.client.has_more_down
    city.queue(COUNTY, {"n": 1})
    city.write()
    county.client.check_state()
    assert county.client.has_more_down
    county.client.pull()
    assert not county.client.has_more_down


def test_a_long_log_is_pulled_page_by_page() -> None:
    network, county, city = pair(SMALL)
    ids = [city.queue(COUNTY, {"n": number}) for number in range(7)]
    city.write()
    assert [county.client.pull() for _ in range(4)] == [3, 3, 1, 0]
    assert_whole(network)
    assert applied(county) == ids


# --- answers -------------------------------------------------------------------------------------------------

PROBLEM = ("Content-Type", "application/problem+json")


def test_answers_that_are_refusals_are_told_apart() -> None:
    told = problem_of(Response(409, (("Content-Type", "text/x.tlog.size"),), b"17\n"))
    assert isinstance(told, SizeConflict)
    assert told.size == 17
    body = b'{"type":"urn:bianmin:problem:slow-down","detail":"enough","left":3}'
    slow = problem_of(Response(429, (PROBLEM, ("Retry-After", "120")), body))
    assert isinstance(slow, ProtocolError)
    assert (slow.code, slow.status, slow.retry_after_s, slow.members) == ("slow-down", 429, 120, {"left": 3})


@pytest.mark.parametrize(
    "answer",
    [
        Response(502, (("Content-Type", "text/html"),), b"<html>"),
        Response(200, (), b""),
        Response(404, (), b"nothing"),
        Response(409, (("Content-Type", "text/x.tlog.size"),), b"many\n"),
        Response(400, (PROBLEM,), b'{"type":"about:blank"}'),
        Response(400, (PROBLEM,), b"not json"),
    ],
)
def test_an_answer_that_says_nothing_is_tried_again(answer: Response) -> None:
    error = problem_of(answer)
    assert isinstance(error, TransportError)
    assert error.retryable


def test_a_busy_gateway_without_a_problem_document_is_still_busy() -> None:
    error = problem_of(Response(503, (("Retry-After", "30"),), b"<html>"))
    assert isinstance(error, ProtocolError)
    assert (error.code, error.retry_after_s) == ("busy", 30)


def test_a_lying_answer_discards_nothing() -> None:
    network, county, city = pair()
    ids = tell(county, 2)
    county.client.push()

    def lie(answer: Response) -> Response:
        return replace(answer, headers=(*answer.headers, ("X", "y")), status=404, body=b"gone")

    county.line.tamper = lie
    county.line.plan("alter-answer")
    with pytest.raises(TransportError):
        county.client.check_state()
    assert county.log("own-up", CITY).receipted_size == 2
    assert_whole(network)
    assert applied(city) == ids


def test_a_top_calls_nobody() -> None:
    _, _, city = pair()
    with pytest.raises(NoParentError):
        city.client.check_state()
    with pytest.raises(NoParentError):
        city.client.push()


def test_every_sending_is_signed_anew() -> None:
    _, county, _ = pair()
    county.client.check_state()
    county.client.check_state()
    first, second = (request_nonce(request) for request in county.line.log[-2:])
    assert first != second


def request_nonce(request: Request) -> str:
    return request.values("signature-input")[0].partition("nonce=")[2][:24]
