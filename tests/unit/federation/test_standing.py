"""What every node does by itself with membership, acknowledgements, refusals, notices and new epochs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from federation.announcing import announce_revocation, announce_statement
from federation.dating import Revocation
from federation.history import record_revocation, record_statement
from federation.keys import NodeKeys
from federation.records import LogState
from federation.statements import issue_statement, read_statement
from federation.stream import new_log
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    NOW,
    TOWNSHIP,
    VILLAGE,
    forge,
    keys_of,
    line_to,
    name_of,
    subject_of,
)
from tests.unit.federation.posts import TOLD, Post, Posts, down_origin, up_origin

OTHER_VILLAGE = "320623101002"


@pytest.fixture
def net() -> Posts:
    return Posts()


def stated(code: str, keys: NodeKeys, *, by: str = TOWNSHIP, level: str = "village") -> str:
    """A statement about a node, by its parent."""
    subject = subject_of(code, keys=keys.public, level=level)
    return issue_statement(keys_of(by).node, line_to(by).last, subject, NOW)


def issue(post: Post, jws: str, reason: Any = "join") -> None:
    """A parent writes a statement down and tells the top."""
    with post.tx() as tx:
        record_statement(tx.members, read_statement(jws), NOW, reason, "child")
        announce_statement(tx, post.identity, jws, reason, NOW)


def seal_kid(post: Post, code: str) -> str | None:
    """The newest seal key a node knows of another."""
    with post.tx() as tx:
        keys = [key for key in tx.members.keys(code, "seal") if key.until is None]
        return keys[0].kid if keys else None


# --- membership.issued.v1 ----------------------------------------------------------------------------------------


def test_a_statement_is_learned_by_the_top_and_by_every_node_on_the_way(net: Posts) -> None:
    keys = keys_of(OTHER_VILLAGE)
    issue(net.township, stated(OTHER_VILLAGE, keys))
    net.carry()
    for post in (net.county, net.city):
        assert seal_kid(post, OTHER_VILLAGE) == keys.public.seal.kid
        with post.tx() as tx:
            assert tx.members.get(OTHER_VILLAGE).direct == ""
    assert seal_kid(net.village, OTHER_VILLAGE) is None


def test_a_rekey_is_shown_and_ends_the_old_keys_at_once(net: Posts) -> None:
    old, new = keys_of(OTHER_VILLAGE), keys_of(OTHER_VILLAGE, 1)
    issue(net.township, stated(OTHER_VILLAGE, old))
    net.carry()
    issue(net.township, stated(OTHER_VILLAGE, new), "rekey")
    net.carry()
    with net.city.tx() as tx:
        assert tx.members.key(old.public.node.kid).until == NOW
        assert tx.members.key(new.public.node.kid).until is None
    assert net.city.alerts() == ["member-rekeyed"]
    assert net.county.alerts() == ["member-rekeyed"]


OTHERS = stated(OTHER_VILLAGE, keys_of(OTHER_VILLAGE))
TOWNSHIPS = line_to(TOWNSHIP).statements[-1]


@pytest.mark.parametrize(
    "jws",
    [
        OTHERS,
        forge(OTHERS, {"iss": name_of(COUNTY)}, keys_of(TOWNSHIP)),
        forge(OTHERS, {"iss": name_of(COUNTY)}, keys_of(VILLAGE)),
        forge(TOWNSHIPS, {"sub": name_of("320681000000"), "bianmin.scope": ["320681"]}, keys_of(COUNTY)),
        forge(TOWNSHIPS, {"bianmin.level": "county"}, keys_of(COUNTY)),
    ],
    ids=["another's", "child's key", "foreign key", "scope", "level"],
)
def test_a_statement_by_another_than_its_issuer_or_beyond_its_scope_is_refused(net: Posts, jws: str) -> None:
    net.county.send(CITY, "membership.issued.v1", {"statement": jws, "reason": "join"}, subject="m")
    net.carry()
    assert net.city.set_aside() == [(0, "sender")]
    assert seal_kid(net.city, OTHER_VILLAGE) is None
    assert [notice.reason for notice in net.county.refused] == ["sender"]


IN_FUTURE = forge(OTHERS, {"iat": 4_000_000_000, "exp": 4_000_000_001}, keys_of(TOWNSHIP))


@pytest.mark.parametrize("jws", ["a.b.c", IN_FUTURE], ids=["no statement", "future"])
def test_what_is_no_statement_or_of_the_future_is_refused(net: Posts, jws: str) -> None:
    net.township.send(COUNTY, "membership.issued.v1", {"statement": jws, "reason": "join"}, subject="m")
    net.carry()
    assert net.county.set_aside() == [(0, "schema")]


def test_a_node_on_the_way_shows_what_does_not_hold_and_passes_it_on(net: Posts) -> None:
    jws = forge(stated(OTHER_VILLAGE, keys_of(OTHER_VILLAGE)), {"iss": name_of(COUNTY)}, keys_of(TOWNSHIP))
    net.township.send(CITY, "membership.issued.v1", {"statement": jws, "reason": "join"}, subject="m")
    net.carry()
    assert net.county.alerts() == ["membership-doubtful"]
    assert net.city.set_aside() == [(0, "sender")]


def test_a_code_that_has_a_parent_cannot_be_stated_by_another(net: Posts) -> None:
    jws = stated(VILLAGE, keys_of(VILLAGE, 3), by=COUNTY)
    with net.township.tx() as tx:
        known = tx.members.get(VILLAGE)
    issue(net.township, known.statement)
    net.carry()
    net.county.send(CITY, "membership.issued.v1", {"statement": jws, "reason": "join"}, subject="m")
    net.carry()
    assert [reason for _, reason in net.city.set_aside()] == ["sender"]
    assert seal_kid(net.city, VILLAGE) == keys_of(VILLAGE).public.seal.kid


# --- membership.revoked.v1 ---------------------------------------------------------------------------------------


def revoke(post: Post, code: str) -> Revocation:
    """What `issuing` does: write down, tell the top and everyone below."""
    kids = tuple(key.kid for _, key in keys_of(code).public.items())
    revocation = Revocation(name_of(code), kids, NOW, "失窃")
    with post.tx() as tx:
        record_revocation(tx.members, revocation)
        announce_revocation(tx, post.identity, revocation, NOW)
    return revocation


def is_revoked(post: Post, code: str) -> bool:
    with post.tx() as tx:
        record = tx.members.key(keys_of(code).public.node.kid)
        return record is not None and record.revoked_at == NOW


def test_a_revocation_reaches_the_top_and_everyone_below_each_node_on_the_way(net: Posts) -> None:
    revoke(net.county, TOWNSHIP)
    net.carry()
    assert [is_revoked(post, TOWNSHIP) for post in (net.city, net.county)] == [True, True]
    assert "member-revoked" in net.city.alerts()
    with net.county.tx() as tx:
        assert tx.members.get(TOWNSHIP).revoked


def test_every_node_on_the_way_writes_its_own_for_everyone_once(net: Posts) -> None:
    net.county.adopt(TOWNSHIP)
    revoke(net.township, VILLAGE)
    net.carry()
    assert is_revoked(net.county, VILLAGE)
    assert is_revoked(net.city, VILLAGE)
    sources = {down_origin(CITY, COUNTY): net.city, down_origin(COUNTY, TOWNSHIP): net.county}
    for origin, post in sources.items():
        with post.tx() as tx:
            lines = [entry.line for entry in tx.logs.entries(origin, 0, 100)]
        own = [line for line in lines if b'"type":"membership.revoked.v1"' in line]
        assert len(own) == 1
        assert b'"destination":"*"' in own[0]


def test_a_revocation_by_a_node_that_does_not_stand_above_is_refused(net: Posts) -> None:
    data = Revocation(name_of(COUNTY), (keys_of(COUNTY).public.node.kid,), NOW, "").to_data()
    net.village.send(CITY, "membership.revoked.v1", data, subject=COUNTY)
    net.carry()
    assert not is_revoked(net.city, COUNTY)
    assert net.city.set_aside() == [(0, "sender")]
    assert net.township.alerts() == ["membership-doubtful"]


@pytest.mark.parametrize(
    "changes",
    [{"kids": [keys_of(COUNTY).public.node.kid]}, {"sub": "elsewhere.example/320623101001"}],
)
def test_a_revocation_names_keys_of_its_node_only(net: Posts, changes: dict[str, Any]) -> None:
    data = Revocation(name_of(VILLAGE), (keys_of(VILLAGE).public.node.kid,), NOW, "").to_data()
    net.township.send(COUNTY, "membership.revoked.v1", {**data, **changes}, subject=VILLAGE)
    net.carry()
    assert net.county.set_aside() == [(0, "sender")]
    assert not is_revoked(net.county, COUNTY)


def test_an_ancestor_may_revoke_far_below_and_a_key_not_known_yet_stays_revoked(net: Posts) -> None:
    unknown = keys_of(OTHER_VILLAGE).public.node.kid
    data = Revocation(name_of(OTHER_VILLAGE), (unknown,), NOW, "").to_data()
    net.city.send("*", "membership.revoked.v1", data, subject=OTHER_VILLAGE)
    net.carry()
    with net.township.tx() as tx:
        assert tx.members.key(unknown).revoked_at == NOW


# --- acknowledgements, refusals, notices -------------------------------------------------------------------------


def test_only_the_destination_can_acknowledge(net: Posts) -> None:
    net.village.send(CITY, data={"n": 1})
    net.carry()
    before = len(net.village.acknowledged)
    claim = {"entries": [{"origin": up_origin(VILLAGE), "index": 0}]}
    net.township.send(VILLAGE, "relay.received.v1", claim, subject="x")
    net.carry()
    assert len(net.village.acknowledged) == before == 1
    assert net.village.set_aside() == [(1, "sender")]


@pytest.mark.parametrize(
    "claim",
    [
        {"origin": up_origin(VILLAGE), "index": 7},
        {"origin": up_origin(TOWNSHIP), "index": 0},
        {"origin": "nantong.example/320623101001/up/2", "index": 0},
    ],
)
def test_what_is_said_of_an_entry_this_node_never_wrote_is_refused(net: Posts, claim: dict[str, Any]) -> None:
    net.village.send(CITY, data={"n": 1})
    net.carry()
    net.township.send(VILLAGE, "relay.received.v1", {"entries": [claim]}, subject="x")
    net.carry()
    assert net.village.set_aside() == [(1, "schema")]


def test_a_refusal_names_the_entry_and_its_reason_and_is_shown(net: Posts) -> None:
    net.village.send(CITY, data={"n": 1})
    net.carry()
    refused = {"origin": up_origin(VILLAGE), "refused": [{"index": 0, "reason": "seal-key"}]}
    net.city.send(VILLAGE, "entry.refused.v1", refused, subject="notices")
    net.carry()
    [notice] = net.village.refused
    assert (notice.sender, notice.reason, notice.entry.data) == (CITY, "seal-key", {"n": 1})
    assert net.village.alerts() == ["entry-refused"]


def test_a_refusal_by_a_node_the_entry_never_came_to_is_refused(net: Posts) -> None:
    net.village.send(CITY, data={"n": 1})
    net.carry()
    refused = {"origin": up_origin(VILLAGE), "refused": [{"index": 0, "reason": "schema"}]}
    net.county.send(VILLAGE, "entry.refused.v1", refused)
    net.carry()
    assert net.village.refused == []
    assert [reason for _, reason in net.village.set_aside()] == ["sender"]


def test_one_wrong_item_sets_a_whole_notice_aside_and_later_entries_go_on(net: Posts) -> None:
    net.village.send(CITY, data={"n": 1})
    net.carry()
    claim = [{"origin": up_origin(VILLAGE), "index": index} for index in (0, 5)]
    net.city.send(VILLAGE, "relay.received.v1", {"entries": claim})
    net.city.send(VILLAGE, TOLD, {"n": 2}, subject="another")
    net.carry()
    assert [reason for _, reason in net.village.set_aside()] == ["schema"]
    assert net.village.told() == [{"n": 2}]


# --- epoch.opened.v1 ---------------------------------------------------------------------------------------------


def begin_epoch(net: Posts, *, previous: Callable[[], str] | None = None) -> LogState:
    """The village's `up` log begins anew; the state it had."""
    net.village.send(TOWNSHIP, data={"n": 1})
    net.carry()
    old = net.village.log("own-up", TOWNSHIP)
    second = new_log(old.origin[:-1] + "2", "own-up", TOWNSHIP, 2)
    with net.village.tx() as tx:
        tx.logs.put(replace(old, frozen=True))
        tx.logs.put(second)
    named = old.note if previous is None else previous()
    data = {"log": second.origin, "previous": named, "reason": "硬盘损坏"}
    net.village.send(TOWNSHIP, "epoch.opened.v1", data, subject="epoch")
    net.carry()
    return old


