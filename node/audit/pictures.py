"""The two pictures of a round as numbers: the whole ledger as one bar, and one hash path as a small tree; pure.

Source: ui.md picture 3. Templates draw them as SVG; nothing here is text for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from federation.merkle import node_hash

BAR_WIDTH = 1000
BAR_EDGE = 6
TREE_WIDTH = 420
TREE_STEP = 46
TREE_ARM = 140
LABEL = 8
"""Hex digits shown of a hash."""
ON_TOP = ("good", "erased", "missing", "differs", "false")
"""Outcomes in the order drawn: what matters most is drawn last, over the others."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One leaf on the bar, `x` in its units."""

    index: int
    x: float
    outcome: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """The whole ledger; `start_x` is where it was audited up to the last time."""

    size: int
    start_x: float
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One hash. `kind`: `leaf`, `way` (computed), `sibling` (given), `root` (sealed)."""

    x: float
    y: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two hashes."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Tree:
    """A hash path from a leaf, at the bottom, to the root; `holds`: what was computed is the sealed root."""

    width: int
    height: int
    nodes: tuple[TreeNode, ...]
    edges: tuple[Edge, ...]
    holds: bool


def draw_bar(size: int, start: int, leaves: Iterable[tuple[int, str, bool]]) -> Bar:
    """The ledger as a bar.

    Args:
        size: entries; at least 1.
        start: entries that an earlier round could draw from.
        leaves: (index, outcome, named by a complaint); "" as outcome of what was not judged yet.
    """
    ticks = [Tick(index, _x(index + 0.5, size), outcome, named) for index, outcome, named in leaves]
    rank = {outcome: place for place, outcome in enumerate(ON_TOP)}
    return Bar(
        size, _x(start, size), tuple(sorted(ticks, key=lambda one: (rank.get(one.outcome, -1), one.index)))
    )


def _x(at: float, size: int) -> float:
    return round(BAR_EDGE + (BAR_WIDTH - 2 * BAR_EDGE) * at / max(size, 1), 1)


def draw_tree(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> Tree:
    """The path of one leaf, siblings on the side on which they stand.

    Args:
        path: as shown by the node, nearest sibling first; a wrong one is drawn as far as it goes.
        root: of the sealed head.
    """
    steps = _steps(index, size, leaf, path)
    middle, height = TREE_WIDTH / 2, TREE_STEP * (len(steps) + 1)
    y = height - TREE_STEP / 2
    nodes = [TreeNode(middle, y, _label(leaf), "leaf")]
    edges: list[Edge] = []
    for sibling, is_left, value in steps:
        x = middle - TREE_ARM if is_left else middle + TREE_ARM
        above = y - TREE_STEP
        edges += [Edge(middle, y, middle, above), Edge(x, y, middle, above)]
        nodes += [TreeNode(x, y, _label(sibling), "sibling"), TreeNode(middle, above, _label(value), "way")]
        y = above
    computed = steps[-1][2] if steps else leaf
    holds = computed == root
    nodes[-1] = TreeNode(nodes[-1].x, nodes[-1].y, nodes[-1].label, "root" if holds else "way")
    if not holds:
        nodes.append(TreeNode(middle + TREE_ARM, y, _label(root), "root"))
    return Tree(TREE_WIDTH, height, tuple(nodes), tuple(edges), holds)


def _steps(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> list[tuple[bytes, bool, bytes]]:
    """(sibling, whether it stands left, what both make), from the leaf up (RFC 9162 §2.1.3.2)."""
    steps: list[tuple[bytes, bool, bytes]] = []
    value, node, last = leaf, index, size - 1
    for sibling in path:
        is_left = bool(node & 1) or node == last
        value = node_hash(sibling, value) if is_left else node_hash(value, sibling)
        while is_left and not node & 1 and node:
            node >>= 1
            last >>= 1
        node >>= 1
        last >>= 1
        steps.append((sibling, is_left, value))
    return steps


def _label(value: bytes) -> str:
    return value.hex()[:LABEL]
