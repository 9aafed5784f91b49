"""The sequencer: places, numbers, one signature a group, and what must be known before it writes (§5 Writing, Loss)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

import pytest

from federation import canonical
from federation.errors import ProtocolError
from federation.event import parse_entry
from federation.events import check_schema
from federation.keys import Identity
from federation.memory_stores import MemoryDatabase
from federation.merkle import leaf_hash, root_of, tree_root
from federation.note import Checkpoint, open_checkpoint, sign_checkpoint
from federation.ports import Limits, LogRole, LogState
from federation.stream import LogClosedError, erased_line
from federation.writer import LogWriter, append_signed, open_log, own_node_keys, reimport
from tests.unit.federation.members import COUNTY, NOW, TOWNSHIP, VILLAGE, keys_of, name_of

LIMITS = Limits()
ME = Identity("nantong.example", TOWNSHIP, "township", keys_of(TOWNSHIP), COUNTY)
UP_ORIGIN = f"{name_of(TOWNSHIP)}/up/1"
DOWN_ORIGIN = f"{name_of(TOWNSHIP)}/down/{VILLAGE}/1"


class Heads:
    """A head file in memory that remembers in what order things were saved."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def load(self) -> dict[str, str]:
        return dict(self.kept)

    def save(self, heads: Mapping[str, str]) -> None:
        self.kept.update(heads)


class StillClock:
    def now(self) -> object:
        return NOW


class Bench:
    def __init__(self) -> None:
        self.database, self.heads = MemoryDatabase(), Heads()
        self.writer = self.start()

    def start(self) -> LogWriter:
        """The sequencer as it is after a start of the node."""
        self.writer = LogWriter(lambda: ME, self.database, self.heads, StillClock(), LIMITS)  # type: ignore[arg-type]
        return self.writer

    def queue(self, subject: str, *, role: str = "own-up", **changes: object) -> str:
        entry: dict[str, object] = {
            "role": role,
            "peer": COUNTY if role == "own-up" else VILLAGE,
            "id": str(uuid.uuid4()),
            "type": "case.status.v1",
            "subject": subject,
            "destination": COUNTY if role == "own-up" else VILLAGE,
            "time": "2026-11-24T06:30:00Z",
            "data": canonical.dump({"seq": 999_999_999_999_999, "text": '"seq":999999999999999,'}),
            **changes,
        }
        with self.database.transaction() as tx:
            tx.outbox.queue(**entry)  # type: ignore[arg-type]
        return str(entry["id"])

    def state(self, role: LogRole = "own-up") -> LogState:
        with self.database.transaction() as tx:
            return open_log(tx, ME, role, COUNTY if role == "own-up" else VILLAGE)

    def lines(self, origin: str = UP_ORIGIN) -> list[bytes]:
        with self.database.transaction() as tx:
            return [entry.line or b"" for entry in tx.logs.entries(origin, 0, 10_000)]

    def waiting(self) -> int:
        with self.database.transaction() as tx:
            return sum(count for _, _, count, _ in tx.outbox.waiting())


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.writer.ready("own-up", COUNTY)
    return made


def test_queued_entries_get_place_and_number_and_one_head(bench: Bench) -> None:
    ids = [bench.queue(subject) for subject in ("a", "b", "a", "a")]
    assert bench.writer.write_queued("own-up", COUNTY) == 4
    entries = [parse_entry(line) for line in bench.lines()]
    assert [(entry.id, entry.seq) for entry in entries] == list(zip(ids, [1, 1, 2, 3], strict=True))
    assert {entry.source for entry in entries} == {name_of(TOWNSHIP)}
    assert all(canonical.is_canonical(line) for line in bench.lines())
    state = bench.state()
    checkpoint = open_checkpoint(state.note, UP_ORIGIN, [ME.keys.public.node])
    assert (checkpoint.size, checkpoint.root) == (4, tree_root([leaf_hash(line) for line in bench.lines()]))
    assert checkpoint.root == root_of(state.compact)
    assert bench.heads.kept == {UP_ORIGIN: state.note}
    assert bench.waiting() == 0


