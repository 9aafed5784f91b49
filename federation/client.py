"""A node as the child of its parent: everything it dials up for (federation.md §3–§7).

    check_state     at start-up, and whenever sizes do not fit: comes to terms with the parent, makes the log writable
    push            sends what was written to `up`, attachments first; stores the receipts
    pull            reads the parent's `down` log: verified, stored, receipted; gives back what the parent lost
    submit_ledger   has the parent cosign the ledger's head
    renew, rotate   the statement, anew or for new keys
    fetch_blob      an attachment of the parent

Every call may be lost, repeated or answered twice: each of these may be called again at any time, and goes on where the
stores say. They raise FederationError; when to try again is the caller's (§5 Retry). Nothing an answer says without a
signature makes this node discard anything.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from federation.blob_transfer import BlobTransfer
from federation.chain import VerifiedChain, accept_own_chain
from federation.child import Child
from federation.enrolment import build_rotation
from federation.epoch_opening import open_epoch
from federation.errors import LogProofError, SizeConflict, TransportError, TrustError
from federation.history import Reason
from federation.joining import chain_of
from federation.keys import Identity, NodeKeys
from federation.merkle import prove_consistency
from federation.note import append_lines, parse_checkpoint, sign_again, split_note
from federation.parent_state import ParentState, parse_state
from federation.ports import Clock, Database, HeadFile, Transport, Tx
from federation.pulling import Pulling
from federation.pushing import Pushing
from federation.records import Alert, Limits, LogState, Response
from federation.recovery import Recovery
from federation.roster import adopt_chain
from federation.statements import is_renewal_due, read_statement
from federation.stream import check_receipt
from federation.subtrees import reader_of
from federation.uplink import Seen, Uplink
from federation.writer import Imported, LogWriter, nothing_imported, open_log

__all__ = ["Client"]

WITNESS_PATH = "/witness/add-checkpoint"
OwnLog = Literal["own-up", "own-ledger"]


class Client:
    """The calls of one node to its parent. Push and pull may run in threads of their own, each in one.

    Args:
        identity: read anew at every call, since keys rotate.
        database: where logs, members and alerts are.
        heads: the head file.
        clock: this node's own; corrected by what the parent says of its time.
        limits: this node's.
        transport: carries requests.
        parent_url: scheme, host and port of the parent.
        writer: the sequencer, told when logs may be written.
        anchor: the pinned thumbprint; None: the one the stored chain leads to.
        imported: brings the node's records up to own entries that were taken back from the parent.
    """

    def __init__(
        self,
        identity: Callable[[], Identity],
        database: Database,
        heads: HeadFile,
        clock: Clock,
        limits: Limits,
        transport: Transport,
        parent_url: Callable[[], str],
        writer: LogWriter,
        *,
        anchor: Callable[[], str] | None = None,
        imported: Imported = nothing_imported,
    ) -> None:
        self._identity = identity
        self._database = database
        self._clock = clock
        self._anchor = anchor
        self._uplink = Uplink(identity, clock, transport, parent_url, self._alert)
        self._child = Child(identity, database, heads, clock, limits, self._uplink)
        self._heads = heads
        self._writer = writer
        self._recovery = Recovery(self._child, writer, imported)
        self._blobs = BlobTransfer(self._child)
        self._pushing = Pushing(self._child, self._blobs, self.check_state)
        self._pulling = Pulling(self._child, self._recovery)
        self._told: ParentState | None = None

    # --- what was last heard -----------------------------------------------------------------------------------

    @property
    def told(self) -> ParentState | None:
        """The parent's last answer to `state`; None before the first."""
        return self._told

    @property
    def up_seen(self) -> Seen | None:
        """Epoch and size of the `up` log at the parent, as last said."""
        return self._uplink.up

    @property
    def down_seen(self) -> Seen | None:
        """Epoch and size of the parent's `down` log to this node, as last said."""
        return self._uplink.down

    @property
    def has_more_down(self) -> bool:
        """Whether the parent has spoken of entries that are not here yet."""
        seen = self._uplink.down
        with self._database.reading() as tx:
            state = self._child.peer_down(tx)
        return seen is not None and (seen.epoch, seen.size) > (state.epoch, state.size)

    @property
    def delta_s(self) -> int:
        """Seconds by which this node's clock is corrected; 0 while it is right."""
        return round((self._uplink.now() - self._clock.now()).total_seconds())

    def corrected_now(self) -> datetime:
        """This node's clock plus the last `delta_s`."""
        return self._uplink.now()

    # --- streams -----------------------------------------------------------------------------------------------

    def check_state(self) -> ParentState:
        """Ask the parent how it stands; renew where its key is another, then come to terms over both own logs.

        Raises:
            LogProofError: what it shows as proof does not hold.
            FederationError: no usable answer, or a refusal.
        """
        told = parse_state(self._uplink.call("GET", self._uplink.path("state")).body)
        self._told = told
        if not self._is_known_key(told.parent_key):
            self._renew_now()
        self._recovery.reconcile(told)
        return told

    def push(self, limit: int = 500) -> int:
        """Send at most `limit` written entries; returns how many more are receipted than before.

        Raises:
            FederationError: refused, no answer, or one that proves nothing.
        """
        if not self._writer.is_ready("own-up", self._child.parent_code):
            self.check_state()
        return self._pushing.run(limit)

    def pull(self, limit: int = 500) -> int:
        """Ask for at most `limit` entries of the parent's `down` log; returns how many were stored.

        Raises:
            FederationError: refused, no answer, or lines that do not continue the log.
        """
        return self._pulling.run(limit)

    # --- what an operator decides --------------------------------------------------------------------------------

    def foreign_entries(self, limit: int = 500) -> list[bytes]:
        """Lines the parent holds of this node's `up` log that are not in its database; to be shown, unverified."""
        report = parse_state(self._uplink.call("GET", self._uplink.path("state")).body).up
        with self._database.transaction() as tx:
            state = self._child.own_up(tx)
        start = state.size if report.epoch == state.epoch else 0
        return self._recovery.read_back(start, min(report.size, start + limit), report.epoch)

    def confirm_import(self) -> int:
        """Take the foreign entries for one's own: an operator has looked at them; returns how many.

        Raises:
            LogProofError, ProtocolError: they are not signed with this node's key, or do not continue its log.
        """
        told = parse_state(self._uplink.call("GET", self._uplink.path("state")).body)
        with self._database.transaction() as tx:
            state = self._child.own_up(tx)
        if told.up.epoch != state.epoch or told.up.size <= state.size:
            raise LogProofError("the parent holds nothing beyond this node's log")
        count = self._recovery.import_up(told.up)
        self.check_state()
        return count

    def open_epoch(self, role: OwnLog, reason: str) -> LogState:
        """Begin `up` or the ledger anew; returns the new epoch.

        Raises:
            EpochError: no such log, or no reason.
            FederationError: the parent does not answer: what it holds must be named.
        """
        told = parse_state(self._uplink.call("GET", self._uplink.path("state")).body)
        report = told.up if role == "own-up" else told.ledger
        peer = self._child.parent_code if role == "own-up" else ""
        with self._database.transaction() as tx:
            old = tx.logs.find(role, peer)
            note = report.note if old is None or report.epoch == old.epoch else old.receipted_note
            now = self._clock.now()
            opened = open_epoch(tx, self._identity(), role, peer, reason, now, previous=note)
        if old is not None:
            self._heads.forget([old.origin])
        self.check_state()
        return opened

    # --- ledger --------------------------------------------------------------------------------------------------

    def submit_ledger(self) -> bool:
        """Have the parent cosign the ledger's head; returns whether a new cosignature was stored.

        Raises:
            LogProofError: the answer is no cosignature of the parent.
            FederationError: refused, or no answer.
        """
        with self._database.transaction() as tx:
            state = open_log(tx, self._identity(), "own-ledger", "")
        if state.note == "" or state.receipted_size == state.size:
            return False
        state = replace(state, note=sign_again(state.note, self._identity().keys.node))
        try:
            answer = self._submit(state, state.receipted_size)
        except SizeConflict as conflict:
            if conflict.size > state.size:
                self.check_state()
                raise
            answer = self._submit(state, conflict.size)
        return self._store_cosignature(state, answer)

    def _submit(self, state: LogState, old: int) -> Response:
        with self._database.transaction() as tx:
            proof = prove_consistency(reader_of(tx.logs, state.origin), old, state.size)
        lines = [f"old {old}", *(base64.b64encode(value).decode("ascii") for value in proof)]
        body = "\n".join([*lines, "", state.note])
        return self._uplink.call_unsigned("POST", WITNESS_PATH, body=body.encode("utf-8"))

    def _store_cosignature(self, state: LogState, answer: Response) -> bool:
        try:
            cosigned = append_lines(state.note, answer.body.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise TransportError("a cosignature that is no text") from error
        with self._database.transaction() as tx:
            _, keys = self._child.check_parent_line(tx, cosigned, "witness")
            now_held = tx.logs.get(state.origin)
            if now_held is None:
                raise LogProofError("the ledger is gone")
            root = parse_checkpoint(split_note(state.note)[0]).root
            name = f"{self._child.parent_name}/witness"
            after = check_receipt(now_held, cosigned, name, keys, root=root)
            if after != now_held:
                tx.logs.put(after)
        return after != now_held

    # --- statement -----------------------------------------------------------------------------------------------

    def renew(self) -> VerifiedChain | None:
        """Renew the statement where a third of its time is left or the parent's key is another; None when not due.

        The caller moves its pin to the chain's `anchor`.

        Raises:
            TrustError: the chain that came does not hold; the old one is kept.
            FederationError: refused, or no answer.
        """
        with self._database.transaction() as tx:
            chain = tx.members.chain()
        parent_key = None if self._told is None else self._told.parent_key
        own = read_statement(chain[-1]) if len(chain) > 0 else None
        if own is not None and not is_renewal_due(own, self._uplink.now(), parent_key):
            return None
        return self._renew_now()

    def _renew_now(self) -> VerifiedChain:
        answer = self._uplink.call("POST", self._uplink.path("statement"))
        return self._adopt(answer, self._identity().keys, "renewal")

    def rotate(self, new_keys: NodeKeys) -> VerifiedChain:
        """Have new keys stated; the same again gets the same. The caller then goes over to them.

        Raises:
            TrustError, ProtocolError: refused on either side; the old keys stay in use.
        """
        identity = self._identity()
        answer = self._uplink.call(
            "POST",
            self._uplink.path("statement"),
            headers=(("Content-Type", "application/json"),),
            body=build_rotation(new_keys, identity.name),
            new_key=new_keys.node,
        )
        return self._adopt(answer, new_keys, "rotation")

    def _adopt(self, answer: Response, keys: NodeKeys, reason: Reason) -> VerifiedChain:
        identity, now = self._identity(), self._uplink.now()
        with self._database.transaction() as tx:
            held = accept_own_chain(
                chain_of(answer),
                self._anchor_of(tx),
                now,
                name=identity.name,
                keys=keys.public,
                parent=self._child.parent_name,
                revoked_at=lambda kid: _revoked_at(tx, kid),
            )
            adopt_chain(tx, identity, held, now, reason)
        return held

    def _anchor_of(self, tx: Tx) -> str:
        if self._anchor is not None:
            return self._anchor()
        for jws in tx.members.chain():
            claims = read_statement(jws)
            if not claims.is_succession:
                return claims.keys.node.kid
        raise TrustError("this node has no chain yet", code="no-statement")

    def _is_known_key(self, kid: str) -> bool:
        with self._database.transaction() as tx:
            chain = tx.members.chain()
        return len(chain) < 2 or read_statement(chain[-1]).signed_by == kid

    # --- blobs, alerts -------------------------------------------------------------------------------------------

    def upload_missing_blobs(self, lines: Sequence[bytes]) -> int:
        """Upload what these lines name and the parent lacks; `push` does it by itself."""
        return self._blobs.upload_missing(lines)

    def fetch_blob(self, sha256: str, size: int) -> bool:
        """Fetch an attachment that an entry of the parent names; returns whether it is complete now.

        Raises:
            FederationError: refused, no answer, or bytes with another hash (dropped).
        """
        return self._blobs.fetch(sha256, size)

    def _alert(self, alert: Alert) -> None:
        with self._database.transaction() as tx:
            tx.alert(alert, self._clock.now())


def _revoked_at(tx: Tx, kid: str) -> datetime | None:
    record = tx.members.key(kid)
    return None if record is None else record.revoked_at
