"""Inviting, enrolling and re-keying (federation.md §3 Joining)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.chain import accept_own_chain
from federation.enrolment import EnrolmentRequest, token_hash
from federation.errors import ProtocolError
from federation.issuing import (
    confirm_rekey,
    enrol,
    invite,
    revoke,
    waiting_rekeys,
)
from federation.keys import prove_possession
from federation.memory_stores import MemoryDatabase, MemoryTx
from federation.statements import read_statement
from tests.unit.federation.members import (
    CITY,
    DAY,
    NOW,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    keys_of,
    name_of,
)
from tests.unit.federation.parents import (
    ANCHOR,
    MIDDLE,
    URL,
    alerts,
    asking,
    county,
    invited,
    joined,
    queued,
    reasons,
    refused,
    verdict,
)


@pytest.fixture
def tx() -> Iterator[MemoryTx]:
    """The county's storage: it belongs to the city and has no children."""
    with county() as opened:
        yield opened


# --- joining -------------------------------------------------------------------------------------------------


def test_an_invited_child_gets_a_chain_it_can_accept(tx: MemoryTx) -> None:
    invitation = invited(tx)
    chain = enrol(tx, MIDDLE, asking(invitation.token), NOW)
    assert chain is not None
    held = accept_own_chain(
        chain,
        invitation.anchor,
        NOW,
        name=invitation.child_name,
        keys=keys_of(TOWNSHIP).public,
        parent=invitation.parent,
        parent_key=invitation.parent_key,
    )
    assert (held.node.scope, held.node.level) == (("320623101",), "township")
    assert invitation.expires == NOW + timedelta(hours=72)


def test_a_join_writes_member_keys_and_the_event_to_the_top(tx: MemoryTx) -> None:
    chain = joined(tx)
    member = tx.members.get(TOWNSHIP)
    assert member is not None
    assert (member.direct, member.statement, member.revoked) == ("child", chain[-1], False)
    assert {record.role for record in tx.members.keys(TOWNSHIP)} == {"node", "receipt", "witness", "seal"}
    assert verdict(tx, TOWNSHIP, 0, "node", NOW) == "good"
    assert queued(tx) == [
        ("membership.issued.v1", TOWNSHIP, CITY, {"statement": chain[-1], "reason": "join"}),
    ]
    assert alerts(tx) == ["member-joined"]


def test_the_token_itself_is_not_stored(tx: MemoryTx) -> None:
    invitation = invited(tx)
    stored = tx.members.invitation(token_hash(invitation.token))
    assert stored is not None
    assert invitation.token not in repr(tx.members.invitations())


def test_the_same_token_with_the_same_keys_gets_the_same_answer(tx: MemoryTx) -> None:
    invitation = invited(tx)
    first = enrol(tx, MIDDLE, asking(invitation.token), NOW)
    later = NOW + timedelta(hours=71)
    assert enrol(tx, MIDDLE, asking(invitation.token), later) == first
    assert len(queued(tx)) == 1
    over = NOW + timedelta(hours=72)
    assert refused(lambda: enrol(tx, MIDDLE, asking(invitation.token), over)) == "token"


def test_a_used_token_with_other_keys_is_refused_and_names_both_thumbprints(tx: MemoryTx) -> None:
    invitation = invited(tx)
    enrol(tx, MIDDLE, asking(invitation.token), NOW)
    assert refused(lambda: enrol(tx, MIDDLE, asking(invitation.token, generation=1), NOW)) == "token"
    raised = [alert for alert, _ in tx.alerts.values() if alert.code == "token-reused"]
    assert raised[0].detail == {
        "used_by": keys_of(TOWNSHIP).public.node.kid,
        "asked_by": keys_of(TOWNSHIP, 1).public.node.kid,
    }


def test_a_used_token_with_one_key_changed_is_refused(tx: MemoryTx) -> None:
    invitation = invited(tx)
    enrol(tx, MIDDLE, asking(invitation.token), NOW)
    keys = replace(keys_of(TOWNSHIP), receipt=keys_of(TOWNSHIP, 1).receipt)
    request = EnrolmentRequest(keys.public, prove_possession(keys, name_of(TOWNSHIP)), invitation.token)
    assert refused(lambda: enrol(tx, MIDDLE, request, NOW)) == "token"


