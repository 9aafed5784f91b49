"""A node's storage in memory: `federation.ports.Database` without a database, for tests and for trying things out.

    database = MemoryDatabase()
    with database.transaction() as tx:          # commits on leaving, rolls back on an exception
        tx.logs.put(new_log("…/up/1", "own-up", "320623000000"))
    backup = database.backup()                   # an old copy …
    database.restore(backup)                     # … put back: what was stored since is lost

One transaction runs at a time (threads wait); one inside another raises, as it would deadlock on SQL. `at_point` is
called before and after each commit that changes something, so that a test can crash there.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from federation.errors import ProtocolError
from federation.memory_streams import MemoryInboxStore, MemoryLogStore, MemoryOutboxStore
from federation.memory_tables import Journal, Table
from federation.ports import Alert, BlobState, Invitation, Member, MemberKey

__all__ = ["Backup", "MemoryDatabase", "MemoryTx"]

WRONG_TOKEN_WINDOW = timedelta(hours=1)
SHA256_HEX = 64
HEX_DIGITS = frozenset("0123456789abcdef")

Backup = Mapping[str, Mapping[Any, Any]]
"""Rows by table: what `MemoryDatabase.backup` gives and `restore` takes."""


class MemoryMemberStore:
    """See `federation.ports.MemberStore`."""

    def __init__(self, journal: Journal) -> None:
        self.rows: Table[str, Member] = Table(journal)
        self.key_rows: Table[str, tuple[int, MemberKey]] = Table(journal)
        self.chain_rows: Table[str, tuple[str, ...]] = Table(journal)
        self.invitation_rows: Table[str, Invitation] = Table(journal)
        self.wrong_tokens: Table[str, tuple[datetime, ...]] = Table(journal)

    def get(self, code: str) -> Member | None:
        """The member with that code."""
        return self.rows.get(code)

    def put(self, member: Member) -> None:
        """Insert or replace a member."""
        self.rows[member.code] = member

    def children(self) -> list[Member]:
        """Direct children, by code, the revoked ones too."""
        return [member for member in self.all() if member.direct == "child"]

    def all(self) -> list[Member]:
        """Every member, by code."""
        return [member for _, member in sorted(self.rows.items())]

    def key(self, kid: str) -> MemberKey | None:
        """Any key ever known."""
        found = self.key_rows.get(kid)
        return None if found is None else found[1]

    def keys(self, code: str, role: str | None = None) -> list[MemberKey]:
        """Keys of a node, newest first."""
        found = [row for row in self.key_rows.values() if row[1].code == code and role in (None, row[1].role)]
        return [key for _, key in sorted(found, key=lambda row: (row[1].since, row[0]), reverse=True)]

    def put_key(self, key: MemberKey) -> None:
        """Insert or replace a key, by thumbprint."""
        known = self.key_rows.get(key.kid)
        number = len(self.key_rows) if known is None else known[0]
        self.key_rows[key.kid] = (number, key)

    def chain(self) -> list[str]:
        """This node's own chain, from the top; empty before it has one."""
        return list(self.chain_rows.get("", ()))

    def put_chain(self, chain: Sequence[str]) -> None:
        """Replace the chain."""
        self.chain_rows[""] = tuple(chain)

    def invitation(self, token_sha256: str) -> Invitation | None:
        """The invitation whose token has that hash."""
        return self.invitation_rows.get(token_sha256)

    def put_invitation(self, invitation: Invitation) -> None:
        """Insert or replace an invitation."""
        self.invitation_rows[invitation.token_sha256] = invitation

    def invitations(self) -> list[Invitation]:
        """Every invitation, those that expire last first."""
        found = sorted(self.invitation_rows.values(), key=lambda row: row.token_sha256)
        return sorted(found, key=lambda row: row.expires, reverse=True)

    def wrong_token(self, at: datetime) -> int:
        """Count a wrong token; returns how many there were in the hour up to `at`, this one included."""
        kept = [time for time in self.wrong_tokens.get("", ()) if time > at - WRONG_TOKEN_WINDOW]
        self.wrong_tokens[""] = (*kept, at)
        return sum(1 for time in self.wrong_tokens[""] if time <= at)


class MemoryNonceStore:
    """See `federation.ports.NonceStore`."""

    def __init__(self, journal: Journal) -> None:
        self.spent: Table[tuple[str, str], datetime] = Table(journal)

    def spend(self, keyid: str, nonce: str, until: datetime) -> bool:
        """True when it was fresh and is now spent."""
        if (keyid, nonce) in self.spent:
            return False
        self.spent[keyid, nonce] = until
        return True


