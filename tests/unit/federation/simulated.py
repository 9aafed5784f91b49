"""Small simulated networks for tests, and what they ask of them."""

from __future__ import annotations

from federation.ports import Limits
from federation.records import LogState
from federation.testing import Network, SimNode
from federation.testing_checks import unfinished, violations
from federation.writer import append_signed, open_log

CITY, COUNTY, TOWNSHIP, VILLAGE = "320600000000", "320623000000", "320623101000", "320623101001"


def pair(limits: Limits | None = None) -> tuple[Network, SimNode, SimNode]:
    """(network, county, city): a child and its parent, settled after joining."""
    network = Network({CITY: None, COUNTY: CITY}, limits=limits)
    network.settle()
    return network, network.node(COUNTY), network.node(CITY)


def four(limits: Limits | None = None) -> Network:
    """City, county, township, village, settled after joining."""
    network = Network({CITY: None, COUNTY: CITY, TOWNSHIP: COUNTY, VILLAGE: TOWNSHIP}, limits=limits)
    network.settle()
    return network


def tell(node: SimNode, count: int = 1, *, to: str = CITY) -> list[str]:
    """Queue and write that many events; returns their ids."""
    ids = [node.queue(to, {"n": number}) for number in range(count)]
    node.write()
    return ids


def applied(node: SimNode) -> list[str]:
    """Ids of the events that took effect at a node, in order."""
    return [effect.id for effect in node.effects]


def assert_whole(network: Network) -> None:
    """After settling: nothing is lost, doubled, out of order or left over."""
    network.settle()
    assert violations(network) == []
    assert unfinished(network) == []


def put_facts(node: SimNode, *lines: bytes) -> LogState:
    """Write lines to a node's ledger, as its ledger sequencer does."""
    with node.database.transaction() as tx:
        state = open_log(tx, node.identity(), "own-ledger", "")
        state = append_signed(tx, node.identity(), state, lines, node.clock.now(), node.network.limits)
    node.heads.save({state.origin: state.note})
    return state