def test_after_twenty_wrong_tokens_in_an_hour_the_parent_slows_down(tx: MemoryTx) -> None:
    wrong = asking("x" * 43)
    assert [refused(lambda: enrol(tx, MIDDLE, wrong, NOW)) for _ in range(20)] == ["token"] * 20
    with pytest.raises(ProtocolError) as caught:
        enrol(tx, MIDDLE, wrong, NOW)
    assert (caught.value.code, caught.value.status, caught.value.retry_after_s) == ("slow-down", 429, 3600)
    assert "wrong-tokens" in alerts(tx)
    assert refused(lambda: enrol(tx, MIDDLE, wrong, NOW + timedelta(hours=1, seconds=1))) == "token"
    invitation = invited(tx)
    assert enrol(tx, MIDDLE, asking(invitation.token), NOW) is not None


def test_a_bad_request_burns_nothing(tx: MemoryTx) -> None:
    invitation = invited(tx)
    request = asking(invitation.token)
    unproven = replace(request, proofs=prove_possession(keys_of(TOWNSHIP), name_of(VILLAGE)))
    assert refused(lambda: enrol(tx, MIDDLE, unproven, NOW)) == "signature"
    assert tx.members.get(TOWNSHIP) is None
    assert enrol(tx, MIDDLE, request, NOW) is not None


def test_keys_that_were_known_before_are_refused(tx: MemoryTx) -> None:
    joined(tx)
    invitation = invited(tx, VILLAGE)
    borrowed = replace(keys_of(VILLAGE), seal=keys_of(TOWNSHIP).seal)
    request = EnrolmentRequest(
        borrowed.public, prove_possession(borrowed, name_of(VILLAGE)), invitation.token
    )
    assert refused(lambda: enrol(tx, MIDDLE, request, NOW)) == "malformed"
    parents = replace(keys_of(VILLAGE), witness=MIDDLE.keys.witness)
    request = EnrolmentRequest(parents.public, prove_possession(parents, name_of(VILLAGE)), invitation.token)
    assert refused(lambda: enrol(tx, MIDDLE, request, NOW)) == "malformed"


def test_only_one_of_two_invitations_for_a_code_can_be_used(tx: MemoryTx) -> None:
    first, second = invited(tx), invited(tx)
    assert enrol(tx, MIDDLE, asking(first.token), NOW) is not None
    assert refused(lambda: enrol(tx, MIDDLE, asking(second.token, generation=1), NOW)) == "token"


INVITATIONS: list[tuple[str, dict[str, object], str]] = [
    ("outside the scope", {"code": OTHER_COUNTY, "level": "township"}, "scope"),
    ("a scope outside", {"scope": ["320681"]}, "scope"),
    ("a prefix within a group", {"scope": ["3206231"]}, "scope"),
    ("not below", {"level": "county"}, "level"),
    ("its own level's name unknown", {"level": "hamlet"}, "scope"),
    ("an address with a path", {"parent_url": "https://center.example/up"}, "invitation"),
    ("new keys for no node", {"replace": True}, "no-node"),
]


@pytest.mark.parametrize(("change", "code"), [i[1:] for i in INVITATIONS], ids=[i[0] for i in INVITATIONS])
def test_what_may_not_be_stated_is_not_promised(tx: MemoryTx, change: dict[str, object], code: str) -> None:
    options: dict[str, object] = {
        "code": TOWNSHIP, "level": "township", "name": "n", "parent_url": URL, "anchor": ANCHOR, "now": NOW, **change,
    }  # fmt: skip
    assert refused(lambda: invite(tx, MIDDLE, **options)) == code  # type: ignore[arg-type]
    assert tx.members.invitations() == []


def test_siblings_scopes_may_nest_but_not_be_equal(tx: MemoryTx) -> None:
    joined(tx)
    zone = "320623191000"
    equal = {"code": zone, "level": "township", "name": "开发区", "scope": ["320623101"]}
    rest = {"parent_url": URL, "anchor": ANCHOR, "now": NOW}
    assert refused(lambda: invite(tx, MIDDLE, **equal, **rest)) == "scope"  # type: ignore[arg-type]
    nested = {**equal, "scope": ["320623101005"]}
    assert invite(tx, MIDDLE, **nested, **rest).code == zone  # type: ignore[arg-type]


def test_a_node_without_a_statement_of_its_own_invites_nobody() -> None:
    with MemoryDatabase().transaction() as empty:
        assert refused(lambda: invited(empty)) == "no-statement"


# --- re-keying -----------------------------------------------------------------------------------------------


