"""Calls to the parent: signed anew at every sending, refusals told apart, wrong clocks put right (federation.md §4).

An answer has no authority of its own: it never makes this node discard anything, stop retrying, or move its clock. Of
what an unsigned answer says only this is used: sizes, as a hint where to resume (a wrong one costs another call); and
`delta_s` of a `skew` refusal, within limits, once an hour, for the time this node signs with and nothing else.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import canonical
from federation.enrolment import is_loopback
from federation.errors import CanonicalError, FederationError, ProtocolError, SizeConflict, TransportError
from federation.httpsig import sign_request
from federation.keys import Identity
from federation.ports import Clock, Transport
from federation.records import Alert, Request, Response

__all__ = ["NoParentError", "Seen", "Uplink", "problem_of"]

SIZE_MEDIA = "text/x.tlog.size"
PROBLEM_PREFIX = "urn:bianmin:problem:"
SKEW_OVER_TLS = timedelta(hours=24)
SKEW_OVER_PLAIN = timedelta(minutes=10)
SKEW_PAUSE = timedelta(hours=1)
TOLD_STATUS = {429: "slow-down", 503: "busy"}

_SEEN = re.compile(r"([1-9][0-9]{0,8}) (0|[1-9][0-9]{0,15})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,15})\n")
_SECONDS = re.compile(r"0|[1-9][0-9]{0,6}")


class NoParentError(FederationError):
    """This node is a top: there is nobody to call."""

    code = "no-parent"


@dataclass(frozen=True, slots=True)
class Seen:
    """Epoch and size of a stream, as the parent last said in `Bianmin-Up` or `Bianmin-Down`."""

    epoch: int
    size: int


def _parse_seen(value: str | None) -> Seen | None:
    found = None if value is None else _SEEN.fullmatch(value)
    return None if found is None else Seen(int(found.group(1)), int(found.group(2)))


def _retry_after(response: Response) -> int | None:
    value = response.value("retry-after")
    return int(value) if value is not None and _SECONDS.fullmatch(value) else None


def problem_of(response: Response) -> FederationError:
    """What an answer that is none of the expected ones means.

    Returns:
        SizeConflict for a 409 with a size; ProtocolError for a problem document, and for 429 and 503 of any form;
        TransportError for everything else, such as the error page of a gateway.
    """
    media = (response.value("content-type") or "").partition(";")[0].strip().lower()
    if response.status == 409 and media == SIZE_MEDIA:
        found = _SIZE.fullmatch(response.body)
        if found is not None:
            return SizeConflict(int(found.group(1)))
    if media == "application/problem+json":
        problem = _read_problem(response)
        if problem is not None:
            return problem
    if response.status in TOLD_STATUS:
        told = _retry_after(response)
        return ProtocolError(TOLD_STATUS[response.status], response.status, retry_after_s=told)
    return TransportError(f"answered {response.status}, which says nothing here")


def _read_problem(response: Response) -> ProtocolError | None:
    try:
        value = canonical.load(response.body)
    except CanonicalError:
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str) or not kind.startswith(PROBLEM_PREFIX):
        return None
    detail = value.get("detail")
    members = {
        name: entry for name, entry in value.items() if name not in ("type", "title", "status", "detail")
    }
    return ProtocolError(
        kind.removeprefix(PROBLEM_PREFIX),
        response.status,
        detail if isinstance(detail, str) else "",
        members=members,
        retry_after_s=_retry_after(response),
    )


class Uplink:
    """The line to the parent; safe for several threads.

    Args:
        identity: read anew at every call, since keys rotate.
        parent_url: scheme, host and port of the parent.
        on_alert: takes what an operator must see.

    Attributes:
        up: the parent's size of this node's `up` log, as last seen; None before.
        down: the size of the parent's `down` log to this node, as last seen; None before.
    """

    def __init__(
        self,
        identity: Callable[[], Identity],
        clock: Clock,
        transport: Transport,
        parent_url: Callable[[], str],
        on_alert: Callable[[Alert], None],
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._transport = transport
        self._parent_url = parent_url
        self._on_alert = on_alert
        self._lock = threading.Lock()
        self._delta = timedelta(0)
        self._corrected_at: datetime | None = None
        self.up: Seen | None = None
        self.down: Seen | None = None

    def now(self) -> datetime:
        """This node's clock, corrected by the last `delta_s`: what it signs with and judges its parent by."""
        return self._clock.now() + self._delta

    def path(self, rest: str) -> str:
        """The path of an endpoint under this node's own code."""
        return f"/federation/v1/nodes/{self._identity().code}/{rest}"

    def call(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        expect: Sequence[int] = (200,),
        new_key: Ed25519PrivateKey | None = None,
    ) -> Response:
        """Make a signed call; on `skew` once more with the corrected time.

        Args:
            headers: beyond those that signing adds; with a body a Content-Type.
            expect: statuses that are returned; every other answer raises.
            new_key: for a rotation, see `httpsig.sign_request`.

        Raises:
            SizeConflict, ProtocolError, TransportError: see `problem_of`.
            NoParentError: this node is a top.
        """
        request = Request(method, path, query, tuple(headers), body)
        try:
            return self._once(request, expect, new_key)
        except ProtocolError as error:
            if error.code != "skew" or not self._correct(error):
                raise
        return self._once(request, expect, new_key)

    def call_unsigned(
        self, method: str, path: str, *, body: bytes = b"", expect: Sequence[int] = (200,)
    ) -> Response:
        """Call an endpoint that is not under `/federation/`, such as the witness.

        Raises:
            SizeConflict, ProtocolError, TransportError: see `problem_of`.
        """
        headers = (("Content-Length", str(len(body))),) if len(body) > 0 else ()
        response = self._transport.send(self._parent_url(), Request(method, path, "", headers, body))
        if response.status not in expect:
            raise problem_of(response)
        return response

    def _once(self, request: Request, expect: Sequence[int], new_key: Ed25519PrivateKey | None) -> Response:
        identity = self._identity()
        if identity.parent_name is None:
            raise NoParentError("a top has no parent")
        signed = sign_request(
            request, identity.keys.node, identity.kid, identity.parent_name, self.now(), new_key=new_key
        )
        response = self._transport.send(self._parent_url(), signed)
        self.up = _parse_seen(response.value("bianmin-up")) or self.up
        self.down = _parse_seen(response.value("bianmin-down")) or self.down
        if response.status not in expect:
            raise problem_of(response)
        return response

    def _correct(self, error: ProtocolError) -> bool:
        """Take over `delta_s` of a refusal; False when it is no number, too large, or too soon after the last."""
        told = error.members.get("delta_s")
        if type(told) is not int:
            return False
        delta, now = self._delta + timedelta(seconds=told), self._clock.now()
        limit = SKEW_OVER_TLS if self._is_protected() else SKEW_OVER_PLAIN
        with self._lock:
            is_soon = self._corrected_at is not None and abs(now - self._corrected_at) < SKEW_PAUSE
            is_taken = abs(delta) <= limit and not is_soon
            if is_taken:
                self._delta, self._corrected_at = delta, now
        detail = {"delta_s": int(delta.total_seconds()), "taken": is_taken}
        parent = self._identity().parent_code or ""
        self._on_alert(Alert("clock-skew", "warning" if is_taken else "critical", parent, detail))
        return is_taken

    def _is_protected(self) -> bool:
        parts = urlsplit(self._parent_url())
        return parts.scheme == "https" or is_loopback(parts.hostname or "")
