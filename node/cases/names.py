"""What a node knows of the others, from its own chain and the statements it has seen (`CaseContext.network`)."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from federation.names import parse_node_name
from federation.ports import MemberStore
from federation.statements import StatedClaims, read_statement
from node.cases.context import NodeName

_CHAIN = "cases.names.chain"


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
        found = dict.fromkeys(reversed(self._chain(session)))  # an anchor's succession states the top twice
        return [node for node in found if node.code != self._code]

    def find(self, session: Session, code: str) -> NodeName | None:
        """A node by its code: on the own chain, or named by a statement seen."""
        for node in self._chain(session):
            if node.code == code:
                return node
        member = self._members(session).get(code)
        return None if member is None else _named(read_statement(member.statement))

    def _chain(self, session: Session) -> list[NodeName]:
        """The own chain, from the top; read once in a session, since a page asks for a dozen names."""
        if _CHAIN not in session.info:
            statements = self._members(session).chain()
            session.info[_CHAIN] = [_named(read_statement(jws)) for jws in statements]
        known: list[NodeName] = session.info[_CHAIN]
        return known


def _named(claims: StatedClaims) -> NodeName:
    parent = "" if claims.is_self_issued else parse_node_name(claims.issuer)[1]
    return NodeName(claims.code, claims.level, claims.display_name, parent)