def test_a_rekey_waits_for_the_operator_and_then_ends_the_old_keys(tx: MemoryTx) -> None:
    joined(tx)
    assert refused(lambda: invited(tx)) == "has-node"
    token = invited(tx, replace=True).token
    later = NOW + timedelta(hours=1)
    assert enrol(tx, MIDDLE, asking(token, generation=1), later) is None
    assert enrol(tx, MIDDLE, asking(token, generation=1), later) is None
    assert verdict(tx, TOWNSHIP, 0, "node", later) == "good"
    new_kid = keys_of(TOWNSHIP, 1).public.node.kid
    assert [entry.used_by for entry in waiting_rekeys(tx, later)] == [new_kid]
    assert refused(lambda: confirm_rekey(tx, MIDDLE, TOWNSHIP, "other", later)) == "thumbprint"
    confirmed = confirm_rekey(tx, MIDDLE, TOWNSHIP, new_kid, later)
    assert enrol(tx, MIDDLE, asking(token, generation=1), later) == confirmed
    stated = read_statement(confirmed[-1])
    assert (stated.keys, dict(stated.previous)) == (keys_of(TOWNSHIP, 1).public, {})
    assert verdict(tx, TOWNSHIP, 0, "node", later) == "replaced"
    assert verdict(tx, TOWNSHIP, 1, "node", later) == "good"
    assert reasons(tx) == ["join", "rekey"]
    assert waiting_rekeys(tx, later) == []
    assert refused(lambda: confirm_rekey(tx, MIDDLE, TOWNSHIP, new_kid, later)) == "no-request"


def test_a_confirmed_rekey_can_be_fetched_after_the_invitation_would_be_over(tx: MemoryTx) -> None:
    joined(tx)
    token = invited(tx, replace=True).token
    enrol(tx, MIDDLE, asking(token, generation=1), NOW)
    last_minute = NOW + timedelta(hours=71, minutes=59)
    confirm_rekey(tx, MIDDLE, TOWNSHIP, keys_of(TOWNSHIP, 1).public.node.kid, last_minute)
    assert enrol(tx, MIDDLE, asking(token, generation=1), NOW + timedelta(hours=80)) is not None


def test_a_revoked_node_comes_back_with_new_keys_only(tx: MemoryTx) -> None:
    invitation = invited(tx)
    enrol(tx, MIDDLE, asking(invitation.token), NOW)
    revoke(tx, MIDDLE, TOWNSHIP, "stolen", NOW + timedelta(minutes=1))
    assert refused(lambda: enrol(tx, MIDDLE, asking(invitation.token), NOW + timedelta(hours=1))) == "revoked"
    token = invited(tx, replace=True).token
    assert refused(lambda: enrol(tx, MIDDLE, asking(token), NOW + timedelta(hours=1))) == "malformed"
    assert enrol(tx, MIDDLE, asking(token, generation=1), NOW + timedelta(hours=1)) is None
    confirm_rekey(tx, MIDDLE, TOWNSHIP, keys_of(TOWNSHIP, 1).public.node.kid, NOW + timedelta(hours=2))
    member = tx.members.get(TOWNSHIP)
    assert member is not None
    assert not member.revoked
    assert verdict(tx, TOWNSHIP, 0, "node", NOW + DAY) == "revoked"


def test_a_refused_scope_has_not_spent_the_invitation(tx: MemoryTx) -> None:
    zone = "320623451000"
    second = invite(
        tx,
        MIDDLE,
        code=zone,
        level="township",
        name="开发区",
        scope=["320623101"],
        parent_url=URL,
        anchor=ANCHOR,
        now=NOW,
    )
    joined(tx)
    asked = asking(second.token, zone)
    assert refused(lambda: enrol(tx, MIDDLE, asked, NOW)) == "scope"
    kept = tx.members.invitation(token_hash(second.token))
    assert kept is not None
    assert kept.used_by == ""
    revoke(tx, MIDDLE, TOWNSHIP, "并入开发区", NOW)
    assert enrol(tx, MIDDLE, asked, NOW) is not None


def test_the_witness_awaits_the_ledger_of_who_joined(tx: MemoryTx) -> None:
    joined(tx)
    awaited = tx.logs.find("peer-ledger", TOWNSHIP)
    assert awaited is not None
    assert (awaited.origin, awaited.size) == (f"{name_of(TOWNSHIP)}/ledger/1", 0)
