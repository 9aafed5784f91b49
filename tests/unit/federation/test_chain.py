"""Chains, attacked one claim at a time (federation.md §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from federation.chain import ChainAlert, verify_chain
from federation.keys import NodeKeys
from federation.statements import issue_own_statement, issue_statement, read_statement, replaced_keys
from tests.unit.federation.chains import ANCHOR, CHAIN, refused, replaced, rotate
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    DAY,
    NOW,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    city_line,
    forge,
    keys_of,
    line_to,
    name_of,
    subject_of,
    village_chain,
)


def test_a_whole_chain_holds() -> None:
    held = verify_chain(CHAIN, ANCHOR, NOW, network="nantong.example", subject=name_of(VILLAGE))
    assert [entry.code for entry in held.statements] == [CITY, COUNTY, TOWNSHIP, VILLAGE]
    assert held.node.keys == keys_of(VILLAGE).public
    assert held.parent is not None
    assert held.parent.code == TOWNSHIP
    assert held.top.code == CITY
    assert held.jws == CHAIN
    assert held.anchor == ANCHOR
    assert held.alerts == ()
    assert held.is_ancestor(name_of(COUNTY))
    assert not held.is_ancestor(name_of(VILLAGE))
    assert held.keys_at(name_of(COUNTY), "receipt", NOW) == (keys_of(COUNTY).public.receipt,)
    assert held.keys_at(name_of(OTHER_COUNTY), "receipt", NOW) == ()


def test_the_tops_own_chain_holds() -> None:
    held = verify_chain(CHAIN[:1], ANCHOR, NOW)
    assert held.parent is None
    assert held.node == held.top


ATTACKS: list[tuple[str, list[str], str]] = [
    ("nothing", [], "chain"),
    ("too long", CHAIN * 5, "chain"),
    ("without the top", CHAIN[1:], "chain"),
    ("one left out", [CHAIN[0], CHAIN[2], CHAIN[3]], "issuer"),
    ("in another order", [CHAIN[0], CHAIN[2], CHAIN[1], CHAIN[3]], "issuer"),
    ("one twice", [*CHAIN, CHAIN[3]], "issuer"),
    ("the top twice", [CHAIN[0], *CHAIN], "level"),
    ("another network's top", [forge(CHAIN[0], {"iss": f"suzhou.example/{CITY}", "sub": f"suzhou.example/{CITY}"},
                                     keys_of(CITY)), *CHAIN[1:]], "issuer"),
    ("the top signed by another", replaced(0, {}, keys_of(OTHER_COUNTY)), "chain"),
    ("a statement signed by another", replaced(1, {}, keys_of(OTHER_COUNTY)), "signature"),
    ("a statement signed by itself", replaced(2, {}, keys_of(TOWNSHIP)), "signature"),
    ("a statement signed by the grandparent", replaced(2, {}, keys_of(CITY)), "signature"),
    ("iss changed to the grandparent", replaced(2, {"iss": name_of(CITY)}, keys_of(CITY)), "issuer"),
    ("iss changed to another county", replaced(2, {"iss": name_of(OTHER_COUNTY)}), "issuer"),
    ("sub changed", replaced(2, {"sub": name_of("320623102000")}), "issuer"),
    ("sub outside the issuer's scope", replaced(3, {"sub": name_of("320623102001")}), "scope"),
    ("scope outside", replaced(2, {"bianmin.scope": ["320681101"]}), "scope"),
    ("scope wider than the issuer's", replaced(2, {"bianmin.scope": ["3206"]}), "scope"),
    ("one prefix of two outside", replaced(2, {"bianmin.scope": ["320623101", "320681"]}), "scope"),
    ("a leaf with its parent's sibling", replaced(3, {"bianmin.scope": ["320623102001"]}), "scope"),
    ("successor of a unit outside", replaced(2, {"bianmin.successor_of": ["320681101000"]}), "scope"),
    ("the same level again", replaced(2, {"bianmin.level": "county"}), "level"),
    ("a level going up", replaced(2, {"bianmin.level": "city"}), "level"),
    ("a level not above the next", replaced(2, {"bianmin.level": "village"}), "level"),
    ("top expired", replaced(0, {"exp": int(NOW.timestamp()) - 1}), "expired"),
    ("ancestor expired", replaced(1, {"exp": int(NOW.timestamp()) - 1}), "expired"),
    ("leaf expired", replaced(3, {"exp": int(NOW.timestamp()) - 1}), "expired"),
    ("issued a day and more ahead", replaced(3, {"iat": int((NOW + DAY).timestamp()) + 1}), "not-yet"),
    ("other keys in the middle", replaced(1, {
        "jwks": keys_of(OTHER_COUNTY).public.jwks, "bianmin.keys": dict(keys_of(OTHER_COUNTY).public.kids)},
    ), "signature"),
    ("the anchor's key swapped", replaced(0, {
        "jwks": keys_of(OTHER_COUNTY).public.jwks, "bianmin.keys": dict(keys_of(OTHER_COUNTY).public.kids)},
    ), "chain"),
    ("a self-issued leaf", [CHAIN[0], forge(CHAIN[1], {"iss": name_of(COUNTY)}, keys_of(COUNTY))], "issuer"),
    ("a statement altered", [*CHAIN[:3], CHAIN[3][:-4] + "AAAA"], "signature"),
    ("a statement cut", [*CHAIN[:3], CHAIN[3][:-20]], "compact-form"),
    ("a statement that is none", [*CHAIN[:3], "x.y.z"], "compact-form"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "chain", "code"), ATTACKS, ids=[row[0] for row in ATTACKS])
def test_every_attack_on_a_chain_is_refused(why: str, chain: list[str], code: str) -> None:
    assert refused(chain) == code


def test_it_must_be_of_the_network_and_about_the_node_that_is_expected() -> None:
    assert refused(CHAIN, network="suzhou.example") == "network"
    assert refused(CHAIN, subject=name_of(TOWNSHIP)) == "subject"
    assert refused(CHAIN, anchor=keys_of(COUNTY).public.node.kid) == "anchor"


def test_an_issuer_that_forges_a_county_for_itself_finds_no_anchor() -> None:
    """A township signs a whole network of its own."""
    keys = keys_of(TOWNSHIP)
    own = issue_own_statement(keys.node, subject_of(CITY, keys=keys.public), NOW)
    below = issue_statement(keys.node, read_statement(own), subject_of(COUNTY), NOW)
    assert refused([own, below]) == "anchor"


# --- revocation and dates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [CITY, COUNTY, TOWNSHIP, VILLAGE])
@pytest.mark.parametrize("role", ["node", "receipt", "witness", "seal"])
def test_a_chain_through_a_revoked_key_is_refused_from_then_on(code: str, role: str) -> None:
    kid = keys_of(code).public.get(role)  # type: ignore[arg-type]
    since = NOW + 5 * DAY

    def revoked_at(asked: str) -> datetime | None:
        return since if asked == kid.kid else None

    now = NOW + 6 * DAY
    assert refused(CHAIN, now=now, revoked_at=revoked_at) == "revoked"
    assert refused(CHAIN, now=now, at=since, revoked_at=revoked_at) == "revoked"
    before = verify_chain(CHAIN, ANCHOR, now, at=since - timedelta(seconds=1), revoked_at=revoked_at)
    assert before.node.code == VILLAGE  # what was receipted before stands, even if relayed later


def test_expiry_is_judged_at_the_receipt() -> None:
    much_later = NOW + 400 * DAY
    assert refused(CHAIN, now=much_later) == "expired"
    assert verify_chain(CHAIN, ANCHOR, much_later, at=NOW + DAY).node.code == VILLAGE
    assert refused(CHAIN, now=much_later, at=NOW + 91 * DAY) == "expired"


def test_a_chain_renewed_after_the_receipt_still_vouches_for_it() -> None:
    renewed = village_chain(NOW + 2 * DAY)
    assert verify_chain(renewed, ANCHOR, NOW + 3 * DAY, at=NOW).node.code == VILLAGE


def test_an_issuer_whose_clock_is_ahead_alerts_within_a_day() -> None:
    held = verify_chain(CHAIN, ANCHOR, NOW - DAY)
    assert set(held.alerts) == {ChainAlert("issued-ahead", entry.subject) for entry in held.statements}
    assert refused(CHAIN, now=NOW - DAY - timedelta(seconds=1)) == "not-yet"


def test_a_statement_that_outlives_its_issuers_alerts() -> None:
    chain = replaced(1, {"exp": int((NOW + 30 * DAY).timestamp())})
    held = verify_chain(chain, ANCHOR, NOW)
    assert held.alerts == (ChainAlert("outlives-issuer", name_of(TOWNSHIP)),)
    assert refused(chain, now=NOW + 31 * DAY) == "expired"


def expired_county_chain() -> list[str]:
    """The county's own statement ends after 10 days; what it issued is capped by that."""
    line = city_line().below(subject_of(COUNTY), keys_of(COUNTY), lifetime=10 * DAY)
    line = line.below(subject_of(TOWNSHIP), keys_of(TOWNSHIP))
    return list(line.below(subject_of(VILLAGE), keys_of(VILLAGE)).statements)


