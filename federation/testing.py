"""A network of nodes in memory, for tests: the real client, server, writer and inbox over lines that can go wrong.

    network = Network({"320600000000": None, "320623000000": "320600000000"})
    county = network.node("320623000000")
    told = county.queue("320600000000", {"n": 1})      # an entry for the city
    county.line.plan("lose-answer")                    # the next call is answered, and the answer lost
    county.crash.arm("after-commit")                   # …
    network.act(county, SimNode.work)                  # state, write, push, pull, apply; a crash restarts the node
    network.settle()                                   # lines are whole again; everything gets where it should
    assert violations(network) == [] and unfinished(network) == []

Nodes are founded, invited and joined through the real code. Nothing sleeps and nothing is random but keys and ids: time
stands until `advance`. What must hold is judged by `federation.testing_checks` (federation.md §9).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from federation import canonical
from federation.client import Client
from federation.errors import FederationError
from federation.founding import found_top
from federation.inbox import Inbox
from federation.issuing import invite
from federation.joining import join, keep_chain
from federation.keys import Identity, NodeKeys
from federation.memory_stores import Backup, MemoryDatabase, MemoryTx
from federation.ports import Tx
from federation.received import Received
from federation.records import Limits, LogRole, LogState, Request, Response
from federation.routing import LEVELS, scope_of
from federation.server import Server
from federation.serving_epochs import confirm_up_epoch
from federation.standing import standing_handlers
from federation.testing_faults import Crash, CrashPlan, Line, MemoryHeadFile, SimClock
from federation.tree import hop_to
from federation.writer import LogWriter, OwnRole

__all__ = ["TOLD", "Effect", "Network", "Queued", "SimNode"]

TOLD = "test.told.v1"
"""An event type whose only effect is to be remembered: `SimNode.effects`."""
START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
STILL_ROUNDS = 2
"""Rounds without any movement until a network counts as settled: what one call hears, the next acts upon."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Effect:
    """An event that took effect."""

    id: str
    source: str
    destination: str
    subject: str
    seq: int
    origin_log: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Queued:
    """What a test queued."""

    id: str
    source: str
    destination: str
    subject: str
    data: Mapping[str, Any]


def _remember(tx: Tx, received: Received) -> None:
    records = cast(MemoryTx, tx).records
    entry = received.entry
    records["effect", len(records)] = Effect(
        entry.id,
        entry.source,
        entry.destination,
        entry.subject,
        entry.seq or 0,
        received.origin_log,
        entry.data,
    )


