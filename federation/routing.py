"""Levels, scopes and the next hop of an entry: pure functions over codes (federation.md §2, §5 Relay).

A **scope** is a list of code prefixes; a prefix ends at a group of the statistical division code (2, 4, 6, 9
or 12 digits), so `32061` is none. A node may issue statements within its scope, and entries for codes in it go
down. Siblings' scopes may nest (a development zone inside a county): the longer match wins.

Order of `next_hop`: own code (or a predecessor's) here; the child with the longest matching prefix; a code in
one's own scope that no child covers is undeliverable; everything else up, at the top undeliverable; never out by
the link it came by.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from federation.errors import TrustError

LEVELS = ("city", "county", "township", "village")
"""The four levels, highest first. What a level is called is said in the statement, never guessed from digits."""

GROUP_ENDS = (2, 4, 6, 9, 12)
"""Lengths, in digits, at which a prefix may end."""

HopKind = Literal["local", "child", "parent", "undeliverable"]


class ScopeError(TrustError):
    """A scope or level is not well formed, reaches outside the issuer's, or equals a sibling's."""

    code = "scope"


@dataclass(frozen=True, slots=True)
class Hop:
    """Where an entry goes next. `code` is the neighbour's code; "" for `local` and `undeliverable`."""

    kind: HopKind
    code: str = ""


def level_index(level: str) -> int:
    """0 for the highest level, 3 for the lowest.

    Raises:
        ScopeError: no such level.
    """
    if level not in LEVELS:
        raise ScopeError(f"no such level: {level!r}")
    return LEVELS.index(level)


def descends(above: str, below: str) -> bool:
    """Whether `below` is strictly lower than `above`; levels may be skipped.

    Raises:
        ScopeError: either is no level.
    """
    return level_index(below) > level_index(above)


def scope_of(code: str, level: str) -> tuple[str, ...]:
    """The normal scope of a node: its code without trailing zero groups, as the only prefix.

    A village's is its whole code. Example: `320623101000` → `("320623101",)`; `429005000000` → `("429005",)`.

    Raises:
        ScopeError: no such level, or not a code of twelve digits.
    """
    level_index(level)
    if len(code) != GROUP_ENDS[-1] or not (code.isascii() and code.isdigit()):
        raise ScopeError(f"not a code of 12 digits: {code!r}")
    if level == LEVELS[-1]:
        return (code,)
    for end in GROUP_ENDS:
        if not code[end:].strip("0"):
            return (code[:end],)
    raise AssertionError("unreachable: the whole code is always a prefix")


def check_scope(scope: Sequence[str]) -> tuple[str, ...]:
    """Return the scope as a tuple when every prefix ends at a group and none is named twice.

    Raises:
        ScopeError: it is empty or malformed.
    """
    for prefix in scope:
        if len(prefix) not in GROUP_ENDS or not (prefix.isascii() and prefix.isdigit()):
            raise ScopeError(f"a prefix has 2, 4, 6, 9 or 12 digits, not {prefix!r}")
    if len(scope) == 0 or len(set(scope)) != len(scope):
        raise ScopeError("a scope names at least one prefix, and none twice")
    return tuple(scope)


def longest_match(scope: Sequence[str], code: str) -> int:
    """Digits of the longest prefix of `scope` that `code` begins with; 0 when none does."""
    return max((len(prefix) for prefix in scope if code.startswith(prefix)), default=0)


def covers(scope: Sequence[str], code: str) -> bool:
    """Whether a code, or a shorter prefix, lies within the scope."""
    return longest_match(scope, code) > 0


def lies_within(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether every prefix of `inner` lies within a prefix of `outer` (equal ones do)."""
    return all(covers(outer, prefix) for prefix in inner)


def check_siblings(scope: Sequence[str], siblings: Mapping[str, Sequence[str]]) -> None:
    """Refuse a scope that shares a prefix with a sibling's; nesting is allowed.

    Args:
        scope: prefixes of the node to be stated.
        siblings: scopes of the issuer's other children, by code.

    Raises:
        ScopeError: a prefix is also a sibling's; the message names both.
    """
    for code, other in siblings.items():
        shared = set(scope) & set(other)
        if shared:
            raise ScopeError(f"prefix {min(shared)} is already that of {code}")


def _best_child(children: Mapping[str, Sequence[str]], destination: str) -> str:
    """Code of the child that covers `destination` best, "" when none does.

    A child's own code counts as a prefix of its scope: a development zone's may lie outside it.
    """
    best, best_length = "", 0
    for code, scope in children.items():
        length = len(code) if code == destination else longest_match(scope, destination)
        if length > best_length or (length == best_length and code == destination):
            best, best_length = code, length
    return best


def next_hop(
    own_code: str,
    own_scope: Sequence[str],
    children: Mapping[str, Sequence[str]],
    destination: str,
    came_from: str | None = None,
    *,
    parent: str | None = None,
    predecessors: Collection[str] = (),
) -> Hop:
    """Decide where an entry for `destination` goes from this node.

    Args:
        own_code: this node's code.
        own_scope: this node's scope.
        children: scope by code of each direct child (with the codes of its predecessors added as prefixes of
            twelve digits; revoked children left out).
        destination: a code of twelve digits. `*` is no destination of a single hop: see `federation.inbox`.
        came_from: code of the neighbour it came from; None when it begins here.
        parent: the parent's code; None at the top.
        predecessors: codes this node is the successor of.

    Returns:
        The hop; `undeliverable` when the only way on is the way it came.
    """
    if destination == own_code or destination in predecessors:
        return Hop("local")
    child = _best_child(children, destination)
    if child != "":
        return Hop("undeliverable") if child == came_from else Hop("child", child)
    if covers(own_scope, destination) or parent is None or parent == came_from:
        return Hop("undeliverable")
    return Hop("parent", parent)
