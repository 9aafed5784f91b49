"""What becomes of the entries of one received log, inside one transaction (federation.md §5 Apply, Relay).

Steps, in this order, for each entry:

    read       strictly; its `source` must own the log; `*` only on a `down` log
    route      not for this node: queued as `relay.v1` on the next log, data unchanged where it is one already
    verify     a relayed entry that is for this node: proof, receipt, keys as of the receipt
    order      by (origin log, destination, subject, `seq`): a repeat is ignored, a hole holds later ones
    judge      schema, sender table, opening of `sealed`
    handle     by the handler of its type; a type without one is kept and counted

What fails is set aside under (log, inner source, subject) and holds later entries of the same three; others go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from federation.errors import CanonicalError
from federation.event import EVERYONE, RELAY, Entry, EntryError, load_object, parse_entry
from federation.events import EVENTS, NOTICES, SEEN_ON_THE_WAY, check_schema
from federation.forwarding import Forwarding, blob_names
from federation.history import record_statement
from federation.keys import Identity
from federation.merkle import leaf_hash
from federation.names import parse_origin
from federation.notices import Notices
from federation.ordering import EARLY, Arrival, Ordering
from federation.ports import Limits, LogState, StoredEntry, Tx
from federation.received import EntryEarly, EntryRefused, Handler, Received
from federation.relay import Relayed, VerifiedRelay, Verifier, Wrapper, open_relay, sender_of
from federation.sealing import SealError, SealKeyError, open_sealed
from federation.tree import ancestors_of, hop_to, is_here

__all__ = ["Attempt", "Delivery", "HandlerError", "Outcome", "Verdict"]

Outcome = Literal[
    "applied", "forwarded", "held", "set-aside", "unknown", "repeated", "undeliverable", "erased"
]


class Verdict(Exception):
    """A handler said `EntryRefused` or `EntryEarly`: the transaction is to be rolled back and this written down."""

    def __init__(self, position: int, cause: EntryRefused | EntryEarly) -> None:
        super().__init__(position, cause)
        self.position = position
        self.cause = cause


class HandlerError(Exception):
    """A handler failed in a way that is no answer; the cause is what it raised."""

    def __init__(self, position: int, type: str) -> None:
        super().__init__(f"the handler of {type} failed at {position}")
        self.position = position
        self.type = type


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an entry is tried.

    Attributes:
        forwards: whether it is passed on; False where that was done when it came.
        acknowledges: whether a relayed one is acknowledged; False where it was.
        despite_hole: an operator said not to wait for what is missing.
        in_order: False where it took its place in the order before (`bianmin reapply`).
        waits_since: RFC 3339; since when it waits, "" for now.
    """

    forwards: bool = True
    acknowledges: bool = True
    despite_hole: bool = False
    in_order: bool = True
    waits_since: str = ""


FIRST = Attempt()
"""An entry that has just come."""


