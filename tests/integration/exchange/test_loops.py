"""The loops: what is queued travels, is receipted and applied; what fails is tried again by the rules, from rows."""

from __future__ import annotations

from datetime import timedelta

from federation.errors import ProtocolError, TransportError
from federation.ports import SetAside
from node.exchange.links import Links, read_links
from node.exchange.loops import LEDGER, LINK_LEASE, LOCAL_LEASE, PULL, PUSH
from node.kernel.lease_keeper import LeaseKeeper
from node.ledger.rules import FactDraft
from node.ledger.service import record
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair, reopen


def _fact(pair: Pair, node_name: str = "village") -> None:
    node = pair.village if node_name == "village" else pair.township
    with node.database.transaction() as session:
        record(session, FactDraft(type="test.done", at=pair.clock.now(), actor="machine"))


def test_an_entry_goes_up_is_receipted_and_applied_once(pair: Pair) -> None:
    pair.say(pair.village, TOWNSHIP)
    pair.turn()
    own = pair.village.administration.overview().parent
    child = pair.township.administration.overview().children[0]
    assert own is not None
    assert (own.out.depth, own.out.receipted) == (0, 1)
    assert (child.received, child.applied) == (1, 1)
    assert pair.township.administration.overview().unknown == 1


def test_an_entry_goes_down_is_receipted_and_applied_once(pair: Pair) -> None:
    pair.say(pair.township, VILLAGE)
    pair.turn()
    pair.later(31)
    pair.turn()
    parent = pair.village.administration.overview().parent
    child = pair.township.administration.overview().children[0]
    assert parent is not None
    assert (parent.received, parent.applied) == (1, 1)
    assert (child.out.depth, child.out.receipted) == (0, 1)


def test_a_child_asks_soon_after_it_pushed_and_then_no_more_than_usual(pair: Pair) -> None:
    pair.turn()
    pair.say(pair.village, TOWNSHIP)
    pair.turn()
    asked = _pulls(pair)
    pair.say(pair.township, VILLAGE)
    pair.turn()
    assert _pulls(pair) == asked  # the parent had nothing to say when it was last heard
    pair.later(1.5)
    pair.turn()
    parent = pair.village.administration.overview().parent
    assert parent is not None
    assert parent.applied == 1
    pair.later(5)
    pair.turn()
    asked = _pulls(pair)
    pair.later(15)
    pair.turn()
    assert _pulls(pair) == asked


def _pulls(pair: Pair) -> int:
    return sum(request.path.endswith("/down") for request in pair.transport.sent)


def test_nothing_is_lost_while_the_line_is_cut_and_local_work_goes_on(pair: Pair) -> None:
    pair.transport.is_cut = True
    for number in range(20):
        pair.say(pair.village, TOWNSHIP, subject=f"s{number}")
        _fact(pair)
        pair.turn(1)
        pair.later(3600)
    away = pair.village.administration.overview()
    assert away.parent is not None
    assert away.parent.out.depth == 20
    assert away.ledger_size == 20
    assert away.links["state"].failures > 0
    pair.transport.is_cut = False
    pair.later(3600)
    pair.turn()
    back = pair.village.administration.overview()
    assert back.parent is not None
    assert (back.parent.out.depth, back.parent.out.receipted) == (0, 20)
    assert pair.township.administration.overview().children[0].applied == 20


def test_a_lost_answer_to_a_push_changes_nothing_twice(pair: Pair) -> None:
    pair.turn()
    pair.say(pair.village, TOWNSHIP)
    pair.village.local.run()
    pair.transport.loses_answers = 1
    assert pair.village.link is not None
    pair.village.link.run()
    assert pair.village.administration.overview().links[PUSH].failures == 1
    pair.later(600)
    pair.turn()
    overview = pair.village.administration.overview()
    assert overview.parent is not None
    assert (overview.parent.out.receipted, overview.links[PUSH].failures) == (1, 0)
    assert pair.township.administration.overview().children[0].received == 1


