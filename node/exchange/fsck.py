"""Recomputing every log from its entries (`bianmin fsck`): what a disk, a restore or a hand in the database changed.

For each log: indexes without gaps, each leaf the hash of its line, the stored state's compact range, and the root of
the latest note and of the receipted note, all against the leaves; and the head file against the database. Reads only.
Source: federation.md §5 Loss (last sentence).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from federation.errors import LogProofError
from federation.merkle import Compact, append_leaves, leaf_hash, root_of
from federation.note import parse_checkpoint, split_note
from federation.ports import LogState
from node.exchange.stores import SqlTx

BATCH = 2_000
FaultKind = Literal["gap", "line", "size", "compact", "note", "receipt", "head-file", "unreadable"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not hold. `index` -1 where it is not about one entry."""

    origin: str
    kind: FaultKind
    index: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was recomputed: logs, entries, faults."""

    logs: int
    entries: int
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """Whether everything did."""
        return not self.faults


def check_logs(session: Session, stores: Callable[[Session], SqlTx], heads: Mapping[str, str]) -> Checked:
    """Recompute every log of this node in one reading session."""
    tx = stores(session)
    faults: list[Fault] = []
    entries = 0
    states = [state for state in tx.logs.all() if state.role != "peer-ledger"]
    for state in states:
        count, found = _check_log(tx, state)
        entries += count
        faults += found
    faults += _check_heads({state.origin: state for state in states}, heads)
    return Checked(len(states), entries, tuple(faults))


class _Growing:
    """A tree rebuilt leaf by leaf, its root remembered at the sizes that notes speak of."""

    def __init__(self, wanted: Collection[int]) -> None:
        self.size = 0
        self.compact: Compact = ()
        self.roots: dict[int, bytes] = {}
        self._wanted = wanted

    def append(self, leaf: bytes) -> None:
        """One more leaf hash."""
        self.compact, _ = append_leaves(self.size, self.compact, [leaf])
        self.size += 1
        if self.size in self._wanted:
            self.roots[self.size] = root_of(self.compact)


def _check_log(tx: SqlTx, state: LogState) -> tuple[int, list[Fault]]:
    grown = _Growing({size for size in map(_size_of, _notes(state)) if size > 0})
    faults: list[Fault] = []
    start = 0
    while True:
        batch = tx.logs.entries(state.origin, start, BATCH)
        for entry in batch:
            if entry.index != grown.size:
                return grown.size, [
                    *faults,
                    _fault(state, "gap", grown.size, "缺少这一条", "this entry is missing"),
                ]
            if entry.line is not None and leaf_hash(entry.line) != entry.leaf:
                zh, en = "内容与叶哈希不符", "the line does not have its leaf hash"
                faults.append(_fault(state, "line", entry.index, zh, en))
            grown.append(entry.leaf)
        if len(batch) < BATCH:
            break
        start += BATCH
    return grown.size, [*faults, *_compare(state, grown)]


def _notes(state: LogState) -> list[str]:
    return [note for note in (state.note, state.receipted_note) if note]


def _size_of(note: str) -> int:
    """The size a note states; -1 when it cannot be read."""
    try:
        return parse_checkpoint(split_note(note)[0]).size
    except LogProofError:
        return -1


def _compare(state: LogState, grown: _Growing) -> list[Fault]:
    faults = []
    if grown.size != state.size:
        zh = f"登记 {state.size} 条,实有 {grown.size} 条"
        en = f"{state.size} entries are stated, {grown.size} are there"
        faults.append(_fault(state, "size", -1, zh, en))
    elif grown.compact != state.compact:
        zh, en = "存储的树根与条目不符", "the stored tree does not fit the entries"
        faults.append(_fault(state, "compact", -1, zh, en))
    zh, en = "检查点与条目不符", "the checkpoint does not fit the entries"
    if state.note and not _note_holds(state.note, grown.roots):
        faults.append(_fault(state, "note", -1, zh, en))
    if state.receipted_note and not _note_holds(state.receipted_note, grown.roots):
        faults.append(_fault(state, "receipt", -1, zh, en))
    return faults


def _note_holds(note: str, roots: Mapping[int, bytes]) -> bool:
    try:
        checkpoint = parse_checkpoint(split_note(note)[0])
    except LogProofError:
        return False
    return checkpoint.size == 0 or roots.get(checkpoint.size) == checkpoint.root


def _check_heads(states: Mapping[str, LogState], heads: Mapping[str, str]) -> list[Fault]:
    faults = []
    for origin, note in heads.items():
        if origin.startswith("cosigned:"):
            continue
        state, size = states.get(origin), _size_of(note)
        held = 0 if state is None else state.size
        if size < 0:
            faults.append(Fault(origin, "unreadable", -1, "头文件里的检查点读不出", "a head cannot be read"))
        elif size > held:
            zh = f"头文件记到第 {size} 条,数据库只有 {held} 条:数据库可能是旧备份"
            en = f"the head file says {size}, the database has {held}: it may be an old backup"
            faults.append(Fault(origin, "head-file", -1, zh, en))
        elif state is not None and size == held and _text(note) != _text(state.note):
            zh, en = "头文件与数据库不一致", "the head file differs from the database"
            faults.append(Fault(origin, "head-file", -1, zh, en))
    return faults


def _text(note: str) -> str:
    return split_note(note)[0]


def _fault(state: LogState, kind: FaultKind, index: int, zh: str, en: str) -> Fault:
    return Fault(state.origin, kind, index, zh, en)
