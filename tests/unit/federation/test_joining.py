"""Joining: what a child asks for, and what it refuses to believe."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from federation.chain import ChainError
from federation.enrolment import InvitationError, JoinInvitation
from federation.errors import ProtocolError, TransportError, TrustError
from federation.issuing import confirm_rekey, invite
from federation.joining import chain_of, join, keep_chain
from federation.keys import NodeKeys
from federation.ports import Response
from federation.testing import Network, SimNode
from tests.unit.federation.simulated import CITY, COUNTY, TOWNSHIP, pair


def invited(
    network: Network, parent: SimNode, code: str = TOWNSHIP, *, replace: bool = False
) -> JoinInvitation:
    level = "county" if code == COUNTY else "township"
    with parent.database.transaction() as tx:
        return invite(
            tx,
            parent.identity(),
            code=code,
            level=level,
            name="示例镇",
            parent_url=f"https://{parent.code}.example",
            anchor=network.anchor,
            now=network.time,
            replace=replace,
        )


@pytest.fixture
def network() -> Network:
    return pair()[0]


@pytest.fixture
def line_to_county(network: Network) -> SimNode:
    """A node whose line leads to the county: stands in for one that has not joined yet."""
    from federation.keys import Identity

    return SimNode(
        network,
        Identity("nantong.example", TOWNSHIP, "township", NodeKeys.generate(), COUNTY),
        network.node(COUNTY),
    )


def test_a_node_joins_and_keeps_its_chain(network: Network, line_to_county: SimNode) -> None:
    node = line_to_county
    invitation = invited(network, network.node(COUNTY))
    chain = join(invitation, node.identity().keys, node.line, node.clock)
    assert chain is not None
    with node.database.transaction() as tx:
        held = keep_chain(tx, node.identity(), chain, invitation.anchor, network.time)
        assert [statement.code for statement in held.statements] == [CITY, COUNTY, TOWNSHIP]
        assert {member.code: member.direct for member in tx.members.all()} == {
            CITY: "", COUNTY: "parent", TOWNSHIP: "self",
        }  # fmt: skip
        assert [key.kid for key in tx.members.keys(COUNTY, "receipt")] == [
            network.node(COUNTY).identity().keys.public.receipt.kid
        ]


def test_a_lost_answer_is_asked_for_again_with_the_same_keys(
    network: Network, line_to_county: SimNode
) -> None:
    node, invitation = line_to_county, invited(network, network.node(COUNTY))
    node.line.plan("lose-answer")
    with pytest.raises(TransportError):
        join(invitation, node.identity().keys, node.line, node.clock)
    first = join(invitation, node.identity().keys, node.line, node.clock)
    assert first is not None
    assert join(invitation, node.identity().keys, node.line, node.clock) == first
    with pytest.raises(ProtocolError) as caught:
        join(invitation, NodeKeys.generate(), node.line, node.clock)
    assert (caught.value.code, caught.value.status) == ("token", 403)


def test_an_invitation_that_is_over_is_not_used(network: Network, line_to_county: SimNode) -> None:
    invitation = invited(network, network.node(COUNTY))
    network.advance(timedelta(hours=73))
    with pytest.raises(InvitationError):
        join(invitation, line_to_county.identity().keys, line_to_county.line, line_to_county.clock)
    assert line_to_county.line.log == []


def test_a_wrong_clock_does_not_keep_a_node_from_joining(network: Network, line_to_county: SimNode) -> None:
    line_to_county.clock.offset = timedelta(hours=-5)
    alerts: list[str] = []
    chain = join(
        invited(network, network.node(COUNTY)),
        line_to_county.identity().keys,
        line_to_county.line,
        line_to_county.clock,
        lambda alert: alerts.append(alert.code),
    )
    assert chain is not None
    assert alerts == ["clock-skew"]


@pytest.mark.parametrize("member", ["anchor", "parent_key"])
def test_a_chain_that_names_another_anchor_or_parent_key_is_refused(
    network: Network, line_to_county: SimNode, member: str
) -> None:
    other = NodeKeys.generate().public.node.kid
    invitation = replace(invited(network, network.node(COUNTY)), **{member: other})
    with pytest.raises(ChainError):
        join(invitation, line_to_county.identity().keys, line_to_county.line, line_to_county.clock)


def test_a_parent_by_another_name_does_not_answer(network: Network, line_to_county: SimNode) -> None:
    invitation = replace(invited(network, network.node(COUNTY)), parent="nantong.example/320681000000")
    with pytest.raises(ProtocolError) as caught:
        join(invitation, line_to_county.identity().keys, line_to_county.line, line_to_county.clock)
    assert caught.value.code == "audience"


def test_another_level_than_invited_is_refused(network: Network, line_to_county: SimNode) -> None:
    invitation = replace(invited(network, network.node(COUNTY)), level="village")
    with pytest.raises(TrustError) as caught:
        join(invitation, line_to_county.identity().keys, line_to_county.line, line_to_county.clock)
    assert caught.value.code == "level"


def test_a_rekey_waits_for_the_operator(network: Network) -> None:
    county, city = network.node(COUNTY), network.node(CITY)
    invitation, keys = invited(network, city, COUNTY, replace=True), NodeKeys.generate()
    assert join(invitation, keys, county.line, county.clock) is None
    assert join(invitation, keys, county.line, county.clock) is None
    with city.database.transaction() as tx:
        confirm_rekey(tx, city.identity(), COUNTY, keys.public.node.kid, network.time)
    chain = join(invitation, keys, county.line, county.clock)
    assert chain is not None
    with pytest.raises(ProtocolError):
        county.client.check_state()
    county.use_keys(keys)
    with county.database.transaction() as tx:
        keep_chain(tx, county.identity(), chain, network.anchor, network.time, "rekey")
    county.client.check_state()
    assert county.writer.is_ready("own-up", CITY)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"chain":1}', b'{"chain":["a",1]}', b"<html>"])
def test_an_answer_that_is_no_chain_is_no_answer(body: bytes) -> None:
    with pytest.raises(TransportError):
        chain_of(Response(201, (), body))


def test_a_chain_about_somebody_else_is_not_kept(network: Network) -> None:
    county, city = network.node(COUNTY), network.node(CITY)
    with city.database.transaction() as tx:
        chain = tx.members.chain()
    with county.database.transaction() as tx, pytest.raises(TrustError):
        keep_chain(tx, county.identity(), chain, network.anchor, network.time)