def test_between_neighbours_an_expired_ancestor_alerts_and_does_not_refuse() -> None:
    chain, now = expired_county_chain(), NOW + 11 * DAY
    assert refused(chain, now=now) == "expired"
    held = verify_chain(chain, ANCHOR, now, neighbours=True)
    assert held.alerts == (
        ChainAlert("expired-ancestor", name_of(COUNTY)),
        ChainAlert("expired-ancestor", name_of(TOWNSHIP)),
        ChainAlert("expired-with-issuer", name_of(VILLAGE)),
    )


def test_between_neighbours_a_nodes_own_expiry_refuses_all_the_same() -> None:
    line = line_to(TOWNSHIP).below(subject_of(VILLAGE), keys_of(VILLAGE), lifetime=10 * DAY)
    assert refused(list(line.statements), now=NOW + 11 * DAY, neighbours=True) == "expired"


# --- rotation ------------------------------------------------------------------------------------------------


def test_after_a_rotation_what_the_old_key_signed_is_good_for_thirty_days() -> None:
    line = line_to(COUNTY)
    township = line.below(subject_of(TOWNSHIP), keys_of(TOWNSHIP)).statements[-1]
    rotated = rotate(line, COUNTY, NOW + 5 * DAY)
    chain = [*rotated.statements, township]
    assert verify_chain(chain, ANCHOR, NOW + 35 * DAY).node.code == TOWNSHIP
    assert refused(chain, now=NOW + 35 * DAY + timedelta(seconds=1)) == "signature"
    renewed = rotated.below(subject_of(TOWNSHIP), keys_of(TOWNSHIP), NOW + 6 * DAY)
    assert verify_chain(list(renewed.statements), ANCHOR, NOW + 80 * DAY).node.code == TOWNSHIP


