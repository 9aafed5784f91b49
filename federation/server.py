"""The parent's side of the wire, from a request to its answer (federation.md §3–§7). No framework, no I/O but the ports.

    GET    /.well-known/bianmin                       public
    POST   /federation/v1/enrolment                   signed by the key in its body
    GET    /federation/v1/nodes/{code}/state          signed, {code} the caller's own; so are the rest
    POST   /federation/v1/nodes/{code}/up             push               GET  …/up      read-back
    GET    /federation/v1/nodes/{code}/down           pull               POST …/down    give-back
    POST   /federation/v1/nodes/{code}/down/receipt   receipt
    POST   /federation/v1/nodes/{code}/statement      renewal, rotation
    HEAD, PATCH, GET  /federation/v1/blobs/{sha256}   attachments
    POST   /witness/add-checkpoint, GET /witness/{sha256 of origin}/checkpoint       C2SP tlog-witness, public

A signed request is one transaction, opened when its signature has held: nonce, judgement, entries, head and receipt
commit together. A refusal commits too, with the nonce, evidence and alerts and nothing else; any other exception rolls
everything back. Heads go into the head file after the commit and before the answer. Two pushes at once cannot both
succeed: whoever reads a log's state in a writing transaction holds it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from federation import faultpoints
from federation.answers import Answer, answer_refusal
from federation.errors import ProtocolError, SizeConflict, TrustError
from federation.gate import SMALL_BODY, Arrival, Gate, check_length
from federation.keys import Identity
from federation.names import is_code
from federation.ports import Clock, Database, HeadFile, Limits, Request, Response, Tx
from federation.serving import Call
from federation.serving_blobs import BlobDesk, is_blob_name
from federation.serving_members import answer_enrolment, answer_public, answer_statement, arrive_to_enrol
from federation.serving_streams import (
    answer_state,
    give_back,
    pull,
    push,
    read_back,
    receipt,
    stream_fields,
)
from federation.sigbase import check_target
from federation.witness import add_checkpoint, get_checkpoint
from federation.writer import Imported, nothing_imported

WELL_KNOWN = "/.well-known/bianmin"
ENROLMENT = "/federation/v1/enrolment"
NODES = "/federation/v1/nodes/"
BLOBS = "/federation/v1/blobs/"
WITNESS = "/witness/"
WITNESS_BODY = 65_536  # bytes
HEARD_AGAIN = timedelta(seconds=30)
"""How often at most it is written down when a child was last heard."""

READING = ("GET", "HEAD")

Endpoint = Callable[[Call], Answer]

_NODE_ENDPOINTS: Mapping[str, Mapping[str, Endpoint]] = {
    "state": {"GET": answer_state},
    "up": {"POST": push, "GET": read_back},
    "down": {"GET": pull, "POST": give_back},
    "down/receipt": {"POST": receipt},
    "statement": {"POST": answer_statement},
}
_LARGE_BODIES = frozenset({("POST", "up"), ("POST", "down")})


def _not_found() -> ProtocolError:
    return ProtocolError("not-found", 404, "there is nothing here")


def _wrong_method() -> ProtocolError:
    return ProtocolError("malformed", 400, "not a method of this address")


def _one_of(methods: Mapping[str, Endpoint], method: str) -> Endpoint:
    if method not in methods:
        raise _wrong_method()
    return methods[method]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a signed request goes, by its path alone: `code` and `tail` under /nodes/, or `sha256` under /blobs/."""

    code: str = ""
    tail: str = ""
    sha256: str = ""


def _target_of(path: str) -> _Target:
    """Read a path under /federation/; all empty when there is nothing at it."""
    if path.startswith(NODES):
        code, _, tail = path.removeprefix(NODES).partition("/")
        return _Target(code=code, tail=tail) if is_code(code) and tail in _NODE_ENDPOINTS else _Target()
    sha256 = path.removeprefix(BLOBS)
    return _Target(sha256=sha256) if path.startswith(BLOBS) and is_blob_name(sha256) else _Target()


