"""The handlers that every node has: membership, acknowledgements, refusals, notices, epochs (federation.md §3, §5, §8).

What a notice means for a matter is not known here: it is told to whoever asked, in the same transaction:

    handlers = standing_handlers(identity, clock, Watchers(acknowledged=mark_received, refused=seal_again))

Handlers write nothing before all their checks have passed: some are called for entries that only pass by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from federation.announcing import spread_revocation
from federation.chain import CLOCK_SLACK
from federation.dating import Revocation, parse_revocation
from federation.errors import FederationError, LogProofError, TrustError
from federation.event import Entry, EntryError, RefusalReason, parse_entry
from federation.history import Reason, record_revocation, record_statement
from federation.keys import Identity
from federation.names import parse_node_name, parse_origin
from federation.note import split_note
from federation.ports import Alert, Clock, LogState, MemberKey, MemberStore, Tx
from federation.received import EntryRefused, Handler, Received
from federation.roster import every_key
from federation.routing import covers, descends
from federation.statements import StatedClaims, check_may_issue, check_signature, read_statement
from federation.tree import ancestors_of, claims_of, is_stated_elsewhere

__all__ = ["Notice", "OpenedEpoch", "Watchers", "standing_handlers"]


@dataclass(frozen=True, slots=True)
class Notice:
    """What another node says of an entry this node wrote.

    Attributes:
        sender: code of the node that says so.
        origin: this node's log.
        index: the entry's place in it.
        entry: the entry; None once it is erased.
        reason: why it was refused; None where it was not.
    """

    sender: str
    origin: str
    index: int
    entry: Entry | None
    reason: RefusalReason | None = None


@dataclass(frozen=True, slots=True)
class OpenedEpoch:
    """A neighbour began one of its logs anew.

    Attributes:
        sender: its code.
        log: origin of the new log.
        previous: the checkpoint it says the other side holds of the epoch before; "" for none.
        reason: its operator's.
        fits: whether that is what this node holds.
    """

    sender: str
    log: str
    previous: str
    reason: str
    fits: bool


def _ignore_notice(tx: Tx, notice: Notice) -> None:
    """Nobody asked."""


def _ignore_epoch(tx: Tx, opened: OpenedEpoch) -> None:
    """Nobody asked."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """Called in the transaction that applies the entry.

    Attributes:
        acknowledged: the destination holds a relayed entry of this node.
        refused: an entry of this node was set aside (`seal-key`: seal anew).
        undeliverable: an entry could not be routed; moves nothing.
        epoch_opened: a log of a neighbour began anew; a ledger's new epoch is taken when an operator confirms it.
    """

    acknowledged: Callable[[Tx, Notice], None] = _ignore_notice
    refused: Callable[[Tx, Notice], None] = _ignore_notice
    undeliverable: Callable[[Tx, Notice], None] = _ignore_notice
    epoch_opened: Callable[[Tx, OpenedEpoch], None] = _ignore_epoch


def standing_handlers(
    identity: Callable[[], Identity], clock: Clock, watchers: Watchers = Watchers()
) -> dict[str, Handler]:
    """Handlers by type, for `Inbox`.

    Args:
        identity: read anew at every call, since keys rotate.
    """
    standing = _Standing(identity, clock, watchers)
    return {
        "membership.issued.v1": standing.on_issued,
        "membership.revoked.v1": standing.on_revoked,
        "relay.received.v1": standing.on_received,
        "relay.undeliverable.v1": standing.on_undeliverable,
        "entry.refused.v1": standing.on_refused,
        "epoch.opened.v1": standing.on_epoch,
    }


@dataclass(frozen=True, slots=True)
class _Standing:
    identity: Callable[[], Identity]
    clock: Clock
    watchers: Watchers

    # --- membership ------------------------------------------------------------------------------------------

    def on_issued(self, tx: Tx, received: Received) -> None:
        """A parent below stated a child: the members and keys of the own subtree are learned."""
        claims = _read_claims(str(received.data["statement"]))
        issuer = tx.members.get(received.sender)
        if claims.issuer != received.entry.source or issuer is None:
            raise EntryRefused("sender", f"a statement of {claims.issuer}, sent by {received.entry.source}")
        now = self.clock.now()
        _check_issued(tx, claims_of(issuer.statement), claims, received.stored_at, now)
        reason: Reason = received.data["reason"]
        known = tx.members.get(claims.code)
        record_statement(tx.members, claims, now, reason)
        if reason == "rekey" and known is not None and known.statement != claims.jws:
            kids = {"old": claims_of(known.statement).keys.node.kid, "new": claims.keys.node.kid}
            tx.alert(Alert("member-rekeyed", "warning", claims.code, kids), now)

    def on_revoked(self, tx: Tx, received: Received) -> None:
        """Keys are revoked, finally; what comes from below is told to everyone below this node, once."""
        try:
            revocation = parse_revocation(received.data)
        except TrustError as error:
            raise EntryRefused("schema", error.detail) from error
        identity, now = self.identity(), self.clock.now()
        _check_authority(tx, identity, revocation, received)
        if not record_revocation(tx.members, revocation):
            return
        code = parse_node_name(revocation.sub)[1]
        tx.alert(Alert("member-revoked", "warning", code, {"reason": revocation.reason}), now)
        if received.sender not in ancestors_of(tx, identity):
            spread_revocation(tx, identity, revocation, now)

    # --- about this node's own entries -----------------------------------------------------------------------

    def on_received(self, tx: Tx, received: Received) -> None:
        """The destination holds entries of this node."""
        for row in received.data["entries"]:
            notice = self._notice(tx, received, row["origin"], row["index"])
            if not _is_destination(tx.members, notice):
                raise EntryRefused("sender", f"{row['origin']} {row['index']} was not for {received.sender}")
            self.watchers.acknowledged(tx, notice)

    def on_undeliverable(self, tx: Tx, received: Received) -> None:
        """Somebody on the way could not route an entry of this node."""
        data = received.data
        notice = self._notice(tx, received, data["origin"], data["index"])
        where = {"log": notice.origin, "index": notice.index}
        tx.alert(Alert("entry-undeliverable", "warning", received.sender, where), self.clock.now())
        self.watchers.undeliverable(tx, notice)

    def on_refused(self, tx: Tx, received: Received) -> None:
        """A neighbour, or the destination, set entries of this node aside."""
        origin = str(received.data["origin"])
        state = tx.logs.get(origin)
        for row in received.data["refused"]:
            notice = self._notice(tx, received, origin, row["index"], row["reason"])
            is_neighbour = state is not None and state.peer == received.sender
            if not is_neighbour and not _is_destination(tx.members, notice):
                raise EntryRefused("sender", f"{origin} {row['index']} never came to {received.sender}")
            where = {"log": origin, "index": notice.index, "reason": notice.reason}
            tx.alert(Alert("entry-refused", "warning", received.sender, where), self.clock.now())
            self.watchers.refused(tx, notice)

    def _notice(
        self, tx: Tx, received: Received, origin: str, index: int, reason: RefusalReason | None = None
    ) -> Notice:
        """The notice with the entry it is about.

        Raises:
            EntryRefused: reason `schema`: this node wrote no such entry.
        """
        is_own = parse_origin(origin).owner == self.identity().name
        stored = next(iter(tx.logs.entries(origin, index, 1)), None) if is_own else None
        if stored is None:
            raise EntryRefused("schema", f"{origin} {index} is no entry of this node")
        return Notice(received.sender, origin, index, _own_entry(stored.line), reason)

    # --- epochs ----------------------------------------------------------------------------------------------

    def on_epoch(self, tx: Tx, received: Received) -> None:
        """A neighbour's log begins anew: always shown, and shown as grave where it names another head than is held."""
        log, previous = str(received.data["log"]), str(received.data["previous"])
        origin = parse_origin(log)
        is_first = log == received.origin_log and received.index == 0
        if origin.owner != received.entry.source or not (is_first or origin.kind == "ledger"):
            raise EntryRefused("sender", f"{log} is not the log it stands in, nor its owner's ledger")
        now, before = self.clock.now(), _epoch_before(tx, received, log)
        fits = _same_head(previous, "" if before is None else before.note)
        opened = OpenedEpoch(received.sender, log, previous, str(received.data["reason"]), fits)
        if not fits:
            tx.logs.evidence(log, "epoch", previous, now, opened.reason)
        elif before is not None and is_first and not before.frozen:
            tx.logs.put(replace(before, frozen=True))
        detail = {"log": log, "reason": opened.reason, "fits": fits}
        tx.alert(Alert("epoch-opened", "warning" if fits else "critical", received.sender, detail), now)
        self.watchers.epoch_opened(tx, opened)