def test_a_revoked_replaced_key_signs_nothing_any_more() -> None:
    line = line_to(COUNTY)
    township = line.below(subject_of(TOWNSHIP), keys_of(TOWNSHIP)).statements[-1]
    chain = [*rotate(line, COUNTY, NOW).statements, township]
    old = keys_of(COUNTY).public.node.kid
    assert refused(chain, revoked_at=lambda kid: NOW if kid == old else None) == "revoked"


def test_after_a_rotation_both_receipt_keys_are_good_for_thirty_days() -> None:
    held = verify_chain(list(rotate(line_to(COUNTY), COUNTY, NOW).statements), ANCHOR, NOW)
    both = (keys_of(COUNTY, 1).public.receipt, keys_of(COUNTY).public.receipt)
    assert held.keys_at(name_of(COUNTY), "receipt", NOW + 30 * DAY) == both
    assert held.keys_at(name_of(COUNTY), "receipt", NOW + 31 * DAY) == both[:1]


# --- succession of the anchor --------------------------------------------------------------------------------


def succession(old: NodeKeys, new: NodeKeys, now: datetime = NOW) -> str:
    subject = subject_of(CITY, keys=new.public, previous=replaced_keys(old.public, new.public))
    return issue_own_statement(old.node, subject, now)


def own_statement(keys: NodeKeys, now: datetime = NOW) -> str:
    return issue_own_statement(keys.node, subject_of(CITY, keys=keys.public), now)


def county_below(own: str, keys: NodeKeys, now: datetime = NOW) -> str:
    return issue_statement(keys.node, read_statement(own), subject_of(COUNTY), now)


