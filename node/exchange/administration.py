"""What an operator does to this node's place in the network: invite, confirm, revoke, re-pin, move, release.

Each act is one transaction, with its fact in the ledger; the network page, the API and the command line call the same.
A reason is an operator's free text: it is kept, and stands in the fact as a commitment only. Source: federation.md §3,
§5 Apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from federation import issuing
from federation.enrolment import JoinInvitation, check_parent_url, encode_invitation
from federation.errors import TrustError
from federation.inbox import Inbox
from federation.keys import Identity, from_b64u
from federation.ports import Clock
from node.exchange import problems
from node.exchange.identity import NodeFolder, Trust
from node.exchange.links import Links
from node.exchange.overview import Overview, read_overview
from node.exchange.stores import SqlDatabase
from node.exchange.tables import AlertRow
from node.kernel.database import Database
from node.ledger.rules import FactDraft
from node.ledger.service import record

THUMBPRINT_BYTES = 32
COMMAND_LINE = "命令行"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts: a person's pseudonym and post, or the machine's own command line."""

    actor: str = "machine"
    post: str = COMMAND_LINE


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation just made; `text` is what is handed over, shown once."""

    invitation: JoinInvitation
    text: str


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A re-key that waits for the operator to compare thumbprints."""

    code: str
    name: str
    thumbprint: str


