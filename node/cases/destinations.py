"""Where a matter can be sent down to: the nodes of a level that this node knows by their statements."""

from __future__ import annotations

from federation.ports import MemberStore
from federation.statements import read_statement


def destinations_of(members: MemberStore, level: str) -> list[tuple[str, str]]:
    """(code, name) of every node of a level that is not revoked, by code.

    Args:
        level: of the network: village, township, county, city.
    """
    found = []
    for member in members.all():
        if member.level == level and not member.revoked:
            found.append((member.code, read_statement(member.statement).display_name))
    return sorted(found)