def test_a_failing_link_is_not_tried_before_it_is_due_also_after_a_restart(pair: Pair) -> None:
    pair.turn()
    pair.transport.is_cut = True
    pair.later(31)
    pair.turn(1)
    with pair.village.database.reading() as session:
        failed = read_links(session)[PULL]
    assert failed.failures == 1
    assert failed.due_at > pair.clock.now() - timedelta(seconds=1)
    again = Links(pair.village.database, pair.clock)
    assert again.state(PULL) == failed


def test_the_ledger_is_witnessed_once_while_it_does_not_grow(pair: Pair) -> None:
    _fact(pair)
    pair.turn()
    assert pair.village.administration.overview().ledger_witnessed == 1
    submitted = sum(request.path == "/witness/add-checkpoint" for request in pair.transport.sent)
    pair.later(3600)
    pair.turn()
    assert sum(request.path == "/witness/add-checkpoint" for request in pair.transport.sent) == submitted
    _fact(pair)
    pair.turn()
    assert pair.village.administration.overview().ledger_witnessed == 2


def test_the_ledger_is_not_submitted_more_often_than_its_interval(pair: Pair) -> None:
    _fact(pair)
    pair.turn()
    _fact(pair)
    pair.later(30)
    pair.turn()
    assert pair.village.administration.overview().ledger_witnessed == 1
    pair.later(900)
    pair.turn()
    assert pair.village.administration.overview().ledger_witnessed == 2


def test_only_one_process_has_the_lease_and_the_other_does_nothing(pair: Pair) -> None:
    other = LeaseKeeper(pair.village.database, pair.clock)
    assert other.hold(LOCAL_LEASE)
    assert other.hold(LINK_LEASE)
    pair.say(pair.village, TOWNSHIP)
    pair.turn()
    waiting = pair.village.administration.overview().parent
    assert waiting is not None
    assert waiting.out.queued == 1
    other.give_back()
    pair.turn()
    sent = pair.village.administration.overview().parent
    assert sent is not None
    assert sent.out.receipted == 1


def test_the_up_log_is_not_written_before_the_parent_has_answered(pair: Pair) -> None:
    pair.turn()
    pair.transport.is_cut = True
    restarted = reopen(pair.village.settings, pair.clock, pair.transport)
    pair.say(restarted, TOWNSHIP)
    assert restarted.local.run() == 0
    pair.transport.is_cut = False
    assert restarted.link is not None
    pair.village.leases.give_back()
    restarted.link.run()
    assert restarted.local.run() == 1
    restarted.close()


def test_a_statement_is_renewed_when_a_third_of_its_life_is_left(pair: Pair) -> None:
    before = pair.village.administration.overview().own
    pair.township.own_statement.run()
    pair.later(61 * 86_400)
    pair.township.own_statement.run()
    pair.turn()
    after = pair.village.administration.overview().own
    assert before is not None
    assert after is not None
    assert after.statement_expires > before.statement_expires


def test_what_the_inbox_sets_aside_is_shown(pair: Pair) -> None:
    entry = SetAside("o", 0, "schema", "n", "s", "d")
    with pair.township.database.transaction() as session:
        pair.township.stores.within(session).inbox.set_aside(entry)
    assert pair.township.administration.overview().set_aside == (entry,)


def test_housekeeping_forgets_nonces_whose_time_is_over(pair: Pair) -> None:
    pair.say(pair.village, TOWNSHIP)
    pair.turn()  # a push is a POST: its nonce is spent
    pair.later(3600)
    assert pair.township.housekeeping.run() > 0
    assert pair.township.housekeeping.run() == 0


def test_when_one_thing_gets_through_the_others_do_not_wait_any_longer(pair: Pair) -> None:
    links = Links(pair.village.database, pair.clock)
    for _ in range(9):
        links.fail(PULL, TransportError("nobody answers"))
    links.fail(LEDGER, ProtocolError("scope", 403, "no"))
    assert (links.state(PULL).failures, links.is_due(LEDGER)) == (9, False)
    links.succeed(PUSH, timedelta(0))
    assert links.is_due(PULL)
    assert not links.is_due(LEDGER), "a refusal is not mended by a line"