def test_data_that_looks_like_a_number_stays_as_it_is(bench: Bench) -> None:
    bench.queue("a")
    bench.writer.write_queued("own-up", COUNTY)
    entry = parse_entry(bench.lines()[0])
    assert entry.data == {"seq": 999_999_999_999_999, "text": '"seq":999999999999999,'}
    assert entry.seq == 1


def test_numbers_go_on_from_group_to_group_and_count_each_destination(bench: Bench) -> None:
    for destination in (COUNTY, COUNTY, "320600000000"):
        bench.queue("a", destination=destination)
        bench.writer.write_queued("own-up", COUNTY)
    assert [parse_entry(line).seq for line in bench.lines()] == [1, 2, 1]


def test_a_relay_has_no_number(bench: Bench) -> None:
    bench.queue("a", type="relay.v1")
    bench.writer.write_queued("own-up", COUNTY)
    assert "seq" not in json.loads(bench.lines()[0])


def test_a_group_is_no_larger_than_asked_for(bench: Bench) -> None:
    for _ in range(5):
        bench.queue("a")
    assert [bench.writer.write_queued("own-up", COUNTY, limit=2) for _ in range(4)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"data": b'{"a":1.5}'},
        {"type": "Wrong"},
        {"subject": "x" * 257},
        {"data": b'{"a":"%b"}' % (b"x" * 32768)},
    ],
)
def test_what_no_receiver_would_take_is_kept_as_evidence_and_holds_nothing_up(
    bench: Bench, changes: dict[str, object]
) -> None:
    bench.queue(**{"subject": "a", **changes})  # type: ignore[arg-type]
    good = bench.queue("b")
    assert bench.writer.write_queued("own-up", COUNTY) == 2
    assert [parse_entry(line).id for line in bench.lines()] == [good]
    assert [alert.code for alert in bench.database.alerts] == ["entry-unwritable"]
    assert bench.waiting() == 0


def test_data_is_held_against_what_the_receiver_will_ask(bench: Bench) -> None:
    bench.writer = LogWriter(lambda: ME, bench.database, bench.heads, StillClock(), LIMITS, check_schema)  # type: ignore[arg-type]
    bench.writer.ready("own-up", COUNTY)
    bench.queue("a")
    good = bench.queue("a", type="unheard.of.v1")
    bench.writer.write_queued("own-up", COUNTY)
    assert [parse_entry(line).id for line in bench.lines()] == [good]
    assert [parse_entry(line).seq for line in bench.lines()] == [1]


def test_nothing_goes_up_before_state_has_answered() -> None:
    bench = Bench()
    bench.queue("a")
    assert bench.writer.write_queued("own-up", COUNTY) == 0
    bench.writer.ready("own-up", COUNTY)
    assert bench.writer.write_queued("own-up", COUNTY) == 1
    bench.queue("a")
    bench.writer.hold("own-up", COUNTY)
    assert (bench.writer.write_queued("own-up", COUNTY), bench.waiting()) == (0, 1)


def test_a_down_log_is_written_at_once(bench: Bench) -> None:
    bench.queue("a", role="own-down")
    assert bench.writer.write_queued("own-down", VILLAGE) == 1
    assert bench.state("own-down").size == 1


def test_a_crash_before_the_commit_leaves_everything_queued(bench: Bench) -> None:
    bench.queue("a")

    def crash(point: str) -> None:
        if point == "before-commit":
            raise RuntimeError("power is gone")

    bench.database.at_point = crash
    with pytest.raises(RuntimeError):
        bench.writer.write_queued("own-up", COUNTY)
    bench.database.at_point = lambda point: None
    assert (bench.waiting(), bench.lines(), bench.heads.kept) == (1, [], {})
    assert bench.writer.write_queued("own-up", COUNTY) == 1
    assert parse_entry(bench.lines()[0]).seq == 1


def test_a_closed_log_raises_for_whoever_writes_it(bench: Bench) -> None:
    halt(bench)
    with bench.database.transaction() as tx, pytest.raises(LogClosedError):
        append_signed(tx, ME, open_log(tx, ME, "own-down", VILLAGE), [b"{}"], NOW, LIMITS)


