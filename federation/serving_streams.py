"""A parent's side of the two streams: state, push, pull, receipt, read-back, give-back (federation.md §5).

Every function judges first and writes last. What is stored is one transaction: entries, head and receipt together, the
nonce with them. A head of this node's own log is in the head file before an answer shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from federation.answers import Answer, answer_json, answer_nothing, answer_text
from federation.errors import LogProofError, ProtocolError, SizeConflict
from federation.merkle import root_of
from federation.names import origin_up
from federation.note import Checkpoint, append_lines, sign_checkpoint
from federation.ports import Alert, LogState, Response, StoredEntry
from federation.roster import check_receipt_time
from federation.serving import Call, wire_time
from federation.serving_epochs import check_opening, refuse_unopened
from federation.stream import (
    MEDIA_TYPE,
    Extended,
    accept,
    countersign,
    decode_checkpoint,
    encode_checkpoint,
    new_log,
    open_note,
    pack_lines,
    unpack_lines,
    wire_lines,
)
from federation.subtrees import root_at
from federation.writer import BEHIND, open_log, own_node_keys, reimport, store_extended

DIVERGED = "diverged"
RANGE_QUERY = frozenset({"start", "limit", "epoch"})
EPOCH_QUERY = frozenset({"epoch"})
LONGEST_WAIT_S = 3600  # told in Retry-After


def peer_up(call: Call) -> LogState:
    """The open epoch of the caller's `up` log; an empty one, not stored yet, before its first entry."""
    state = call.up.get("open") or call.tx.logs.find("peer-up", call.code)
    if state is None:
        state = new_log(origin_up(call.name), "peer-up", call.code)
    call.up["open"] = state
    return state


def stream_fields(call: Call) -> tuple[tuple[str, str], ...]:
    """`Bianmin-Down` and `Bianmin-Up`: epoch and size of the open epochs."""
    down, up = open_log(call.tx, call.identity, "own-down", call.code), peer_up(call)
    return (("Bianmin-Down", f"{down.epoch} {down.size}"), ("Bianmin-Up", f"{up.epoch} {up.size}"))


# --- state ---------------------------------------------------------------------------------------------------


def answer_state(call: Call) -> Answer:
    """`GET …/state`."""
    call.query(frozenset())
    up, down = peer_up(call), open_log(call.tx, call.identity, "own-down", call.code)
    ledger = call.tx.logs.find("peer-ledger", call.code)
    return answer_json(
        {
            "up": _head_of(up),
            "down": {"epoch": down.epoch, "size": down.size},
            "ledger": _head_of(ledger),
            "parent_key": call.identity.kid,
            "server_time": wire_time(call.now),
            "statement_expires": wire_time(call.caller.member.expires),
        }
    )


def _head_of(state: LogState | None) -> dict[str, object]:
    """Epoch, size, and the note with the receipt or cosignature that was answered for it."""
    if state is None:
        return {"epoch": 1, "size": 0, "checkpoint": None}
    note = state.receipted_note if state.size > 0 else None
    return {"epoch": state.epoch, "size": state.size, "checkpoint": note}


# --- push ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Batch:
    """What a push, or a give-back, carries; nothing of it is verified."""

    start: int
    note: bytes
    lines: Sequence[bytes]
    size_bytes: int

    @property
    def origin(self) -> str:
        """The origin the note names; "" when it names none."""
        return self.note.partition(b"\n")[0].decode("utf-8", "replace")


def read_batch(call: Call) -> Batch:
    """Read fields and content of push form.

    Raises:
        ProtocolError: `malformed`, `media-type`, `too-large`.
    """
    call.check_media(MEDIA_TYPE)
    start = call.number_field("tlog-start")
    note = decode_checkpoint(call.header("tlog-checkpoint"))
    content = call.content()
    return Batch(start, note, unpack_lines(content, call.limits), len(content))