class Administration:
    """The operator's acts.

    Args:
        public_url: where children reach this node; "" when nobody may be invited.
        allow_plain_http: whether the parent may be dialled by plain http beyond this machine.
    """

    def __init__(
        self,
        *,
        stores: SqlDatabase,
        database: Database,
        folder: NodeFolder,
        identity: Callable[[], Identity],
        clock: Clock,
        inbox: Inbox,
        links: Links,
        public_url: Callable[[], str],
        allow_plain_http: bool = False,
    ) -> None:
        self._stores = stores
        self._database = database
        self._folder = folder
        self._identity = identity
        self._clock = clock
        self._inbox = inbox
        self._links = links
        self._public_url = public_url
        self._allow_plain_http = allow_plain_http

    # --- looking ---------------------------------------------------------------------------------------------

    def overview(self) -> Overview:
        """One look at the network from this node."""
        trust = self._trust()
        with self._database.reading() as session:
            return read_overview(
                session,
                self._stores.within,
                self._identity(),
                self._clock.now(),
                anchor=trust.anchor,
                parent_url=trust.parent_url,
            )

    def enrolling(self) -> list[Enrolling]:
        """Re-keys that wait for confirmation."""
        with self._database.reading() as session:
            found = issuing.waiting_rekeys(self._stores.within(session), self._clock.now())
        return [Enrolling(one.code, one.name, one.used_by) for one in found]

    # --- children --------------------------------------------------------------------------------------------

    def invite(
        self,
        code: str,
        level: str,
        name: str,
        *,
        scope: tuple[str, ...] | None = None,
        replace_keys: bool = False,
        by: Operator = Operator(),
    ) -> Invited:
        """Promise to enrol a code.

        Raises:
            Problem: `public-url-needed`, `code-has-node`.
            TrustError: the code, level or scope does not fit below this node.
        """
        url = self._public_url()
        if url == "":
            raise problems.public_url_needed()
        check_parent_url(url, allow_plain_http=True)
        identity, now = self._identity(), self._clock.now()
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            member = tx.members.get(code)
            if member is not None and member.direct == "child" and not member.revoked and not replace_keys:
                raise problems.code_has_node(code)
            invitation = issuing.invite(
                tx,
                identity,
                code=code,
                level=level,
                name=name,
                scope=scope,
                parent_url=url,
                anchor=self._trust().anchor,
                now=now,
                replace=replace_keys,
            )
            data = {"code": code, "level": level, "replace": replace_keys}
            self._record(session, "member.invited", by, data)
        return Invited(invitation, encode_invitation(invitation))

    def confirm(self, code: str, thumbprint: str, *, by: Operator = Operator()) -> None:
        """The operator has compared the thumbprint of a node that enrols with new keys: they take the old ones' place.

        Raises:
            Problem: `nothing-to-confirm`, `thumbprint-differs`.
        """
        waiting = next((one for one in self.enrolling() if one.code == code), None)
        if waiting is None:
            raise problems.nothing_to_confirm(code)
        told = "".join(thumbprint.split())
        if told != waiting.thumbprint:
            raise problems.thumbprint_differs(told, waiting.thumbprint)
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            issuing.confirm_rekey(tx, self._identity(), code, told, self._clock.now())
            self._record(session, "member.rekeyed", by, {"code": code, "node_key": told})

    def revoke(self, code: str, reason: str, *, by: Operator = Operator()) -> None:
        """End a child's keys, at once and for ever.

        Raises:
            Problem: `reason-needed`, `not-a-child`.
        """
        said = problems.require_reason(reason)
        with self._database.transaction() as session:
            tx = self._stores.within(session)
            member = tx.members.get(code)
            if member is None or member.direct != "child":
                raise problems.not_a_child(code)
            issuing.revoke(tx, self._identity(), code, said, self._clock.now())
            self._record(session, "member.revoked", by, {"code": code}, reason=said)

    # --- upward ----------------------------------------------------------------------------------------------

    def set_parent_url(self, url: str, *, by: Operator = Operator()) -> None:
        """The parent has moved to another address.

        Raises:
            Problem: `no-parent`.
            InvitationError: not an address a child may dial.
        """
        trust = self._trust()
        if trust.parent == "":
            raise problems.no_parent()
        checked = check_parent_url(url.rstrip("/"), allow_plain_http=self._allow_plain_http)
        self._folder.write_trust(replace(trust, parent_url=checked))
        with self._database.transaction() as session:
            self._record(session, "network.parent_moved", by, {"url": checked})

    def pin_anchor(self, thumbprint: str, reason: str, *, by: Operator = Operator()) -> None:
        """Trust another top's key, told by hand: the old one was lost or stolen.

        Raises:
            Problem: `reason-needed`.
            TrustError: it is no thumbprint.
        """
        said = problems.require_reason(reason)
        told = "".join(thumbprint.split())
        if len(from_b64u(told)) != THUMBPRINT_BYTES:
            raise TrustError("a thumbprint has 43 characters", code="key")
        before = self._trust()
        self._folder.write_trust(replace(before, anchor=told, how="operator"))
        with self._database.transaction() as session:
            data = {"before": before.anchor, "after": told}
            self._record(session, "network.anchor_pinned", by, data, reason=said)

    # --- set aside, alerts -------------------------------------------------------------------------------------

    def release(
        self,
        origin: str,
        index: int,
        how: Literal["retry", "skip"],
        reason: str,
        *,
        by: Operator = Operator(),
    ) -> None:
        """Let what waits behind a set-aside entry pass: try it again, or skip it.

        Raises:
            Problem: `reason-needed`, `not-set-aside`.
        """
        said = problems.require_reason(reason)
        with self._database.reading() as session:
            waiting = self._stores.within(session).inbox.list_set_aside(origin)
        if not any(one.index == index for one in waiting):
            raise problems.no_such_entry(origin, index)
        self._inbox.release(origin, index, how, said)
        with self._database.transaction() as session:
            data = {"origin": origin, "index": index, "how": how}
            self._record(session, "entry.released", by, data, reason=said)

    def reapply(self, types: tuple[str, ...], *, by: Operator = Operator()) -> int:
        """Apply entries that were kept because their type was unknown; returns how many were."""
        done = self._inbox.reapply(types).applied
        with self._database.transaction() as session:
            self._record(session, "entry.reapplied", by, {"types": list(types), "count": done})
        return done

    def close_alert(self, alert_id: int, reason: str = "", *, by: Operator = Operator()) -> bool:
        """Somebody has dealt with it; False when it is closed or unknown. A reason given stands with the fact."""
        with self._database.transaction() as session:
            row = session.scalar(select(AlertRow).where(AlertRow.id == alert_id).with_for_update())
            if row is None or row.closed_at is not None:
                return False
            row.closed_at, row.closed_by = self._clock.now(), by.actor
            data = {"alert": alert_id, "code": row.code, "peer": row.peer}
            self._record(session, "alert.closed", by, data, reason=reason.strip())
        return True

    # --- inside ----------------------------------------------------------------------------------------------

    def _trust(self) -> Trust:
        trust = self._folder.read_trust()
        if trust is None:
            raise problems.not_joined()
        return trust

    def _record(
        self,
        session: Session,
        type: str,
        by: Operator,
        data: Mapping[str, Any],
        reason: str = "",
    ) -> None:
        personal = {"reason": reason} if reason else {}
        record(
            session,
            FactDraft(
                type=type,
                at=self._clock.now(),
                actor=by.actor,
                post=by.post,
                data=dict(data),
                personal=personal,
            ),
        )
