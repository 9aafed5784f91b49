"""How each neighbour stands, and the tree of those known, for the network page; pure, from an `Overview`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from node.exchange.overview import Neighbour, Overview

Words = tuple[str, str]
Shape = Literal["done", "soon", "bad", "wait", "off"]
LEVELS = ("city", "county", "township", "village")
DAYS_LOW = 30
SILENT = timedelta(days=1)
QUEUE_OLD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Standing:
    """A neighbour's state in one word, the worst first."""

    shape: Shape
    words: Words


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of the small tree.

    Attributes:
        depth: steps from the highest node known.
        below: how many nodes are known under it, where they are not shown.
    """

    code: str
    name: str
    level: str
    depth: int
    is_self: bool
    below: int


def standing_of(one: Neighbour, found: Overview) -> Standing:
    """How a direct neighbour stands."""
    if one.revoked:
        return Standing("bad", ("已撤销", "Revoked"))
    if one.out.halted:
        return Standing("bad", ("停写", "Halted"))
    if one.statement_days_left < 0:
        return Standing("bad", ("证明过期", "Expired"))
    if one.direct == "parent" and _is_failing(found):
        return Standing("soon", ("联系不上", "Not reached"))
    if one.out.oldest_at is not None and found.at - one.out.oldest_at >= QUEUE_OLD:
        return Standing("soon", ("积压", "Queue is old"))
    if one.direct == "child":
        if one.last_heard is None:
            return Standing("off", ("还没来过", "Not heard yet"))
        if found.at - one.last_heard >= SILENT:
            return Standing("soon", ("一天没消息", "Silent for a day"))
    if one.statement_days_left < DAYS_LOW:
        return Standing("soon", ("证明将到期", "Expires soon"))
    return Standing("done", ("正常", "Well"))


def tree_of(found: Overview) -> list[TreeNode]:
    """The line from the top down to this node, then its children, each with how many stand below it."""
    own = found.own
    if own is None:
        return []
    above = sorted(
        (one for one in found.neighbours if one.direct in ("parent", "") and _covers(one, own)),
        key=lambda one: LEVELS.index(one.level),
    )
    line = [*above, own]
    nodes = [
        TreeNode(one.code, one.name, one.level, depth, one.direct == "self", 0)
        for depth, one in enumerate(line)
    ]
    for child in found.children:
        below = sum(1 for one in found.neighbours if one.direct == "" and _covers(child, one))
        nodes.append(TreeNode(child.code, child.name, child.level, len(line), False, below))
    return nodes


def _covers(one: Neighbour, other: Neighbour) -> bool:
    """Whether a node's scope holds another node."""
    return one.code != other.code and any(other.code.startswith(prefix) for prefix in one.scope)


def _is_failing(found: Overview) -> bool:
    return any(found.links[name].is_failing for name in ("state", "push", "pull") if name in found.links)
