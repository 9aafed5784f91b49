"""The one place that builds a node: engine, keys, clock, stores, services, handlers, the steps of the worker.

`open_ground` opens what exists before a node belongs to a network; `build` makes the whole of one that does. Nothing is
global: several nodes may live in one process, as they do in tests. Nothing here decides anything; who needs what is
said by the constructors it calls.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from config.settings import Settings
from federation.client import Client
from federation.events import check_schema
from federation.inbox import Handler, Inbox
from federation.keys import Identity
from federation.ports import Limits, Transport
from federation.server import Server
from federation.standing import standing_handlers
from federation.transport import RequestsTransport
from federation.writer import LogWriter, open_log
from node.audit.context import AuditContext
from node.audit.incoming import audit_handlers, audit_steps, audit_timers
from node.audit.rulebook import build_rulebook
from node.cases.context import CaseContext
from node.cases.deadlines import timer_handlers
from node.cases.incoming import case_handlers
from node.cases.names import StatedNames
from node.cases.receipts import ReceiptNotes, receipt_times
from node.cases.reimport import OwnEntries
from node.catalogue.service import in_force, version
from node.exchange.administration import Administration
from node.exchange.awaited import Awaited, troubles_of
from node.exchange.housekeeping import Housekeeping
from node.exchange.identity import NodeFolder, read_passphrase
from node.exchange.links import Links
from node.exchange.loops import LinkLoop, LocalLoop, Rhythm
from node.exchange.own_keys import OwnStatement
from node.exchange.problems import not_joined
from node.exchange.queueing import EventQueue
from node.exchange.repair import Repair
from node.exchange.stores import SqlDatabase, Surroundings
from node.exchange.witnessed_heads import WitnessedHeads
from node.kernel.calendar import WorkCalendar
from node.kernel.clock import Clock, SystemClock, day_start, local_date
from node.kernel.database import Database, build_engine
from node.kernel.field_keys import FieldKeys, load_field_keys
from node.kernel.files import write_durably
from node.kernel.lease_keeper import LeaseKeeper
from node.kernel.timers import TimerRunner
from node.ledger.followers import Followers
from node.ledger.numbers import next_number
from node.ledger.proofs import LedgerProofs
from node.ledger.sequencer import LedgerSequencer
from node.ledger.service import record
from node.people.passwords import Passwords
from node.people.sign_in import SignIn, SignInPolicy

FIELD_KEYS_FILE = "field-keys.json"
WEB_SECRET_FILE = "web-secret"  # noqa: S105  a file's name
WITNESS_LONGEST = timedelta(minutes=15)


@dataclass(frozen=True)
class Ground:
    """What exists before a node belongs to a network."""

    settings: Settings
    clock: Clock
    limits: Limits
    folder: NodeFolder
    field_keys: FieldKeys
    database: Database
    passwords: Passwords

    def close(self) -> None:
        """Closes the connections of the database."""
        self.database.close()


@dataclass(frozen=True)
class Container(Ground):
    """A whole node. `client` and `link` are None at the top."""

    calendar: WorkCalendar
    stores: SqlDatabase
    queue: EventQueue
    writer: LogWriter
    ledger: LedgerSequencer
    proofs: LedgerProofs
    server: Server
    client: Client | None
    inbox: Inbox
    leases: LeaseKeeper
    links: Links
    local: LocalLoop
    link: LinkLoop | None
    followers: Followers
    timers: TimerRunner
    cases: CaseContext
    audit: AuditContext
    audit_steps: Callable[[], int]
    sign_in: SignIn
    administration: Administration
    own_statement: OwnStatement
    repair: Repair
    housekeeping: Housekeeping
    witnessed_heads: WitnessedHeads
    awaited: Awaited
    receipts: ReceiptNotes

    @property
    def identity(self) -> Identity:
        """Who this node is now."""
        return self.folder.identity()


def field_keys_path(settings: Settings) -> Path:
    """Where the data keys lie."""
    return settings.data_dir / FIELD_KEYS_FILE


def open_ground(settings: Settings, clock: Clock | None = None) -> Ground:
    """Opens what a node has before it belongs to a network.

    Raises:
        Problem: the data keys are missing, damaged or under another passphrase.
        FederationError: the passphrase file is no good.
    """
    passphrase = read_passphrase(settings.passphrase_file)
    field_keys = load_field_keys(field_keys_path(settings), passphrase)
    database = Database(build_engine(settings.database_url, field_keys))
    return Ground(
        settings=settings,
        clock=clock or SystemClock(),
        limits=Limits(),
        folder=NodeFolder(settings.data_dir, passphrase),
        field_keys=field_keys,
        database=database,
        passwords=Passwords(),
    )


def build(settings: Settings, clock: Clock | None = None, transport: Transport | None = None) -> Container:
    """Builds a node that belongs to a network.

    Args:
        transport: how the parent is reached; by HTTP when None.

    Raises:
        Problem: `not-joined`, and see `open_ground`.
        FederationError: the keys cannot be read.
    """
    ground = open_ground(settings, clock)
    trust = ground.folder.read_trust()
    if trust is None or not trust.is_joined:
        ground.close()
        raise not_joined()
    return _Builder(ground, transport).build()


class _Builder:
    """The order in which things are made; each method makes one."""

    def __init__(self, ground: Ground, transport: Transport | None) -> None:
        self.ground = ground
        self.settings, self.clock, self.limits = ground.settings, ground.clock, ground.limits
        self.database, self.folder = ground.database, ground.folder
        self.identity = ground.folder.identity
        self.heads = ground.folder.heads
        self.transport = transport or RequestsTransport(
            verify=self.settings.ca_file, allow_plain_http=self.settings.allow_plain_http
        )
        own = self.identity()
        self.own_name, self.code, self.level = own.name, own.code, own.level
        surroundings = Surroundings(own.name, self.clock, self.folder.blob_folder)
        self.stores = SqlDatabase(self.database, surroundings)
        self.queue = EventQueue(self.stores, self.identity, self.clock, self.limits, self._acknowledged_by)
        self.awaited = Awaited(self.stores, self.database, self.queue, self.clock)
        self.writer = LogWriter(self.identity, self.stores, self.heads, self.clock, self.limits, check_schema)
        self.leases = LeaseKeeper(self.database, self.clock)
        self.links = Links(self.database, self.clock)
        with self.database.reading() as session:
            self.calendar = WorkCalendar.load(session)

    def build(self) -> Container:
        cases, audit = self._cases(), self._audit()
        restored = OwnEntries(cases)
        handlers = {**self._handlers(cases), **audit_handlers(audit)}
        inbox = Inbox(self.identity, self.stores, self.clock, self.limits, handlers)
        ledger = LedgerSequencer(
            self.database,
            self.stores.within,
            self.identity,
            self.heads,
            self.clock,
            self.limits,
            lambda: self.writer.is_ready("own-ledger", ""),
        )
        client = self._client(restored)
        own_statement = OwnStatement(
            self.stores, self.database, self.folder, self.identity, self.clock, client
        )
        sign_in = self._sign_in()
        return Container(
            **vars(self.ground),
            calendar=self.calendar,
            stores=self.stores,
            queue=self.queue,
            writer=self.writer,
            ledger=ledger,
            proofs=LedgerProofs(self.stores.within, self._anchor, self.clock),
            server=Server(self.identity, self.stores, self.heads, self.clock, self.limits, imported=restored),
            client=client,
            inbox=inbox,
            leases=self.leases,
            links=self.links,
            local=self._local(inbox, ledger),
            link=None if client is None else self._link(client, own_statement),
            followers=Followers(self.database, self.clock, self._logs, ()),
            timers=TimerRunner(self.database, self.clock, {**timer_handlers(cases), **audit_timers(audit)}),
            cases=cases,
            audit=audit,
            audit_steps=audit_steps(audit, self.database),
            sign_in=sign_in,
            administration=self._administration(inbox),
            own_statement=own_statement,
            repair=self._repair(client),
            housekeeping=Housekeeping(
                self.stores,
                self.database,
                self.queue,
                self.leases,
                self.clock,
                (sign_in.sweep, self.awaited.forget),
            ),
            awaited=self.awaited,
            receipts=ReceiptNotes(cases, self.database, self.stores.within),
            witnessed_heads=WitnessedHeads(self.stores, self.database, self.leases, self.clock, self.limits),
        )

    def _logs(self, session: Session) -> Any:
        return self.stores.within(session).logs

    def _cases(self) -> CaseContext:
        return CaseContext(
            code=self.code,
            level=self.level,
            name=self.settings.name,
            clock=self.clock,
            calendar=self.calendar,
            network=StatedNames(lambda session: self.stores.within(session).members, self.code),
            queue=self.queue,
            record=record,
            version=version,
            in_force=in_force,
            blind=self.ground.field_keys.blind_index,
            next_number=next_number,
            blobs=lambda session: self.stores.within(session).blobs,
            receipt_at=receipt_times(self.stores.within),
            origin=lambda session: (
                open_log(self.stores.within(session), self.identity(), "own-ledger", "").origin
            ),
            verify_url=lambda: f"{self._parent_url() or self.settings.public_url}/verify",
            take_back=self.queue.take_back,
            troubles=troubles_of,
        )

    def _audit(self) -> AuditContext:
        return AuditContext(
            identity=self.identity,
            clock=self.clock,
            limits=self.limits,
            stores=self.stores.within,
            queue=self.queue,
            record=record,
            rulebook=lambda session: build_rulebook(session, self.calendar, version),
        )

    def _handlers(self, cases: CaseContext) -> Mapping[str, Handler]:
        standing = standing_handlers(self.identity, self.clock, self.awaited.watchers)
        return {**standing, **case_handlers(cases)}

    def _acknowledged_by(self, at: datetime) -> datetime:
        """When a node further away should have acknowledged what is queued now."""
        due, _ = self.calendar.due(local_date(at), self.settings.acknowledge_days)
        return day_start(due + timedelta(days=1))

    def _client(self, restored: OwnEntries) -> Client | None:
        if self.identity().parent_code is None:
            return None
        return Client(
            self.identity,
            self.stores,
            self.heads,
            self.clock,
            self.limits,
            self.transport,
            self._parent_url,
            self.writer,
            anchor=self._anchor,
            imported=restored,
        )

    def _parent_url(self) -> str:
        trust = self.folder.read_trust()
        return "" if trust is None else trust.parent_url

    def _anchor(self) -> str:
        trust = self.folder.read_trust()
        return "" if trust is None else trust.anchor

    def _local(self, inbox: Inbox, ledger: LedgerSequencer) -> LocalLoop:
        return LocalLoop(self.stores, self.database, self.writer, inbox, self.queue, self.leases, ledger.run)

    def _link(self, client: Client, own_statement: OwnStatement) -> LinkLoop:
        rhythm = Rhythm(
            pull_every=timedelta(seconds=self.settings.pull_interval_s),
            witness_every=min(timedelta(seconds=self.settings.ledger_interval_s), WITNESS_LONGEST),
        )
        return LinkLoop(
            client,
            self.stores,
            self.database,
            self.links,
            self.leases,
            self.clock,
            rhythm,
            self.identity,
            own_statement.follow_chain,
        )

    def _sign_in(self) -> SignIn:
        settings = self.settings
        policy = SignInPolicy(
            failures=settings.lockout_failures,
            window_s=settings.lockout_window_s,
            lock_s=settings.lockout_s,
            idle_s=settings.session_idle_s,
            session_s=settings.session_s,
        )
        return SignIn(self.database, self.ground.passwords, self.clock, policy)

    def _repair(self, client: Client | None) -> Repair:
        return Repair(self.stores, self.database, self.heads, self.identity, self.clock, self.writer, client)

    def _administration(self, inbox: Inbox) -> Administration:
        return Administration(
            stores=self.stores,
            database=self.database,
            folder=self.folder,
            identity=self.identity,
            clock=self.clock,
            inbox=inbox,
            links=self.links,
            public_url=lambda: self.settings.public_url,
            allow_plain_http=self.settings.allow_plain_http,
        )


def web_secret(settings: Settings) -> str:
    """The secret that signs form cookies: made once, kept beside the keys, the same for every process of the node."""
    path = settings.data_dir / WEB_SECRET_FILE
    if not path.exists():
        write_durably(path, json.dumps(secrets.token_urlsafe(32)).encode("ascii"))
    return str(json.loads(path.read_text(encoding="ascii")))