def push(call: Call) -> Answer:
    """`POST …/up`: store a batch, receipt everything held."""
    wanted = call.query(EPOCH_QUERY).get("epoch")
    batch, state = read_batch(call), peer_up(call)
    if batch.origin == origin_up(call.name, state.epoch + 1):
        refuse_unopened(call, state, batch.note, batch.start, batch.lines)
    if state.frozen or wanted not in (None, state.epoch):
        raise ProtocolError("checkpoint", 422, f"epoch {state.epoch if wanted is None else wanted} is closed")
    grown = _accept(call, state, batch)
    if state.epoch > 1 and state.size == 0:
        check_opening(call, state, batch.lines[0])
    count_day(call, f"{call.code}/entries", batch.size_bytes, call.limits.entry_bytes_per_day)
    identity = call.identity
    receipted, line = countersign(grown.state, identity.receipt_name, identity.keys.receipt, call.now)
    store_extended(call.tx, grown, receipted, call.now)
    call.up["open"] = receipted
    return answer_text(line)


def _accept(call: Call, state: LogState, batch: Batch) -> Extended:
    """Judge a batch; a signed note that proves a fork is kept."""
    try:
        return accept(state, batch.start, batch.note, batch.lines, call.caller.keys, call.limits)
    except ProtocolError as error:
        if error.code == "fork":
            keep_fork(call, state, batch.note)
        raise
    except SizeConflict:
        _look_for_fork(call, state, batch)
        raise


def _look_for_fork(call: Call, state: LogState, batch: Batch) -> None:
    """A head of the size held with another root proves a fork, though what is answered is the size."""
    checkpoint = open_note(batch.note, state.origin, call.caller.keys, call.limits)
    if checkpoint.size == state.size and checkpoint.root != root_of(state.compact):
        keep_fork(call, state, batch.note)


def keep_fork(call: Call, state: LogState, note: bytes) -> None:
    """Keep a signed note that contradicts what is held, for ever, and tell an operator."""
    call.tx.logs.evidence(state.origin, "fork", note.decode("utf-8"), call.now, f"held: {state.size}")
    detail = {"origin": state.origin, "size": state.size}
    call.tx.alert(Alert("log-fork", "critical", call.code, detail), call.now)


def count_day(call: Call, counter: str, count: int, limit: int) -> None:
    """Count towards a daily limit; the last judgement before something is stored.

    Raises:
        ProtocolError: `slow-down`, with the seconds to the next day (at most an hour); nothing is counted then.
    """
    now = call.now.astimezone(UTC)
    day = now.date().isoformat()
    if call.tx.blobs.count_bytes(counter, day, count) > limit:
        call.tx.blobs.count_bytes(counter, day, -count)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
        left = min(LONGEST_WAIT_S, int((midnight - now).total_seconds()) + 1)
        raise ProtocolError("slow-down", 429, f"at most {limit} bytes a day", retry_after_s=left)


# --- pull and read-back --------------------------------------------------------------------------------------


def _range(call: Call) -> tuple[int, int, int | None]:
    query = call.query(RANGE_QUERY)
    if "start" not in query or query.get("limit", 1) == 0 or query.get("epoch", 1) == 0:
        raise ProtocolError("malformed", 400, "start is needed; limit and epoch count from 1")
    most = call.limits.entries_per_batch
    return query["start"], min(query.get("limit", most), most), query.get("epoch")


def _read(call: Call, state: LogState, start: int, limit: int) -> list[StoredEntry]:
    """Entries from `start`, at most `limit`, together at most a batch's bytes (but at least one)."""
    entries = call.tx.logs.entries(state.origin, start, min(limit, state.size - start))
    left = call.limits.batch_bytes
    for count, line in enumerate(wire_lines(entries)):
        left -= len(line) + 1
        if left < 0 and count > 0:
            return entries[:count]
    return entries


def _lines(entries: Sequence[StoredEntry], start: int, note: str) -> Response:
    fields = (
        ("Content-Type", MEDIA_TYPE),
        ("Tlog-Start", str(start)),
        ("Tlog-Checkpoint", encode_checkpoint(note)),
    )
    return Response(200, fields, pack_lines(wire_lines(entries)))


def pull(call: Call) -> Answer:
    """`GET …/down`: this node's log to the caller, from where it stands."""
    start, limit, epoch = _range(call)
    state = _own_down(call, epoch)
    if start > state.size:
        raise SizeConflict(state.size)
    if state.halted == BEHIND:
        call.tx.logs.put(
            replace(state, halted="")
        )  # the caller holds no more than this node: nothing is lost
    if start == state.size:
        return answer_nothing()
    entries = _read(call, state, start, limit)
    stop = start + len(entries)
    root = root_of(state.compact) if stop == state.size else root_at(call.tx.logs, state, stop)
    note = sign_checkpoint(Checkpoint(state.origin, stop, root), call.identity.keys.node)
    return Answer(_lines(entries, start, note), {state.origin: state.note})


