"""What an operator does: invite, re-key, revoke, move, re-pin, release, rotate, check; each leaves its fact."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from federation.errors import ProtocolError
from federation.joining import join
from federation.keys import NodeKeys
from node.container import Container
from node.kernel.problems import Problem
from node.ledger.service import sequenced_entries
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair

OTHER = "320623101002"


def _facts(node: Container) -> list[str]:
    node.ledger.run()
    with node.database.reading() as session:
        logs = node.stores.within(session).logs
        return [entry.type for entry in sequenced_entries(session, logs, 0, 1000)]


def _greeted(pair: Pair) -> None:
    pair.say(pair.village, TOWNSHIP)
    pair.turn()


def test_an_invitation_names_the_parent_and_is_shown_with_its_expiry(pair: Pair) -> None:
    made = pair.township.administration.invite(OTHER, "village", "某村")
    assert made.invitation.parent == f"nantong.example/{TOWNSHIP}"
    assert made.text != ""
    waiting = pair.township.administration.overview().invitations
    assert OTHER in [one.code for one in waiting]
    assert made.invitation.token not in repr(waiting)
    assert "member.invited" in _facts(pair.township)


def test_a_code_that_has_a_node_is_invited_only_to_replace_its_keys(pair: Pair) -> None:
    with pytest.raises(Problem, match="code-has-node"):
        pair.township.administration.invite(VILLAGE, "village", "四海社区居委会")
    made = pair.township.administration.invite(VILLAGE, "village", "四海社区居委会", replace_keys=True)
    assert made.invitation.code == VILLAGE


def test_a_rekey_waits_for_the_thumbprint_and_then_the_old_keys_end(pair: Pair) -> None:
    made = pair.township.administration.invite(VILLAGE, "village", "四海社区居委会", replace_keys=True)
    keys = NodeKeys.generate()
    assert join(made.invitation, keys, pair.transport, pair.clock) is None
    kid = keys.public.node.kid
    assert [one.thumbprint for one in pair.township.administration.enrolling()] == [kid]
    with pytest.raises(Problem, match="thumbprint-differs"):
        pair.township.administration.confirm(VILLAGE, "x" * 43)
    pair.township.administration.confirm(VILLAGE, f" {kid[:20]} {kid[20:]} ")
    assert join(made.invitation, keys, pair.transport, pair.clock) is not None
    assert pair.village.client is not None
    with pytest.raises(ProtocolError):
        pair.village.client.check_state()
    with pytest.raises(Problem, match="nothing-to-confirm"):
        pair.township.administration.confirm(VILLAGE, kid)
    assert "member.rekeyed" in _facts(pair.township)


def test_a_revoked_child_is_refused_at_once_and_shown_so(pair: Pair) -> None:
    pair.township.administration.revoke(VILLAGE, "电脑失窃")
    pair.later(31)
    pair.turn()
    link = pair.village.administration.overview().links["pull"]
    assert (link.code, link.refused) == ("revoked", True)
    assert pair.township.administration.overview().children[0].revoked
    assert "link-refused" in [one.code for one in pair.village.administration.overview().alerts]


def test_a_revocation_needs_a_reason_and_a_child(pair: Pair) -> None:
    with pytest.raises(Problem, match="reason-needed"):
        pair.township.administration.revoke(VILLAGE, "  ")
    with pytest.raises(Problem, match="not-a-child"):
        pair.township.administration.revoke(OTHER, "why")


def test_the_parents_address_is_kept_and_dialled_from_then_on(pair: Pair) -> None:
    pair.village.administration.set_parent_url("https://town.example/")
    assert pair.village.administration.overview().parent_url == "https://town.example"
    with pytest.raises(Problem, match="no-parent"):
        pair.township.administration.set_parent_url("https://x.example")


def test_an_operators_reason_stands_in_the_fact_as_a_commitment_only(pair: Pair) -> None:
    pair.township.administration.pin_anchor(pair.township.identity.kid, "李芳的电脑失窃")
    pair.township.ledger.run()
    with pair.township.database.reading() as session:
        logs = pair.township.stores.within(session).logs
        lines = [entry.line or b"" for entry in sequenced_entries(session, logs, 0, 100)]
    assert lines
    assert not any("李芳".encode() in line for line in lines)


def test_releasing_what_is_not_set_aside_is_refused(pair: Pair) -> None:
    with pytest.raises(Problem, match="not-set-aside"):
        pair.township.administration.release("nantong.example/320623101001/up/1", 0, "skip", "why")


def test_a_rotation_is_stated_by_the_parent_and_sending_goes_on(pair: Pair) -> None:
    _greeted(pair)
    before = pair.village.identity.kid
    after = pair.village.own_statement.rotate()
    assert after != before
    assert pair.village.identity.kid == after
    pair.say(pair.village, TOWNSHIP, subject="after")
    pair.later(31)
    pair.turn()
    parent = pair.village.administration.overview().parent
    assert parent is not None
    assert parent.out.receipted == 2
    assert pair.township.administration.overview().children[0].node_key == after
    assert pair.village.repair.check().holds


def test_an_anchor_that_rotates_takes_its_childrens_pins_along(pair: Pair) -> None:
    _greeted(pair)
    after = pair.township.own_statement.rotate()
    assert pair.township.administration.overview().anchor == after
    pair.later(7 * 3600)
    pair.turn()
    pair.say(pair.village, TOWNSHIP, subject="after")
    pair.later(31)
    pair.turn()
    found = pair.village.administration.overview()
    assert found.anchor == after
    assert found.parent is not None
    assert found.parent.out.receipted == 2


def test_fsck_holds_for_a_node_in_order_and_names_what_was_changed_by_hand(pair: Pair) -> None:
    for number in range(5):
        pair.say(pair.village, TOWNSHIP, subject=f"s{number}")
    pair.turn()
    assert pair.village.repair.check().holds
    assert pair.township.repair.check().holds
    with pair.township.database.transaction() as session:
        session.execute(text("UPDATE stream_entry SET line = :line WHERE idx = 3"), {"line": b'{"n":2}'})
    faults = pair.township.repair.check().faults
    assert [(one.kind, one.index) for one in faults] == [("line", 3)]


def test_fsck_finds_a_missing_entry_and_a_database_behind_its_head_file(pair: Pair) -> None:
    _greeted(pair)
    with pair.village.database.transaction() as session:
        session.execute(text("DELETE FROM stream_entry"))
    assert {one.kind for one in pair.village.repair.check().faults} >= {"size"}
    with pair.village.database.transaction() as session:
        session.execute(text("UPDATE stream_log SET size = 0, compact = :none, note = ''"), {"none": b""})
    assert "head-file" in {one.kind for one in pair.village.repair.check().faults}


def test_an_alert_is_closed_once(pair: Pair) -> None:
    alert = pair.township.administration.overview().alerts[0]
    assert pair.township.administration.close_alert(alert.id)
    assert not pair.township.administration.close_alert(alert.id)
    assert alert.id not in [one.id for one in pair.township.administration.overview().alerts]


def test_the_api_tells_an_operator_and_nobody_else(pair: Pair) -> None:
    answer = pair.app.test_client().get("/api/v1/network")
    assert answer.status_code == 401