# --- checks --------------------------------------------------------------------------------------------------


def _read_claims(jws: str) -> StatedClaims:
    try:
        return read_statement(jws)
    except TrustError as error:
        raise EntryRefused("schema", error.detail) from error


def _check_issued(
    tx: Tx, issuer: StatedClaims, claims: StatedClaims, stored_at: datetime, now: datetime
) -> None:
    """The statement is signed by a key of its issuer that was not revoked when it came, and says what it may say."""
    key = tx.members.key(claims.signed_by)
    if key is None or key.code != issuer.code or key.role != "node" or _is_revoked(key, stored_at):
        raise EntryRefused("sender", f"{claims.signed_by} is no good node key of {issuer.subject}")
    if claims.issued_at > now + CLOCK_SLACK:
        raise EntryRefused("schema", "a statement from the future")
    if is_stated_elsewhere(tx.members, claims, now):
        raise EntryRefused("sender", f"{claims.code} has another parent")
    keys = {entry.kid: entry for entry in every_key(tx, issuer.code, "node")}
    try:
        check_may_issue(issuer, claims)
        check_signature(claims, keys[claims.signed_by])
    except FederationError as error:
        raise EntryRefused("sender", error.detail) from error


def _is_revoked(key: MemberKey, at: datetime) -> bool:
    return key.revoked_at is not None and key.revoked_at <= at