def _own_down(call: Call, epoch: int | None) -> LogState:
    if epoch is None:
        return open_log(call.tx, call.identity, "own-down", call.code)
    found = call.tx.logs.find("own-down", call.code, epoch)
    if found is not None:
        return found
    state = open_log(call.tx, call.identity, "own-down", call.code)
    if epoch != state.epoch:
        raise ProtocolError("not-found", 404, "there is no such epoch")
    return state


def read_back(call: Call) -> Answer:
    """`GET …/up`: the caller's own entries, under the latest note that was receipted."""
    start, limit, epoch = _range(call)
    state = peer_up(call) if epoch is None else call.tx.logs.find("peer-up", call.code, epoch)
    if state is None:
        state = peer_up(call)
        if epoch != state.epoch:
            raise ProtocolError("not-found", 404, "there is no such epoch")
    if start > state.size:
        raise SizeConflict(state.size)
    if start == state.size:
        return answer_nothing()
    return Answer(_lines(_read(call, state, start, limit), start, state.receipted_note))


# --- receipt and give-back -----------------------------------------------------------------------------------


def _named_down(call: Call, origin: str) -> LogState:
    """This node's `down` log to the caller that a note names; the open one when it names none of them."""
    found = call.tx.logs.get(origin)
    if found is not None and found.role == "own-down" and found.peer == call.code:
        return found
    return open_log(call.tx, call.identity, "own-down", call.code)


def receipt(call: Call) -> Answer:
    """`POST …/down/receipt`: the caller's receipt over a head of this node's log."""
    call.query(frozenset())
    note, lines = decode_checkpoint(call.header("tlog-checkpoint")), call.content()
    if len(lines) > call.limits.note_bytes:
        raise ProtocolError("too-large", 413, f"at most {call.limits.note_bytes} bytes here")
    state = _named_down(call, note.partition(b"\n")[0].decode("utf-8", "replace"))
    checkpoint = open_note(note, state.origin, own_node_keys(call.tx, call.identity), call.limits)
    if checkpoint.size > state.size:
        raise SizeConflict(state.size)
    if root_at(call.tx.logs, state, checkpoint.size) != checkpoint.root:
        raise _diverge(call, state, note)
    try:
        receipted = append_lines(note.decode("utf-8"), lines.decode("utf-8"))
        check_receipt_time(call.tx, receipted, f"{call.name}/receipt", call.code, "receipt")
    except (LogProofError, UnicodeDecodeError) as error:
        raise ProtocolError("checkpoint", 422, "no receipt by the caller's key") from error
    if checkpoint.size > state.receipted_size:
        call.tx.logs.put(replace(state, receipted_size=checkpoint.size, receipted_note=receipted))
    return answer_nothing()


def give_back(call: Call) -> Answer:
    """`POST …/down`: what this node lost of its own log, under its own checkpoint (§5 Loss)."""
    call.query(EPOCH_QUERY)
    batch = read_batch(call)
    state = _named_down(call, batch.origin)
    try:
        given = reimport(
            call.tx, call.identity, state, batch.start, batch.note, batch.lines, call.now, call.limits
        )
    except ProtocolError as error:
        if error.code == "fork":
            raise _diverge(call, state, batch.note) from error
        raise
    call.imported(call.tx, batch.lines)
    detail = {"origin": state.origin, "from": state.size, "to": given.size}
    call.tx.alert(Alert("log-given-back", "warning", call.code, detail), call.now)
    return Answer(Response(204), {given.origin: given.note})


def _diverge(call: Call, state: LogState, note: bytes) -> ProtocolError:
    """This node signed two histories (an old copy went on): the log is halted until an operator opens an epoch."""
    keep_fork(call, state, note)
    call.tx.logs.put(replace(state, halted=DIVERGED))
    return ProtocolError(DIVERGED, 422, "this node has written something else since; an operator must look")