class MemoryBlobStore:
    """See `federation.ports.BlobStore`."""

    def __init__(self, journal: Journal) -> None:
        self.rows: Table[str, BlobState] = Table(journal)
        self.contents: Table[str, bytes] = Table(journal)
        self.names: Table[tuple[str, str], bool] = Table(journal)
        self.traffic: Table[tuple[str, str], int] = Table(journal)

    def get(self, sha256: str) -> BlobState | None:
        """What is known of a ciphertext."""
        return self.rows.get(sha256)

    def begin(self, sha256: str, size: int, caller: str) -> BlobState:
        """Expect a ciphertext of `size` bytes; what is there already stays as it is."""
        if len(sha256) != SHA256_HEX or not set(sha256) <= HEX_DIGITS:
            raise ProtocolError("not-found", 404)
        if sha256 not in self.rows:
            self.rows[sha256] = BlobState(sha256, size, 0, complete=False, uploaded_by=caller)
            self.contents[sha256] = b""
        return self.rows[sha256]

    def write(self, sha256: str, offset: int, content: bytes) -> BlobState:
        """Append at `offset`; complete when the size is reached and the hash fits.

        Raises:
            ProtocolError: `blob` (422), all dropped, when the hash does not fit or there is more than its size.
        """
        state = self.rows.get(sha256)
        if state is None or state.complete or offset != state.offset:
            raise AssertionError("written elsewhere than at the stored offset")
        held = self.contents[sha256] + content
        is_full = len(held) == state.size
        if len(held) > state.size or (is_full and hashlib.sha256(held).hexdigest() != sha256):
            self.rows.drop(sha256)
            self.contents.drop(sha256)
            raise ProtocolError("blob", 422, "the bytes do not have that hash")
        self.contents[sha256] = held
        self.rows[sha256] = replace(state, offset=len(held), complete=is_full)
        return self.rows[sha256]

    def read(self, sha256: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop) of what has arrived."""
        return self.contents[sha256][start:stop]

    def named_to(self, sha256: str, child: str) -> bool:
        """Whether an entry exchanged with this child names the blob."""
        return (sha256, child) in self.names

    def name(self, sha256: str, peer: str) -> None:
        """An entry exchanged with `peer` names the blob."""
        self.names[sha256, peer] = True

    def bytes_today(self, caller: str, day: str) -> int:
        """Bytes counted for a caller on a day."""
        return self.traffic.get((caller, day), 0)

    def count_bytes(self, caller: str, day: str, count: int) -> int:
        """Count bytes for a caller on a day; returns how many there are now."""
        total = self.traffic[caller, day] = self.bytes_today(caller, day) + count
        return total


class MemoryTx:
    """The stores of one database; they live as long as it does (`federation.ports.Tx`).

    Attributes:
        records: rows of whoever uses this, such as what event handlers write; they commit and roll back with the rest.
    """

    def __init__(self, journal: Journal) -> None:
        self.logs = MemoryLogStore(journal)
        self.outbox = MemoryOutboxStore(journal)
        self.inbox = MemoryInboxStore(journal)
        self.members = MemoryMemberStore(journal)
        self.nonces = MemoryNonceStore(journal)
        self.blobs = MemoryBlobStore(journal)
        self.alerts: Table[int, tuple[Alert, datetime]] = Table(journal)
        self.records: Table[Any, Any] = Table(journal)

    def alert(self, alert: Alert, at: datetime) -> None:
        """Show an operator something."""
        self.alerts[len(self.alerts)] = (alert, at)

    def tables(self) -> dict[str, Table[Any, Any]]:
        """Every table by name."""
        found: dict[str, Table[Any, Any]] = {"alerts": self.alerts, "records": self.records}
        for store in ("logs", "outbox", "inbox", "members", "nonces", "blobs"):
            for name, value in vars(getattr(self, store)).items():
                if isinstance(value, Table):
                    found[f"{store}.{name}"] = value
        return found


def _nothing(point: str) -> None:
    """No crash."""


class MemoryDatabase:
    """See `federation.ports.Database`.

    Attributes:
        at_point: called with `before-commit` (an exception rolls back) and `after-commit` (it does not).
    """

    def __init__(self, at_point: Callable[[str], None] = _nothing) -> None:
        self.at_point = at_point
        self._journal = Journal()
        self._tx = MemoryTx(self._journal)
        self._lock = threading.Lock()
        self._owner: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[MemoryTx]:
        """Leaving the block commits; an exception rolls everything back."""
        if self._owner == threading.get_ident():
            raise AssertionError("a transaction inside another one")
        with self._lock:
            self._owner = threading.get_ident()
            try:
                yield self._tx
                is_changed = not self._journal.is_empty
                if is_changed:
                    self.at_point("before-commit")
                self._journal.forget()
            finally:
                self._journal.roll_back()
                self._owner = None
        if is_changed:
            self.at_point("after-commit")

    @contextmanager
    def reading(self) -> Iterator[MemoryTx]:
        """One committed state.

        Raises:
            AssertionError: something was written.
        """
        with self.transaction() as tx:
            yield tx
            if not self._journal.is_empty:
                raise AssertionError("something was written where only reading is allowed")

    @property
    def alerts(self) -> list[Alert]:
        """Every alert so far, in order."""
        return [alert for alert, _ in self._tx.alerts.values()]

    def backup(self) -> Backup:
        """A copy of everything stored; later changes do not touch it."""
        with self._lock:
            return {name: dict(table) for name, table in self._tx.tables().items()}

    def restore(self, backup: Backup) -> None:
        """Put an old copy in place of what is stored."""
        with self._lock:
            for name, table in self._tx.tables().items():
                table.replace_all(backup.get(name, {}))