class SimNode:
    """One node of a `Network`.

    Attributes:
        database, heads: its disk; they outlive `restart`.
        line: its way to the parent; a top's leads nowhere.
        crash: when it is to crash.
        clock: its own; `clock.offset` makes it wrong.
        writer, server, client, inbox: its program, built anew by `restart`.
        errors: what its calls raised, in order.
    """

    def __init__(self, network: Network, identity: Identity, parent: SimNode | None) -> None:
        self.network = network
        self.parent = parent
        self._identity = identity
        self.crash = CrashPlan()
        self.database = MemoryDatabase(self.crash.reach)
        self.heads = MemoryHeadFile(self.crash)
        self.clock = SimClock(lambda: network.time)
        self.line = Line(self._deliver_up, self._restart_parent)
        self.errors: list[FederationError] = []
        self.restart()

    def identity(self) -> Identity:
        """Who it is, with the keys in use."""
        return self._identity

    @property
    def code(self) -> str:
        """Node code."""
        return self._identity.code

    @property
    def name(self) -> str:
        """Node name."""
        return self._identity.name

    def use_keys(self, keys: NodeKeys) -> None:
        """Go over to new keys, after `client.rotate`."""
        old = (*self._identity.old_seal_keys, self._identity.keys.seal)
        self._identity = replace(self._identity, keys=keys, old_seal_keys=old)

    def restart(self) -> None:
        """Begin again with what is on the disk; what was in memory is gone."""
        self.crash.disarm()
        limits, args = self.network.limits, (self.identity, self.database, self.heads, self.clock)
        self.writer = LogWriter(*args, limits)
        self.server = Server(*args, limits)
        self.client = Client(*args, limits, self.line, self._parent_url, self.writer)
        handlers = {**standing_handlers(self.identity, self.clock), TOLD: _remember}
        self.inbox = Inbox(self.identity, self.database, self.clock, limits, handlers)
        self.writer.check_heads()

    def _parent_url(self) -> str:
        return f"https://{self.parent.code}.example" if self.parent is not None else ""

    def _deliver_up(self, request: Request) -> Response:
        if self.parent is None:
            raise AssertionError("a top dials nobody")
        return self.parent.server.handle(request)

    def _restart_parent(self) -> None:
        if self.parent is not None:
            self.parent.restart()

    # --- disk --------------------------------------------------------------------------------------------------

    def backup(self) -> Backup:
        """A copy of the database, as a backup holds it: without keys and head file."""
        return self.database.backup()

    def restore(self, backup: Backup) -> None:
        """An old copy of the database is put back, and the node started."""
        self.database.restore(backup)
        self.restart()

    # --- steps -------------------------------------------------------------------------------------------------

    def queue(
        self, destination: str, data: Mapping[str, Any], *, subject: str = "subject", type: str = TOLD
    ) -> str:
        """Queue an event for a node of the network, as a business transaction does; returns its id."""
        entry_id = str(uuid.uuid4())
        if type == TOLD:
            self.network.queued[entry_id] = Queued(entry_id, self.name, destination, subject, dict(data))
        with self.database.transaction() as tx:
            hop = hop_to(tx, self.identity(), destination)
            if hop.kind not in ("parent", "child"):
                raise AssertionError(f"{destination} is {hop.kind} from {self.code}")
            tx.outbox.queue(
                role="own-up" if hop.kind == "parent" else "own-down",
                peer=hop.code,
                id=entry_id,
                type=type,
                subject=subject,
                destination=destination,
                time=self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                data=canonical.dump(dict(data)),
            )
        return entry_id

    def write(self) -> int:
        """Give every queued entry its place; returns how many."""
        with self.database.transaction() as tx:
            waiting = tx.outbox.waiting()
        return sum(self.writer.write_queued(cast(OwnRole, role), peer) for role, peer, _, _ in waiting)

    def work(self) -> int:
        """One pass of everything a node does by itself; returns how much moved."""
        moved = self.inbox.apply().entries
        if self.parent is not None and not self.writer.is_ready("own-up", self.parent.code):
            self.client.check_state()
        moved += self.write()
        if self.parent is not None:
            moved += self.client.push()
            moved += self.client.pull()
        return moved + self.inbox.apply().entries

    # --- looking -----------------------------------------------------------------------------------------------

    @property
    def effects(self) -> list[Effect]:
        """The events of type `TOLD` that took effect here, in order."""
        with self.database.transaction() as tx:
            return [value for key, value in tx.records.items() if key[0] == "effect"]

    def log(self, role: LogRole, peer: str = "") -> LogState:
        """The open epoch of one of its logs.

        Raises:
            AssertionError: there is none.
        """
        with self.database.transaction() as tx:
            found = tx.logs.find(role, peer)
        if found is None:
            raise AssertionError(f"{self.code} has no {role} {peer}")
        return found

    @property
    def alerts(self) -> set[str]:
        """Codes of every alert so far."""
        return {alert.code for alert in self.database.alerts}