FIRST, SECOND, THIRD = keys_of(CITY), keys_of(CITY, 1), keys_of(CITY, 2)
PINS = {name: keys.public.node.kid for name, keys in (("A0", FIRST), ("A1", SECOND), ("A2", THIRD))}


def successor_chain() -> list[str]:
    """A0 states A1, A1 states A2, A2's own, the county."""
    own = own_statement(THIRD)
    return [succession(FIRST, SECOND), succession(SECOND, THIRD), own, county_below(own, THIRD)]


@pytest.mark.parametrize("pin", ["A0", "A1", "A2"])
def test_whoever_is_pinned_to_any_anchor_of_the_line_moves_to_the_newest(pin: str) -> None:
    held = verify_chain(successor_chain(), PINS[pin], NOW)
    assert held.anchor == PINS["A2"]
    assert [entry.code for entry in held.statements] == [CITY, COUNTY]
    assert len(held.successions) == 2
    assert held.jws == successor_chain()


def test_a_succession_stays_good_when_its_time_is_over() -> None:
    later = NOW + 900 * DAY
    own = own_statement(THIRD, later)
    chain = [*successor_chain()[:2], own, county_below(own, THIRD, later)]
    assert verify_chain(chain, PINS["A0"], later).anchor == PINS["A2"]


def test_a_successions_level_is_not_judged() -> None:
    subject = replace(
        subject_of(CITY, keys=SECOND.public, previous={"node": FIRST.public.node}), level="village"
    )
    own = own_statement(SECOND)
    chain = [issue_own_statement(FIRST.node, subject, NOW), own, county_below(own, SECOND)]
    assert verify_chain(chain, PINS["A0"], NOW).anchor == PINS["A1"]


def _broken(change: Callable[[list[str]], list[str]]) -> list[str]:
    return change(successor_chain())


@pytest.mark.parametrize(
    ("why", "chain", "pin", "code"),
    [
        ("a pin nobody has", successor_chain(), "B" * 43, "anchor"),
        ("the first succession missing", _broken(lambda c: c[1:]), PINS["A0"], "anchor"),
        ("the middle one missing", _broken(lambda c: [c[0], *c[2:]]), PINS["A0"], "anchor"),
        ("in another order", _broken(lambda c: [c[1], c[0], *c[2:]]), PINS["A0"], "anchor"),
        ("no own statement", _broken(lambda c: [*c[:2], c[3]]), PINS["A0"], "chain"),
        ("only successions", _broken(lambda c: c[:2]), PINS["A0"], "chain"),
        ("signed by a stranger", _broken(lambda c: [forge(c[0], {}, keys_of(COUNTY)), *c[1:]]), PINS["A0"], "anchor"),
        (
            "altered",
            _broken(lambda c: [c[0][:-4] + "AAAA", *c[1:]]),
            PINS["A0"],
            "signature",
        ),
        (
            "another top's",
            _broken(lambda c: [forge(c[0], {"sub": name_of("320500000000"), "iss": name_of("320500000000")}, FIRST), *c[1:]]),
            PINS["A0"],
            "issuer",
        ),
        (
            "a narrower scope than the top's own",
            _broken(lambda c: [forge(c[0], {"bianmin.scope": ["320623"]}, FIRST), *c[1:]]),
            PINS["A0"],
            "scope",
        ),
    ],
)  # fmt: skip
def test_a_broken_line_of_anchors_is_refused(why: str, chain: list[str], pin: str, code: str) -> None:
    assert refused(chain, anchor=pin) == code


def test_a_stolen_old_anchor_moves_nobody_who_has_left_it() -> None:
    """The thief holds A0 and states its own key; a node pinned to A1 does not follow."""
    thief = NodeKeys.from_seed(b"thief")
    own = own_statement(thief)
    assert refused([succession(FIRST, thief), own, county_below(own, thief)], anchor=PINS["A1"]) == "anchor"


def test_a_revoked_anchor_names_no_successor() -> None:
    assert refused(
        successor_chain(), anchor=PINS["A0"], revoked_at=lambda kid: NOW if kid == PINS["A0"] else None
    ) == "revoked"  # fmt: skip
    assert refused(
        successor_chain(), anchor=PINS["A0"], revoked_at=lambda kid: NOW if kid == PINS["A1"] else None
    ) == "revoked"  # fmt: skip


# --- the child's own chain -----------------------------------------------------------------------------------
