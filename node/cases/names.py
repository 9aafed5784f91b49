"""What a node knows of the others, from its own chain and the statements it has seen (`CaseContext.network`)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from federation.names import parse_node_name
from federation.ports import MemberStore
from federation.statements import StatedClaims, read_statement
from node.cases.context import NodeName


class StatedNames:
    """Names, levels and parents as statements say them.

    Args:
        members: the member store in a session's transaction (reading will do).
        code: this node.
    """

    def __init__(self, members: Callable[[Session], MemberStore], code: str) -> None:
        self._members = members
        self._code = code

    def above(self, session: Session) -> list[NodeName]:
        """The nodes above, the parent first."""
        chain = [_named(read_statement(jws)) for jws in self._members(session).chain()]
        found = dict.fromkeys(reversed(chain))  # an anchor's succession states the top twice
        return [node for node in found if node.code != self._code]

    def find(self, session: Session, code: str) -> NodeName | None:
        """A node by its code: on the own chain, or named by a statement seen."""
        members = self._members(session)
        for jws in members.chain():
            claims = read_statement(jws)
            if claims.code == code:
                return _named(claims)
        member = members.get(code)
        return None if member is None else _named(read_statement(member.statement))


def _named(claims: StatedClaims) -> NodeName:
    parent = "" if claims.is_self_issued else parse_node_name(claims.issuer)[1]
    return NodeName(claims.code, claims.level, claims.display_name, parent)
