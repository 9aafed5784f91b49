"""What must hold under every fault, judged over a `federation.testing.Network` (federation.md §9).

`violations` may be asked at any time, `unfinished` once the network has settled. Both answer with sentences; none means
that it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from federation import canonical
from federation.errors import CanonicalError
from federation.merkle import tree_root
from federation.names import parse_origin
from federation.note import parse_checkpoint, split_note
from federation.records import StoredEntry
from federation.testing import Network, SimNode

__all__ = ["unfinished", "violations"]

PEER_OF = {"own-up": "peer-up", "own-down": "peer-down"}
EVERYTHING = 1_000_000  # more entries than a test writes


def violations(network: Network) -> list[str]:
    """Rules 1, 2, 4 and 5 of §9, at any instant."""
    network.observe()
    found = [*_lost(network), *_copies(network)]
    for node in network.nodes:
        found += [*_repeated(node), *_disordered(node), *_invented(network, node), *_receipts(node)]
    return found


def _entries(node: SimNode, origin: str) -> list[StoredEntry]:
    with node.database.transaction() as tx:
        state = tx.logs.get(origin)
        return [] if state is None else tx.logs.entries(origin, 0, min(state.size, EVERYTHING))


def _lost(network: Network) -> Iterator[str]:
    """Rule 1: what was shown as received is held by the parent, or is with the child still, to be sent again."""
    for (origin, index), (leaf, _) in network.shown.items():
        child = network.node(parse_origin(origin).code)
        holders = [child] if child.parent is None else [child, child.parent]
        leaves = [entry.leaf for node in holders for entry in _entries(node, origin)[index : index + 1]]
        if leaf not in leaves:
            yield f"lost: {origin} {index} was shown as received and nobody has it"


def _copies(network: Network) -> Iterator[str]:
    """Rule 5: two nodes that hold a log hold the same entries, as far as both go."""
    copies: dict[str, list[tuple[str, list[bytes]]]] = {}
    for node in network.nodes:
        with node.database.transaction() as tx:
            origins = [state.origin for state in tx.logs.all()]
        for origin in origins:
            leaves = [entry.leaf for entry in _entries(node, origin)]
            copies.setdefault(origin, []).append((node.code, leaves))
    for origin, held in copies.items():
        for code, leaves in held[1:]:
            if any(mine != theirs for mine, theirs in zip(held[0][1], leaves, strict=False)):
                yield f"forked: {held[0][0]} and {code} hold different entries of {origin}"


def _receipts(node: SimNode) -> Iterator[str]:
    """Rule 5: every receipt a node has, or gave, is over what it holds."""
    with node.database.transaction() as tx:
        states = [
            state for state in tx.logs.all() if state.receipted_note != "" and "ledger" not in state.role
        ]
    for state in states:
        head = parse_checkpoint(split_note(state.receipted_note)[0])
        leaves = [entry.leaf for entry in _entries(node, state.origin)]
        if head.size != state.receipted_size or tree_root(leaves[: head.size]) != head.root:
            yield f"receipt: {node.code} has one over something else than it holds of {state.origin}"


def _repeated(node: SimNode) -> Iterator[str]:
    """Rule 2: once."""
    for (source, entry_id), count in Counter((one.source, one.id) for one in node.effects).items():
        if count > 1:
            yield f"repeated: {entry_id} of {source} took effect {count} times at {node.code}"


def _disordered(node: SimNode) -> Iterator[str]:
    """Rule 2: in order per subject."""
    last: dict[tuple[str, str, str], int] = {}
    for one in node.effects:
        flow = (one.origin_log, one.destination, one.subject)
        if one.seq <= last.get(flow, 0):
            yield f"disordered: {one.subject} of {one.origin_log} at {node.code}: {one.seq} after {last[flow]}"
        last[flow] = max(one.seq, last.get(flow, 0))


def _invented(network: Network, node: SimNode) -> Iterator[str]:
    """Rule 4: nothing took effect but what was queued, unaltered, at its destination."""
    for one in node.effects:
        queued = network.queued.get(one.id)
        if queued is None or queued.source != one.source or queued.data != one.data:
            yield f"invented: {one.id} at {node.code} was never queued so"
        elif queued.destination != node.code:
            yield f"misdelivered: {one.id} for {queued.destination} took effect at {node.code}"


def unfinished(network: Network) -> list[str]:
    """Rules 1 and 2 once everything has settled: what stands in a log, or was shown as received, took effect."""
    effects = {(node.code, one.id) for node in network.nodes for one in node.effects}
    wanted = {entry_id for _, entry_id in network.shown.values()}
    found: list[str] = []
    for node in network.nodes:
        with node.database.transaction() as tx:
            waiting = tx.outbox.waiting()
            own = [state for role in ("own-up", "own-down") for state in tx.logs.all(role)]
        found += [f"queued: {count} entries for {peer} wait at {node.code}" for _, peer, count, _ in waiting]
        for state in own:
            wanted |= {_id_of(entry) for entry in _entries(node, state.origin)}
    for entry_id in sorted(wanted & network.queued.keys()):
        queued = network.queued[entry_id]
        if (queued.destination, entry_id) not in effects:
            found.append(f"undone: {entry_id} of {queued.source} never took effect at {queued.destination}")
    return found


def _id_of(entry: StoredEntry) -> str:
    try:
        value = None if entry.line is None else canonical.load(entry.line)
    except CanonicalError:
        return ""
    return str(value.get("id")) if isinstance(value, dict) else ""