@dataclass
class Delivery:
    """Deals with entries of one log in one transaction.

    Attributes:
        verdicts: what handlers said in an attempt that was rolled back, by position.
        notices: what is to be told to others; flushed by the caller at the end.
        subjects: subjects of what was dealt with for good: entries that waited may have their turn.
    """

    tx: Tx
    identity: Identity
    state: LogState
    now: datetime
    limits: Limits
    handlers: Mapping[str, Handler]
    verdicts: Mapping[int, Verdict] = field(default_factory=dict)
    notices: Notices = field(default_factory=Notices)
    subjects: set[str] = field(default_factory=set)
    ordering: Ordering = field(init=False)
    _owner: str = field(init=False)
    _wrapper: Wrapper = field(init=False)
    _verifier: Verifier = field(init=False)
    _learned: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.ordering = Ordering(self.tx, self.state, self.now)
        self._owner = parse_origin(self.state.origin).owner
        self._wrapper = Wrapper(self.tx, self.state)
        self._verifier = Verifier(self.tx, self.identity, self.now)

    def deal(self, stored: StoredEntry, attempt: Attempt = FIRST) -> Outcome:
        """Deal with one entry.

        Raises:
            Verdict: roll back, and try again with it in `verdicts`.
            HandlerError: roll back; the handler is broken.
            NotReceiptedError: it is to be passed on, and no receipt covers it yet.
        """
        if stored.line is None:
            return "erased"
        source, subject = self._owner, ""
        try:
            outer = self._read(stored.line)
            subject = outer.subject
            relayed = self._relayed(outer)
            source = outer.source if relayed is None else relayed.entry.source
            return self._route(stored, outer, relayed, attempt)
        except EntryError as error:
            if error.type not in NOTICES:
                self.notices.refused(self.state.peer, self.state.origin, stored.index, error.reason)
            where = (source, subject or error.subject)
            self.ordering.set_aside(stored.index, error.reason, *where, error.detail)
            return "set-aside"

    def skip(self, stored: StoredEntry) -> None:
        """Count an entry as dealt with though it never took effect; what cannot be believed counts for nothing."""
        if stored.line is None:
            return
        try:
            outer = self._read(stored.line)
            self.ordering.saw(self._arrival(stored, outer, self._relayed(outer)))
        except EntryError:
            return

    def _read(self, line: bytes) -> Entry:
        entry = parse_entry(line, self.limits)
        if entry.source != self._owner:
            raise EntryError(
                "source", f"{entry.source} does not own the log", subject=entry.subject, type=entry.type
            )
        if entry.destination == EVERYONE and self.state.role != "peer-down":
            detail = "an entry to everyone goes down only"
            raise EntryError("attribute", detail, subject=entry.subject, type=entry.type)
        return entry

    def _relayed(self, outer: Entry) -> Relayed | None:
        return open_relay(outer, self.limits) if outer.type == RELAY else None

    # --- which way -------------------------------------------------------------------------------------------

    def _route(self, stored: StoredEntry, outer: Entry, relayed: Relayed | None, attempt: Attempt) -> Outcome:
        """An EntryError out of here is about the line of this log: its owner is told."""
        inner = outer if relayed is None else relayed.entry
        forwarding = Forwarding(self.tx, self._wrapper, stored, outer, inner)
        if inner.destination == EVERYONE or is_here(self.tx, self.identity, inner.destination):
            arrival = self._arrival(stored, outer, relayed)
            if inner.destination == EVERYONE and attempt.forwards:
                forwarding.to_children(self.now)
            return self._take(arrival, attempt)
        hop = hop_to(self.tx, self.identity, inner.destination, self.state.peer)
        if hop.kind == "undeliverable" or not forwarding.fits(self.limits):
            arrival = self._arrival(stored, outer, relayed)
            if inner.type not in NOTICES:
                self.notices.undeliverable(arrival.sender, arrival.origin, arrival.index)
            where = {"destination": inner.destination, "index": stored.index}
            self.ordering.alert("relay-undeliverable", **where)
            return "undeliverable"
        if attempt.forwards:
            forwarding.to(hop, self.now)
            self._look_at(stored, outer, relayed)
        return "forwarded"

    def _look_at(self, stored: StoredEntry, outer: Entry, relayed: Relayed | None) -> None:
        """Membership on its way to the top is applied by every node it passes; what does not hold is only shown."""
        inner = outer if relayed is None else relayed.entry
        handler = self.handlers.get(inner.type)
        if inner.type not in SEEN_ON_THE_WAY or handler is None or self.state.role != "peer-up":
            return
        try:
            arrival = self._arrival(stored, outer, relayed)
            check_schema(inner.type, inner.data, inner.subject)
            handler(self.tx, self._received(arrival, None))
            self._verifier.forget()
        except (EntryError, EntryRefused) as error:
            self.ordering.alert("membership-doubtful", subject=inner.subject, reason=error.reason)

    def _arrival(self, stored: StoredEntry, outer: Entry, relayed: Relayed | None) -> Arrival:
        """The entry with its origin; a relayed one is verified, and its chain learned.

        Raises:
            EntryError: reason `relay`.
        """
        from_below = self.state.role == "peer-up"
        if relayed is None:
            where = (outer.source_code, self.state.origin, stored.index, leaf_hash(outer.line))
            return Arrival(stored, outer, *where, relayed=False, is_below=from_below)
        held = self._verifier.verify(relayed, stored.stored_at)
        self._learn(held)
        is_below = from_below and held.chain.is_ancestor(self.identity.name)
        where = (sender_of(held), str(held.origin), held.index, held.leaf)
        return Arrival(stored, held.entry, *where, relayed=True, is_below=is_below)

    def _learn(self, held: VerifiedRelay) -> None:
        """Write down whom the chain names: their seal keys are what answers are sealed to."""
        for statement in held.chain.statements:
            if statement.jws in self._learned:
                continue
            self._learned.add(statement.jws)
            known = self.tx.members.get(statement.code)
            if known is None or known.statement != statement.jws:
                record_statement(self.tx.members, statement, self.now, "renewal")
                self._verifier.forget()

    # --- in which order --------------------------------------------------------------------------------------

    def _take(self, arrival: Arrival, attempt: Attempt) -> Outcome:
        if attempt.in_order:
            place = self.ordering.place(arrival, despite_hole=attempt.despite_hole)
            if place == "repeat":
                self._acknowledge(arrival, attempt)
                return "repeated"
            if place != "next":
                self.ordering.hold(arrival, place, attempt.waits_since)
                self._acknowledge(arrival, attempt)
                return "held"
        outcome = self._judge(arrival)
        if outcome in ("applied", "unknown"):
            self.ordering.saw(arrival)
            self.subjects.add(arrival.entry.subject)
        if outcome != "set-aside":
            self._acknowledge(arrival, attempt)
        return outcome

    def _acknowledge(self, arrival: Arrival, attempt: Attempt) -> None:
        """Tell the origin that its destination holds the entry: it may wait here, but is not lost."""
        is_due = arrival.relayed and attempt.acknowledges and arrival.entry.destination != EVERYONE
        if is_due and arrival.entry.type not in NOTICES:
            self.notices.received(arrival.sender, arrival.origin, arrival.index)

    # --- what it does ----------------------------------------------------------------------------------------

    def _judge(self, arrival: Arrival) -> Outcome:
        entry, position = arrival.entry, arrival.stored.index
        handler = self.handlers.get(entry.type)
        if handler is None:
            self.tx.inbox.unknown(self.state.origin, position, entry.type)
            return "unknown"
        try:
            if position in self.verdicts:
                raise self.verdicts[position].cause
            check_schema(entry.type, entry.data, entry.subject)
            self._check_sender(arrival)
            received = self._received(arrival, self._open(entry))
        except EntryEarly as error:
            self.ordering.set_aside(position, EARLY, entry.source, entry.subject, error.detail)
            return "held"
        except (EntryError, EntryRefused) as error:
            if entry.type not in NOTICES:
                self.notices.refused(arrival.sender, arrival.origin, arrival.index, error.reason)
            self.ordering.set_aside(position, error.reason, entry.source, entry.subject, error.detail)
            return "set-aside"
        self._call(handler, received, position)
        if entry.type in SEEN_ON_THE_WAY:
            self._verifier.forget()
        for sha256 in blob_names(entry.data):
            self.tx.blobs.name(sha256, self.identity.code)  # kept, and no neighbour may see it for that
        return "applied"

    def _call(self, handler: Handler, received: Received, position: int) -> None:
        try:
            handler(self.tx, received)
        except (EntryRefused, EntryEarly) as error:
            raise Verdict(position, error) from error
        except Exception as error:
            raise HandlerError(position, received.type) from error

    def _check_sender(self, arrival: Arrival) -> None:
        """The rules that need only the tree.

        Raises:
            EntryError: reason `sender`.
        """
        event = EVENTS.get(arrival.entry.type)
        if event is None:
            return
        is_above = self.state.role == "peer-down" and arrival.sender in ancestors_of(self.tx, self.identity)
        holds = {
            "neighbour": not arrival.relayed,
            "ancestor": is_above,
            "descendant": arrival.is_below,
            "line": is_above or arrival.is_below,
        }
        if not holds.get(event.sender, True):
            raise EntryError("sender", f"{event.type} is for a {event.sender} to send")

    def _open(self, entry: Entry) -> Mapping[str, Any] | None:
        """What `data.sealed` holds.

        Raises:
            EntryError: reason `seal-key` or `schema`.
        """
        sealed = entry.data.get("sealed")
        if sealed is None or entry.destination == EVERYONE:
            return None
        parties = (entry.source, entry.destination, entry.subject)
        try:
            return load_object(open_sealed(str(sealed), self.identity.seal_keys, *parties))
        except SealKeyError as error:
            raise EntryError("seal-key", error.detail) from error
        except (SealError, CanonicalError) as error:
            raise EntryError("schema", f"sealed: {error.detail}") from error

    def _received(self, arrival: Arrival, opened: Mapping[str, Any] | None) -> Received:
        return Received(
            entry=arrival.entry,
            sender=arrival.sender,
            origin_log=arrival.origin,
            index=arrival.index,
            opened=opened,
            stored_at=arrival.stored.stored_at,
            relayed=arrival.relayed,
            came_from=self.state.peer,
            log=self.state.origin,
            position=arrival.stored.index,
        )