class Server:
    """Answers requests. Safe for several threads; one for each node.

    Args:
        identity: read anew at every request, since keys rotate.
        heads: the head file.
        imported: brings the node's records up to own entries that a child gave back.
    """

    def __init__(
        self,
        identity: Callable[[], Identity],
        database: Database,
        heads: HeadFile,
        clock: Clock,
        limits: Limits,
        *,
        imported: Imported = nothing_imported,
    ) -> None:
        self._identity = identity
        self._database = database
        self._heads = heads
        self._clock = clock
        self._limits = limits
        self._imported = imported
        self._gate = Gate(database, limits)
        self._blobs = BlobDesk()
        self._lock = threading.Lock()
        self._saved: dict[str, str] = {}
        self._refusals: Counter[str] = Counter()

    # --- in and out ------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer a complete request to any path of this contract.

        A `TransportError` or an exception of the storage is not caught: nothing was changed then, and the caller may
        answer 503 `busy`.
        """
        try:
            answer = self._answer(request)
        except (ProtocolError, SizeConflict) as error:
            answer = self._refused(error)
        except TrustError as error:
            answer = self._refused(ProtocolError("scope", 403, error.detail))
        self._save(answer.heads)
        return answer.response

    def before_body(self, request: Request) -> Response | None:
        """Answer a request whose body has not been read, when it can be refused already.

        Args:
            request: with an empty body; its Content-Length says what is to come.

        Returns:
            The refusal (unknown key, too long, misformed fields), or None: read the body, then `handle`.
        """
        try:
            check_target(request)
            if request.path.startswith("/federation/") and request.path != ENROLMENT:
                self._gate.before_body(request, self._body_limit(request))
            else:
                check_length(request, self._body_limit(request))
        except (ProtocolError, SizeConflict) as error:
            return self._refused(error).response
        return None

    def refusals(self) -> Mapping[str, int]:
        """How many requests were refused since start-up, by problem name (`size` for a 409)."""
        with self._lock:
            return dict(self._refusals)

    def _refused(self, error: ProtocolError | SizeConflict) -> Answer:
        with self._lock:
            self._refusals[error.code] += 1
        return answer_refusal(error)

    def _save(self, heads: Mapping[str, str]) -> None:
        """Head file before answer. What it is known to hold already is not asked of it again."""
        fresh = {origin: note for origin, note in heads.items() if self._saved.get(origin) != note}
        if len(fresh) > 0:
            self._heads.save(fresh)
            self._saved.update(fresh)

    def _body_limit(self, request: Request) -> int:
        if request.path == ENROLMENT:
            return self._limits.enrolment_body_bytes
        if request.path.startswith(WITNESS):
            return WITNESS_BODY
        target = _target_of(request.path)
        is_large = (request.method, target.tail) in _LARGE_BODIES or target.sha256 != ""
        return self._limits.batch_bytes if is_large else SMALL_BODY

    # --- what needs no key that is known ---------------------------------------------------------------------

    def _answer(self, request: Request) -> Answer:
        check_target(request)
        if request.path == ENROLMENT:
            return self._enrol(request)
        if request.path.startswith("/federation/"):
            return self._signed(request)
        check_length(request, self._body_limit(request))
        if request.path == WELL_KNOWN:
            if request.method not in READING:
                raise _wrong_method()
            with self._database.transaction() as tx:
                return answer_public(tx, self._identity(), self._limits)
        if request.path.startswith(WITNESS):
            return self._witness(request)
        raise _not_found()

    def _enrol(self, request: Request) -> Answer:
        if request.method != "POST":
            raise _wrong_method()
        identity, now = self._identity(), self._clock.now()
        arrive_to_enrol(request, identity, now, self._limits)
        with self._database.transaction() as tx:
            try:
                return answer_enrolment(tx, identity, request, now)
            except ProtocolError as error:
                return self._refused(error)  # the count of wrong tokens and the alert are committed

    def _witness(self, request: Request) -> Answer:
        tail = request.path.removeprefix(WITNESS)
        origin_hash, slash, rest = tail.partition("/")
        if tail == "add-checkpoint":
            if request.method != "POST":
                raise _wrong_method()
            with self._database.transaction() as tx:
                now = self._clock.now()
                return Answer(add_checkpoint(tx, self._identity(), self._heads, request.body, now))
        if slash == "" or rest != "checkpoint":
            raise _not_found()
        if request.method not in READING:
            raise _wrong_method()
        with self._database.transaction() as tx:
            return Answer(get_checkpoint(tx, origin_hash))

    # --- signed requests -------------------------------------------------------------------------------------

    def _signed(self, request: Request) -> Answer:
        identity, now = self._identity(), self._clock.now()
        arrival = self._gate.arrive(request, self._body_limit(request), now)
        target = _target_of(request.path)
        with self._database.transaction() as tx:
            try:
                call = self._admit(tx, identity, arrival, target, now)
            except ProtocolError as error:
                return self._refused(error)
            try:
                answer = self._serve(call, target)
                self._heard(call)
            except (ProtocolError, SizeConflict) as error:
                answer = self._refused(error)
            if target.code == "":
                return answer
            fields = stream_fields(call)
        if target.tail == "up" and request.method == "POST":
            faultpoints.reach("push.after-commit")
        headers = (*answer.response.headers, *fields)
        return replace(answer, response=replace(answer.response, headers=headers))

    def _admit(self, tx: Tx, identity: Identity, arrival: Arrival, target: _Target, now: datetime) -> Call:
        """From the nonce to the path.

        Raises:
            ProtocolError: the first check that fails; the nonce stays spent.
        """
        renewing = target.tail == "statement" and arrival.request.method == "POST"
        caller = self._gate.admit(tx, identity, arrival, now, may_be_expired=renewing)
        if target == _Target():
            raise _not_found()
        if caller.member.direct != "child" or target.code not in ("", caller.member.code):
            raise ProtocolError("scope", 403, "a child of this node speaks for itself only")
        return Call(tx, identity, arrival, caller, self._gate, self._limits, now, self._imported)

    def _serve(self, call: Call, target: _Target) -> Answer:
        method = call.arrival.request.method
        if target.sha256 == "":
            return _one_of(_NODE_ENDPOINTS[target.tail], method)(call)
        desk = {"HEAD": self._blobs.head, "GET": self._blobs.get, "PATCH": self._blobs.patch}
        if method not in desk:
            raise _wrong_method()
        return desk[method](call, target.sha256)

    def _heard(self, call: Call) -> None:
        before = call.caller.member.last_heard
        if before is not None and timedelta(0) <= call.now - before < HEARD_AGAIN:
            return
        member = call.tx.members.get(call.code)  # read again: a renewal has replaced it
        if member is not None:
            call.tx.members.put(replace(member, last_heard=call.now))
