"""Joining a network by an invitation (federation.md §3 Joining).

    keys = NodeKeys.generate()
    chain = join(invitation, keys, transport, clock)       # None: the parent's operator has to confirm; ask again
    keep_chain(tx, identity, chain, invitation.anchor, clock.now())

The same invitation with the same keys gets the same answer until it expires, so an answer that was lost costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from federation import canonical
from federation.chain import ChainError, VerifiedChain, accept_own_chain, verify_chain
from federation.enrolment import JoinInvitation, build_enrolment, check_not_expired
from federation.errors import CanonicalError, TransportError
from federation.history import Reason
from federation.keys import Identity, NodeKeys
from federation.names import parse_node_name
from federation.ports import Clock, Transport, Tx
from federation.records import Alert, Response
from federation.roster import adopt_chain
from federation.uplink import Uplink

__all__ = ["chain_of", "invited_identity", "join", "keep_chain"]

ENROLMENT_PATH = "/federation/v1/enrolment"


def chain_of(answer: Response) -> list[str]:
    """The statements in `{"chain":[…]}`; nothing about them is verified.

    Raises:
        TransportError: the answer is of another form.
    """
    try:
        value = canonical.load(answer.body)
    except CanonicalError as error:
        raise TransportError("an answer that is no chain") from error
    chain = value.get("chain") if isinstance(value, dict) else None
    texts = [entry for entry in chain if isinstance(entry, str)] if isinstance(chain, list) else []
    if not isinstance(chain, list) or len(texts) != len(chain):
        raise TransportError("an answer that is no chain")
    return texts


def invited_identity(invitation: JoinInvitation, keys: NodeKeys) -> Identity:
    """Who the node is that an invitation invites."""
    parent = parse_node_name(invitation.parent)[1]
    return Identity(invitation.network, invitation.code, invitation.level, keys, parent)


def _no_alert(alert: Alert) -> None:
    """Before a node has joined, there is nobody to alert: the caller sees the outcome."""


def join(
    invitation: JoinInvitation,
    keys: NodeKeys,
    transport: Transport,
    clock: Clock,
    on_alert: Callable[[Alert], None] = _no_alert,
) -> list[str] | None:
    """Enrol with the parent.

    Args:
        invitation: as decoded.
        keys: the node's four keys, already safe on disk.
        transport: dials the invitation's `parent_url`.
        clock: this node's own.
        on_alert: told when the clock had to be corrected.

    Returns:
        The verified chain; None when the parent's operator has to confirm the thumbprint first.

    Raises:
        InvitationError: it is over.
        TrustError: the chain does not name the invited parent, anchor, node or keys.
        ProtocolError, TransportError: the parent refused, or there is no answer.
    """
    check_not_expired(invitation, clock.now())
    identity = invited_identity(invitation, keys)
    uplink = Uplink(lambda: identity, clock, transport, lambda: invitation.parent_url, on_alert)
    body = build_enrolment(invitation, keys)
    headers = (("Content-Type", "application/json"),)
    answer = uplink.call("POST", ENROLMENT_PATH, headers=headers, body=body, expect=(201, 202))
    if answer.status == 202:
        return None
    held = accept_own_chain(
        chain_of(answer),
        invitation.anchor,
        uplink.now(),
        name=invitation.child_name,
        keys=keys.public,
        parent=invitation.parent,
        parent_key=invitation.parent_key,
    )
    if held.node.level != invitation.level:
        raise ChainError("the statement names another level than the invitation", code="level")
    return held.jws


def keep_chain(
    tx: Tx, identity: Identity, chain: Sequence[str], anchor: str, now: datetime, reason: Reason = "join"
) -> VerifiedChain:
    """Verify a chain about this node once more and make it its own, in the caller's transaction.

    Raises:
        TrustError: it does not hold, or is about another node.
    """
    held = verify_chain(chain, anchor, now, network=identity.network, subject=identity.name, neighbours=True)
    adopt_chain(tx, identity, held, now, reason)
    return held