def _check_authority(tx: Tx, identity: Identity, revocation: Revocation, received: Received) -> None:
    """The sender stated the revoked node, or stands above it; the thumbprints are of no other node."""
    network, code = parse_node_name(revocation.sub)
    if network != identity.network:
        raise EntryRefused("sender", "a node of another network")
    for kid in revocation.kids:
        record = tx.members.key(kid)
        if record is not None and record.code != code:
            raise EntryRefused("sender", f"{kid} is a key of {record.code}")
    sender = tx.members.get(received.sender)
    if sender is None or not _stands_above(tx.members, claims_of(sender.statement), code):
        raise EntryRefused("sender", f"{received.sender} does not stand above {code}")


def _stands_above(members: MemberStore, above: StatedClaims, code: str) -> bool:
    """By the statements known; of a node nobody stated here, by the scope."""
    if above.code == code:
        return above.is_self_issued
    known = members.get(code)
    if known is None:
        return covers(above.scope, code)
    claims = claims_of(known.statement)
    while not claims.is_self_issued and claims.issuer != above.subject:
        issuer = members.get(parse_node_name(claims.issuer)[1])
        if issuer is None:
            return covers(above.scope, code) and descends(above.level, claims.level)
        claims = claims_of(issuer.statement)
    return claims.issuer == above.subject


def _own_entry(line: bytes | None) -> Entry | None:
    if line is None:
        return None
    try:
        return parse_entry(line)
    except EntryError:
        return None


def _is_destination(members: MemberStore, notice: Notice) -> bool:
    """Whether the sender is whom the entry was for, or succeeds it; of an erased entry nobody can say no."""
    if notice.entry is None or notice.entry.destination == notice.sender:
        return True
    sender = members.get(notice.sender)
    return sender is not None and notice.entry.destination in claims_of(sender.statement).successor_of


def _epoch_before(tx: Tx, received: Received, log: str) -> LogState | None:
    epoch = parse_origin(log).epoch - 1
    if parse_origin(log).kind == "ledger":
        return tx.logs.find("peer-ledger", received.sender, epoch) if epoch > 0 else None
    own = tx.logs.get(received.log)
    return None if own is None or epoch < 1 else tx.logs.find(own.role, own.peer, epoch)


def _same_head(named: str, held: str) -> bool:
    """Whether two notes state the same checkpoint, whoever signed them besides."""
    if named == "" or held == "":
        return named == held
    try:
        return split_note(named)[0] == split_note(held)[0]
    except LogProofError:
        return False