def halt(bench: Bench) -> None:
    bench.queue("a", role="own-down")
    bench.writer.write_queued("own-down", VILLAGE)
    bench.heads.kept.clear()
    assert not bench.start().check_heads().is_good


# --- start-up ------------------------------------------------------------------------------------------------


def test_a_fresh_node_may_write_its_ledger_at_once() -> None:
    bench = Bench()
    assert bench.writer.check_heads().is_good
    assert bench.writer.is_ready("own-ledger", "")
    assert not bench.writer.is_ready("own-up", COUNTY)


def test_a_head_file_that_agrees_lets_everything_go_on(bench: Bench) -> None:
    bench.queue("a", role="own-down")
    bench.writer.write_queued("own-down", VILLAGE)
    assert bench.start().check_heads().is_good
    bench.queue("a", role="own-down")
    assert bench.writer.write_queued("own-down", VILLAGE) == 1


def test_a_database_behind_its_head_file_halts_every_down_log(bench: Bench) -> None:
    bench.queue("a", role="own-down")
    bench.writer.write_queued("own-down", VILLAGE)
    bench.queue("a")
    backup = bench.database.backup()
    bench.writer.write_queued("own-up", COUNTY)
    bench.database.restore(backup)
    found = bench.start().check_heads()
    assert (found.is_missing, found.ahead) == (False, (UP_ORIGIN,))
    assert not bench.writer.is_ready("own-ledger", "")
    bench.queue("b", role="own-down")
    assert bench.writer.write_queued("own-down", VILLAGE) == 0
    assert bench.state("own-down").halted == "behind"
    assert [alert.code for alert in bench.database.alerts] == ["database-behind"]


def test_a_missing_head_file_halts_too(bench: Bench) -> None:
    halt(bench)
    assert bench.state("own-down").halted == "behind"
    assert not bench.writer.is_ready("own-ledger", "")
    assert [alert.code for alert in bench.database.alerts] == ["head-file-missing"]


# --- taking back what was lost -------------------------------------------------------------------------------


def test_what_was_lost_comes_back_with_its_numbers_and_leaves_the_queue(bench: Bench) -> None:
    bench.queue("a")
    bench.writer.write_queued("own-up", COUNTY)
    bench.queue("a")
    backup = bench.database.backup()
    bench.queue("a")
    bench.queue("b")
    bench.writer.write_queued("own-up", COUNTY)
    lost, note = bench.lines()[1:], bench.state().note
    bench.database.restore(backup)
    with bench.database.transaction() as tx:
        state = reimport(tx, ME, open_log(tx, ME, "own-up", COUNTY), 1, note, lost, NOW, LIMITS)
    assert (state.size, state.note) == (4, note)
    assert bench.waiting() == 0
    bench.queue("a")
    bench.queue("b")
    bench.writer.write_queued("own-up", COUNTY)
    assert [parse_entry(line).seq for line in bench.lines()] == [1, 2, 3, 1, 4, 2]


def test_an_erased_line_comes_back_erased(bench: Bench) -> None:
    bench.queue("a")
    backup = bench.database.backup()
    bench.writer.write_queued("own-up", COUNTY)
    note, line = bench.state().note, bench.lines()[0]
    bench.database.restore(backup)
    with bench.database.transaction() as tx:
        lines = [erased_line(leaf_hash(line))]
        state = reimport(tx, ME, open_log(tx, ME, "own-up", COUNTY), 0, note, lines, NOW, LIMITS)
        (entry,) = tx.logs.entries(UP_ORIGIN, 0, 10)
    assert (state.size, entry.line, entry.leaf) == (1, None, leaf_hash(line))


def test_nothing_comes_back_under_another_nodes_signature(bench: Bench) -> None:
    note = sign_checkpoint(Checkpoint(UP_ORIGIN, 1, leaf_hash(b"{}")), keys_of(COUNTY).node)
    with bench.database.transaction() as tx:
        with pytest.raises(ProtocolError) as caught:
            reimport(tx, ME, open_log(tx, ME, "own-up", COUNTY), 0, note, [b"{}"], NOW, LIMITS)
        assert own_node_keys(tx, ME) == [ME.keys.public.node]
    assert caught.value.code == "checkpoint"