def test_a_new_epoch_freezes_the_one_before_and_is_shown(net: Posts) -> None:
    old = begin_epoch(net)
    [opened] = net.township.epochs
    assert (opened.sender, opened.fits, opened.reason) == (VILLAGE, True, "硬盘损坏")
    assert net.township.alerts() == ["epoch-opened"]
    with net.township.tx() as tx:
        assert tx.logs.get(old.origin).frozen


def test_a_new_epoch_that_names_another_head_is_kept_as_evidence(net: Posts) -> None:
    begin_epoch(net, previous=lambda: "")
    [opened] = net.township.epochs
    assert not opened.fits
    assert [alert.severity for alert in net.township.database.alerts] == ["critical"]


def test_a_ledgers_new_epoch_is_told_and_not_taken_by_itself(net: Posts) -> None:
    ledger = f"{name_of(VILLAGE)}/ledger/2"
    data = {"log": ledger, "previous": "", "reason": "重装"}
    net.village.send(TOWNSHIP, "epoch.opened.v1", data, subject="epoch")
    net.carry()
    assert [opened.log for opened in net.township.epochs] == [ledger]
    with net.township.tx() as tx:
        assert tx.logs.find("peer-ledger", VILLAGE) is None


@pytest.mark.parametrize("log", [up_origin(TOWNSHIP), f"{name_of(COUNTY)}/ledger/2", up_origin(VILLAGE)])
def test_an_epoch_is_announced_first_in_its_log_and_by_its_owner(net: Posts, log: str) -> None:
    net.village.send(TOWNSHIP, TOLD, {"n": 1})
    data = {"log": log, "previous": "", "reason": "x"}
    net.village.send(TOWNSHIP, "epoch.opened.v1", data, subject="epoch")
    net.carry()
    assert net.township.set_aside() == [(1, "sender")]
    assert net.township.epochs == []


def test_an_epoch_is_not_announced_through_a_relay(net: Posts) -> None:
    data = {"log": f"{name_of(VILLAGE)}/ledger/2", "previous": "", "reason": "x"}
    net.village.send(COUNTY, "epoch.opened.v1", data, subject="epoch")
    net.carry()
    assert net.county.set_aside() == [(0, "sender")]


def test_who_signed_a_head_besides_does_not_matter(net: Posts) -> None:
    begin_epoch(net, previous=lambda: net.township.log("peer-up", VILLAGE).receipted_note)
    assert [opened.fits for opened in net.township.epochs] == [True]
