"""The federation's endpoints on HTTP: raw requests in, answers out; everything else is `federation.server`.

What is verified is the raw target as the server received it (`REQUEST_URI` of waitress, `RAW_URI` of gunicorn), never
Flask's decoded path. A body is read only when the caller's key is known and the length it named is within the limit.
Source: federation.md §4.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, request
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import ClientDisconnected

from federation.answers import answer_refusal
from federation.errors import FederationError, ProtocolError
from federation.ports import Request
from federation.ports import Response as Answer
from federation.server import Server
from node.kernel.problems import Problem
from node.ui.access import federation as other_nodes
from node.ui.health import count_as
from node.ui.wiring import use

federation = Blueprint("federation", __name__)
_log = logging.getLogger(__name__)

METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]
"""All of them arrive; what a path does not know is refused as `malformed`."""
ROUTES = (
    "/.well-known/bianmin",
    "/federation",
    "/federation/",
    "/federation/<path:rest>",
    "/witness",
    "/witness/",
    "/witness/<path:rest>",
)
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_CHUNK = 65_536


def raw_request(body: bytes = b"") -> Request:
    """The running request as it is on the wire.

    Raises:
        ProtocolError: `malformed` where the target is not plain ASCII.
    """
    target = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI")
    if target is None:
        query = request.environ.get("QUERY_STRING", "")
        target = quote(request.environ.get("PATH_INFO", "/")) + (f"?{query}" if query else "")
    if not target.startswith("/"):  # the absolute form
        parts = urlsplit(target)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii():
        raise ProtocolError("malformed", 400, "the target must be plain ASCII")
    path, _, query = target.partition("?")
    headers = tuple((str(name), str(value)) for name, value in request.headers.items())
    return Request(request.method, path, query, headers, body)


def read_body() -> bytes:
    """The body, exactly as long as it said.

    Raises:
        ProtocolError: `malformed` where the connection ended before.
    """
    expected = request.content_length or 0
    parts: list[bytes] = []
    missing = expected
    while missing > 0:
        try:
            chunk = request.stream.read(min(_CHUNK, missing))
        except ClientDisconnected:
            chunk = b""
        if not chunk:
            raise ProtocolError("malformed", 400, "the body ended early")
        parts.append(chunk)
        missing -= len(chunk)
    return b"".join(parts)


def _receive(server: Server) -> Answer:
    try:
        head = raw_request()
        refusal = server.before_body(head)
        if refusal is not None:
            return refusal
        if request.method in _WITHOUT_BODY and not request.content_length:
            return server.handle(head)
        return server.handle(raw_request(read_body()))
    except ProtocolError as error:
        return answer_refusal(error).response
    except (Problem, FederationError, IntegrityError) as error:
        # storage, or another request that began the same log first: nothing was changed
        _log.warning("not answered: %s", error)
        return answer_refusal(ProtocolError("busy", 503)).response


def counted_name(path: str) -> str:
    """Under which name a request to a path is counted: one for each endpoint of the contract, without codes and hashes."""
    found = _COUNTED.match(path)
    if found is None:
        return "federation.other"
    return "federation." + next(part for part in found.groups() if part is not None).replace("/", ".")


_COUNTED = re.compile(
    r"/\.well-known/(bianmin)$"
    r"|/federation/v1/(enrolment)$"
    r"|/federation/v1/nodes/[0-9]{12}/(state|up|down|down/receipt|statement)$"
    r"|/federation/v1/(blobs)/[0-9a-f]{64}$"
    r"|/(witness)/"
)


def receive(rest: str = "") -> Response:
    """Any request of another node."""
    count_as(counted_name(request.path))
    answer = _receive(use(Server))
    response = Response(answer.body, status=answer.status)
    response.headers.remove("Content-Type")
    for name, value in answer.headers:
        if name.lower() != "content-length":
            response.headers.add(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


for _number, _rule in enumerate(ROUTES):
    federation.add_url_rule(
        _rule,
        endpoint=f"receive_{_number}",
        view_func=other_nodes(receive),
        methods=METHODS,
        provide_automatic_options=False,
        merge_slashes=False,
        strict_slashes=True,
    )
