"""The judge of federation.md §9 over the databases of a whole network: what must hold, whatever happened.

`violations` may be asked of stopped nodes at any time, `unfinished` once everything has come to rest, `readable` for
what may stand readable in no file. All answer with sentences; none means that it holds. Everything is opened for reading
only.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from config.loading import load_settings
from federation import canonical
from federation.ports import LogState, StoredEntry
from node.container import Container, build
from tests.support.checking_cases import CaseView, case_violations, open_ends, read_cases

EVERYTHING = 1_000_000  # more than any test writes
OWN, PEER = ("own-up", "own-down"), ("peer-up", "peer-down")
RELAY = "relay.v1"


@dataclass(frozen=True, slots=True)
class Sent:
    """An entry of an own log that its owner wrote for somebody."""

    origin: str
    index: int
    sender: str
    receiver: str
    id: str
    destination: str
    subject: str
    seq: int
    leaf: bytes
    is_receipted: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What a node's inbox says took effect, in the order in which it did."""

    origin: str
    destination: str
    subject: str
    seq: int
    id: str
    leaf: bytes


@dataclass
class NodeView:
    """What one stopped node holds."""

    code: str
    faults: list[str] = field(default_factory=list)
    logs: dict[str, LogState] = field(default_factory=dict)
    entries: dict[str, list[StoredEntry]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    cases: CaseView = field(default_factory=CaseView)

    def sent(self) -> Iterator[Sent]:
        """Its own entries but relays, of every epoch."""
        for origin, state in self.logs.items():
            if state.role not in OWN:
                continue
            for entry in self.entries[origin]:
                value = {} if entry.line is None else canonical.load_object(entry.line)
                if value.get("type", RELAY) != RELAY:
                    yield Sent(
                        origin,
                        entry.index,
                        self.code,
                        state.peer,
                        str(value["id"]),
                        str(value["destination"]),
                        str(value["subject"]),
                        int(value["seq"]),
                        entry.leaf,
                        entry.index < state.receipted_size,
                    )


def read_node(node: Container) -> NodeView:
    """Everything the judge asks of a node, in one reading transaction."""
    view = NodeView(node.identity.code)
    checked = node.repair.check()
    view.faults = [f"fsck: {view.code} {fault.origin} {fault.kind} {fault.index}" for fault in checked.faults]
    with node.database.reading() as session:
        tx = node.stores.within(session)
        for state in tx.logs.all():
            view.logs[state.origin] = state
            held = "ledger" not in state.role
            view.entries[state.origin] = tx.logs.entries(state.origin, 0, EVERYTHING) if held else []
            cursor = tx.inbox.cursor(state.origin)
            if state.role in PEER and cursor < state.size:
                view.waiting.append(f"{state.size - cursor} entries of {state.origin} are not applied")
            if state.frozen:
                continue
            if state.role in OWN and state.receipted_size < state.size:
                view.waiting.append(f"{state.origin} has no receipt after {state.receipted_size}")
            if state.halted:
                view.waiting.append(f"{state.origin} is halted: {state.halted}")
        view.waiting += [f"{count} entries to {peer} are queued" for _, peer, count, _ in tx.outbox.waiting()]
        view.waiting += [f"{one.origin} {one.index} waits: {one.why}" for one in tx.inbox.list_held()]
        view.waiting += [f"{one.origin} {one.index} aside: {one.reason}" for one in tx.inbox.list_set_aside()]
        rows = session.execute(text(_EFFECTS))
        view.effects = [Effect(*row[:5], bytes(row[5])) for row in rows]
        view.cases = read_cases(session)
    return view


_EFFECTS = """
SELECT o.origin, a.destination, a.subject, a.seq, a.entry_id, a.leaf FROM inbox_applied AS a
JOIN stream_origin AS o ON o.id = a.log_id ORDER BY a.rowid
"""  # SQLite gives row numbers in the order of insertion


def read_folders(folders: Iterable[Path]) -> list[NodeView]:
    """The nodes of these data folders, one opened after the other."""
    views = []
    for folder in folders:
        with ExitStack() as stack:
            node = build(load_settings(folder, {}))
            stack.callback(node.close)
            views.append(read_node(node))
    return views


# --- at any time ---------------------------------------------------------------------------------------------


def violations(nodes: Sequence[NodeView], shown: Iterable[str] = ()) -> list[str]:
    """What must hold at any time.

    Args:
        shown: ids of offers that somebody was shown as received.
    """
    found = [fault for node in nodes for fault in node.faults]
    found += _copies(nodes)
    for node in nodes:
        found += [*_repeated(node), *_disordered(node)]
    found += _invented(nodes)
    return found + case_violations({node.code: node.cases for node in nodes}, frozenset(shown))


def _copies(nodes: Sequence[NodeView]) -> Iterator[str]:
    """What two nodes hold of a log is the same, byte for byte; what has a receipt is held by who gave it."""
    by_code = {node.code: node for node in nodes}
    for owner in nodes:
        for origin, state in owner.logs.items():
            other = by_code.get(state.peer)
            if state.role not in OWN or other is None:
                continue
            mine, theirs = owner.entries[origin], other.entries.get(origin, [])
            if len(theirs) < state.receipted_size:
                yield f"lost: {other.code} holds {len(theirs)} of {state.receipted_size} receipted of {origin}"
            for one, copy in zip(mine, theirs, strict=False):
                if (one.leaf, one.line) != (copy.leaf, copy.line):
                    yield f"forked: {owner.code} and {other.code} differ at {origin} {one.index}"


def _repeated(node: NodeView) -> Iterator[str]:
    """Each entry takes effect once."""
    counts = Counter((effect.origin, effect.id) for effect in node.effects)
    for (log, entry_id), count in counts.items():
        if count > 1:
            yield f"doubled: {entry_id} of {log} took effect {count} times at {node.code}"


def _disordered(node: NodeView) -> Iterator[str]:
    """In order, per subject."""
    last: dict[tuple[str, str, str], int] = defaultdict(int)
    for effect in node.effects:
        flow = (effect.origin, effect.destination, effect.subject)
        if effect.seq != last[flow] + 1:
            yield f"disordered: {effect.subject} of {effect.origin} at {node.code}: {effect.seq} after {last[flow]}"
        last[flow] = effect.seq


def _invented(nodes: Sequence[NodeView]) -> Iterator[str]:
    """Nothing took effect but what somebody wrote, as it was written."""
    written = {(one.origin, one.id): one for node in nodes for one in node.sent()}
    known = {origin for node in nodes for origin in node.logs if node.logs[origin].role in OWN}
    for node in nodes:
        for effect in node.effects:
            one = written.get((effect.origin, effect.id))
            if effect.origin not in known:
                continue
            if one is None or one.leaf != effect.leaf:
                yield f"invented: {effect.id} of {effect.origin} at {node.code}"
            elif one.destination not in (node.code, "*"):
                yield f"misdelivered: {effect.id} for {one.destination} took effect at {node.code}"


# --- at rest -------------------------------------------------------------------------------------------------


def unfinished(nodes: Sequence[NodeView], shown: Iterable[str] = ()) -> list[str]:
    """What is still on its way, or never arrived where it should have."""
    found = [f"waiting: {node.code}: {sentence}" for node in nodes for sentence in node.waiting]
    by_code = {node.code: {(one.origin, one.id) for one in node.effects} for node in nodes}
    for node in nodes:
        for sent in node.sent():
            destination = sent.receiver if sent.destination == "*" else sent.destination
            if destination in by_code and (sent.origin, sent.id) not in by_code[destination]:
                word = "lost" if sent.is_receipted else "undone"
                found.append(f"{word}: {sent.id} of {sent.sender} took no effect at {destination}")
    return found + open_ends({node.code: node.cases for node in nodes}, frozenset(shown))


# --- files ---------------------------------------------------------------------------------------------------


def readable(folders: Mapping[str, Path], secrets: Iterable[str]) -> list[str]:
    """Where one of these texts stands readable in a file: as UTF-8, as JSON escapes, or as UTF-16."""
    forms = {secret: tuple(dict.fromkeys(form(secret) for form in _FORMS)) for secret in secrets}
    found = []
    for code, folder in folders.items():
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            for secret, wanted in forms.items():
                if any(form in content for form in wanted):
                    found.append(f"readable: {secret!r} in {path.relative_to(folder)} of {code}")
    return found


_FORMS: tuple[Callable[[str], bytes], ...] = (
    lambda secret: secret.encode("utf-8"),
    lambda secret: json.dumps(secret)[1:-1].encode("ascii"),
    lambda secret: secret.encode("utf-16-le"),
    lambda secret: secret.encode("utf-16-be"),
)


def secrets_of(applicant: Mapping[str, Any]) -> list[str]:
    """What of an applicant may stand readable nowhere."""
    return [str(value) for name, value in applicant.items() if name != "kind" and len(str(value)) > 1]