class Network:
    """Nodes joined in a tree.

    Args:
        parents: parent's code by code, None for the one top; parents before their children. Levels go by depth.
        limits: of every node.
        name: of the network.

    Attributes:
        time: the true time.
        queued: every `TOLD` event that was to be queued, by id, whether that committed or not.
        shown: (origin, index) → (leaf, id) of every entry that was ever shown as received where it began.
    """

    def __init__(
        self,
        parents: Mapping[str, str | None],
        *,
        limits: Limits | None = None,
        name: str = "nantong.example",
    ) -> None:
        self.time = START
        self.limits = limits or Limits()
        self.queued: dict[str, Queued] = {}
        self.shown: dict[tuple[str, int], tuple[bytes, str]] = {}
        self._nodes: dict[str, SimNode] = {}
        self._depth: dict[str, int] = {}
        self.anchor = ""
        for code, parent in parents.items():
            self._add(name, code, parent)

    def node(self, code: str) -> SimNode:
        """The node with a code."""
        return self._nodes[code]

    @property
    def nodes(self) -> list[SimNode]:
        """Every node, parents before their children."""
        return list(self._nodes.values())

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.time += by

    def _add(self, network: str, code: str, parent: str | None) -> None:
        self._depth[code] = 0 if parent is None else self._depth[parent] + 1
        level = LEVELS[self._depth[code]]
        above = None if parent is None else self._nodes[parent]
        node = SimNode(self, Identity(network, code, level, NodeKeys.generate(), parent), above)
        self._nodes[code] = node
        if above is None:
            with node.database.transaction() as tx:
                found_top(tx, node.identity(), code, scope_of(code, level), self.time)
            self.anchor = node.identity().kid
        else:
            self._join(node, above)

    def _join(self, node: SimNode, parent: SimNode) -> None:
        identity = node.identity()
        with parent.database.transaction() as tx:
            invitation = invite(
                tx,
                parent.identity(),
                code=node.code,
                level=identity.level,
                name=node.code,
                parent_url=f"https://{parent.code}.example",
                anchor=self.anchor,
                now=parent.clock.now(),
            )
        chain = join(invitation, identity.keys, node.line, node.clock)
        if chain is None:
            raise AssertionError("a first enrolment is answered with a chain")
        with node.database.transaction() as tx:
            keep_chain(tx, identity, chain, invitation.anchor, node.clock.now())

    # --- running -----------------------------------------------------------------------------------------------

    def act(self, node: SimNode, action: Callable[[SimNode], Result]) -> Result | None:
        """Let a node do something; None when it crashed (it was restarted) or failed (see `node.errors`)."""
        try:
            return action(node)
        except Crash:
            node.restart()
        except FederationError as error:
            node.errors.append(error)
        finally:
            self.observe()
        return None

    def observe(self) -> None:
        """Note what the nodes show as received now; it must never be lost from here on."""
        for node in self.nodes:
            with node.database.transaction() as tx:
                for state in tx.logs.all("own-up"):
                    for entry in tx.logs.entries(state.origin, 0, state.receipted_size):
                        key = (state.origin, entry.index)
                        if key not in self.shown:
                            value = None if entry.line is None else canonical.load(entry.line)
                            found = value.get("id") if isinstance(value, dict) else ""
                            self.shown[key] = (entry.leaf, str(found))

    def settle(self, rounds: int = 30) -> None:
        """Make every line whole and let all nodes work until nothing moves; halted logs get their operator.

        Raises:
            AssertionError: it does not come to rest.
        """
        for node in self.nodes:
            node.line.heal()
            node.crash.disarm()
        still = 0
        for _ in range(rounds):
            moved = [self.act(node, SimNode.work) for node in reversed(self.nodes)]
            moved += [self._operate(node) for node in self.nodes]
            still = still + 1 if all(count == 0 for count in moved) else 0
            if still == STILL_ROUNDS:
                return
        errors = [(node.code, str(error)) for node in self.nodes for error in node.errors[-2:]]
        raise AssertionError(f"the network does not come to rest: {moved}, {errors}")

    def _operate(self, node: SimNode) -> int:
        """What the operators of a node and of its parent do about a halted `up` log; returns whether something."""
        if node.parent is None:
            return 0
        with node.database.transaction() as tx:
            state = tx.logs.find("own-up", node.parent.code)
        halted = "" if state is None else state.halted
        if halted == "foreign":
            self.act(node, lambda one: one.client.confirm_import())
        elif halted in ("behind", "diverged"):
            self.act(node, lambda one: one.client.open_epoch("own-up", "the log cannot go on"))
            self.act(node.parent, lambda one: _confirm_epoch(one, node.code))
        return 0 if halted == "" else 1


def _confirm_epoch(parent: SimNode, code: str) -> None:
    with parent.database.transaction() as tx:
        confirm_up_epoch(tx, code, parent.clock.now())
