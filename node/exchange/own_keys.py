"""This node's own keys and statement: rotation, renewal at a top, and the pin that follows the anchor (federation.md §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from federation import founding
from federation.chain import verify_chain
from federation.client import Client
from federation.keys import Identity
from federation.ports import Clock
from federation.statements import is_renewal_due, read_statement
from node.exchange.administration import Operator
from node.exchange.identity import NodeFolder
from node.exchange.problems import has_parent, not_joined, require_reason
from node.exchange.stores import SqlDatabase
from node.kernel.database import Database
from node.ledger.rules import FactDraft
from node.ledger.service import record


class OwnStatement:
    """Keeps the node's own statement in order.

    Args:
        client: None at a top.
    """

    def __init__(
        self,
        stores: SqlDatabase,
        database: Database,
        folder: NodeFolder,
        identity: Callable[[], Identity],
        clock: Clock,
        client: Client | None,
    ) -> None:
        self._stores = stores
        self._database = database
        self._folder = folder
        self._identity = identity
        self._clock = clock
        self._client = client

    def run(self) -> bool:
        """A top renews its own statement when a third of its time is left; returns whether it did.

        Below, the link loop does.
        """
        if self._client is not None:
            return False
        now = self._clock.now()
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            if not is_renewal_due(read_statement(tx.members.chain()[-1]), now, None):
                return False
            founding.renew_own(tx, self._identity(), now)
        return True

    def rotate(self, *, by: Operator = Operator()) -> str:
        """Go over to new keys; may be run again after an interruption. Returns the new node key's thumbprint.

        Raises:
            FederationError: the parent refused or does not answer: the old keys stay in use.
        """
        before = self._identity().kid
        keys = self._folder.prepare_next_keys()
        if self._client is None:
            with self._database.transaction() as session:
                tx = self._stores.within(session)
                founding.rotate_own(tx, self._identity(), keys, self._clock.now())
            self._pin(keys.public.node.kid)
        else:
            self._client.rotate(keys)
            self.follow_chain()
        self._folder.use_next_keys()
        after = keys.public.node.kid
        with self._database.transaction() as session:
            data = {"before": before, "after": after}
            record(
                session,
                FactDraft(type="keys.rotated", at=self._clock.now(), actor=by.actor, post=by.post, data=data),
            )
        return after

    def begin_anew(self, reason: str, *, by: Operator = Operator()) -> str:
        """A top whose keys were lost or stolen begins anew; every node below pins the new anchor by hand.

        Keys that are in the folder and were never stated are taken (the old ones are gone), else new ones are made.

        Returns:
            The new anchor, to be told by telephone.

        Raises:
            Problem: `reason-needed`, `has-parent`.
        """
        said = require_reason(reason)
        if self._client is not None:
            raise has_parent()
        current = self._identity().keys
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            is_fresh = tx.members.key(current.public.node.kid) is None
            keys = current if is_fresh else self._folder.prepare_next_keys()
            founding.begin_anew(tx, keys, self._clock.now())
        if not is_fresh:
            self._folder.use_next_keys()
        anchor = keys.public.node.kid
        self._pin(anchor)
        with self._database.transaction() as session:
            draft = FactDraft(
                type="keys.begun_anew",
                at=self._clock.now(),
                actor=by.actor,
                post=by.post,
                data={"anchor": anchor},
                personal={"reason": said},
            )
            record(session, draft)
        return anchor

    def follow_chain(self) -> bool:
        """The pin follows the anchor of the chain that is stored, and the parent's key is remembered.

        Returns:
            Whether anything moved.

        Raises:
            TrustError: the stored chain does not lead from the pinned anchor.
        """
        trust = self._folder.read_trust()
        if trust is None:
            raise not_joined()
        with self._database.reading() as session:
            chain = self._stores.within(session).members.chain()
        claims = [one for one in map(read_statement, chain) if not one.is_succession]
        parent_key = claims[-2].keys.node.kid if len(claims) > 1 else ""
        if (trust.anchor, trust.parent_key) == (claims[0].keys.node.kid, parent_key):
            return False
        held = verify_chain(chain, trust.anchor, self._clock.now(), neighbours=True)
        self._folder.write_trust(replace(trust, anchor=held.anchor, parent_key=parent_key))
        return True

    def _pin(self, anchor: str) -> None:
        trust = self._folder.read_trust()
        if trust is None:
            raise not_joined()
        if trust.anchor != anchor:
            self._folder.write_trust(replace(trust, anchor=anchor))
