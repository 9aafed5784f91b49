"""Requests to the parent over HTTP: the one place of this package that does I/O (`federation.ports.Transport`).

What is sent is exactly what was signed: no redirect is followed, nothing is packed or unpacked on the way, no proxy or
certificate store comes out of the environment. An answer carries no authority of its own (§4), so it only has to be
bounded: in size, and in the time it takes. Whatever goes wrong is a TransportError: the caller tries again later.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path

import requests
import urllib3

from federation.enrolment import check_parent_url
from federation.errors import TransportError
from federation.records import Request, Response

__all__ = ["RequestsTransport"]

ANSWER_BYTES = 12_582_912
"""Longest answer that is read: a full batch (4 MiB) in which every line came erased, three times over."""
CHUNK_BYTES = 65_536
REDIRECTS = range(300, 400)
_FOREIGN_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


class RequestsTransport:
    """Carries requests with `requests`; safe for many threads (each has a session of its own).

    Args:
        connect_timeout_s: seconds until the connection stands.
        read_timeout_s: longest silence within an answer, seconds.
        total_timeout_s: seconds until the whole answer is there, counted from the sending.
        verify: file or folder of the certificates to trust; None: those that come with `requests`.
        allow_plain_http: whether http may go beyond this machine.
        answer_bytes: longest answer that is read.
        monotonic: a clock that never goes back, in seconds.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float = 10.0,
        read_timeout_s: float = 60.0,
        total_timeout_s: float = 300.0,
        verify: Path | None = None,
        allow_plain_http: bool = False,
        answer_bytes: int = ANSWER_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeouts = (connect_timeout_s, read_timeout_s)
        self._total_timeout_s = total_timeout_s
        self._verify: bool | str = True if verify is None else str(verify)
        self._allow_plain_http = allow_plain_http
        self._answer_bytes = answer_bytes
        self._monotonic = monotonic
        self._sessions = threading.local()

    def send(self, base_url: str, request: Request) -> Response:
        """Send one request and read the whole answer.

        Args:
            base_url: scheme, host and port; no path.
            request: signed; its headers are sent as they are.

        Raises:
            InvitationError: the address may not be dialled (a path, plain http to another machine).
            TransportError: no answer, a redirect, or one that is too long or too slow.
        """
        url = check_parent_url(base_url, allow_plain_http=self._allow_plain_http) + request.path
        if request.query != "":
            url += f"?{request.query}"
        deadline = self._monotonic() + self._total_timeout_s
        try:
            with self._session().request(
                request.method,
                url,
                headers=dict(request.headers),
                data=request.body if len(request.body) > 0 else None,
                allow_redirects=False,
                timeout=self._timeouts,
                verify=self._verify,
                stream=True,
            ) as answer:
                body = self._read(answer, deadline)
                return Response(answer.status_code, tuple(answer.headers.items()), body)
        except _FOREIGN_ERRORS as error:
            raise TransportError(f"{type(error).__name__}: {error}") from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._sessions, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.headers.clear()
            session.headers.update(
                {"User-Agent": "bianmin/1", "Accept": "*/*", "Accept-Encoding": "identity"}
            )
            self._sessions.session = session
        return session

    def _read(self, answer: requests.Response, deadline: float) -> bytes:
        if answer.status_code in REDIRECTS:
            raise TransportError(f"answered with a redirect ({answer.status_code}), which is never followed")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise TransportError("the answer is packed, which was not asked for")
        parts, length = [], 0
        for part in answer.iter_content(CHUNK_BYTES):
            length += len(part)
            if length > self._answer_bytes:
                raise TransportError(f"the answer is longer than {self._answer_bytes} bytes")
            if self._monotonic() > deadline:
                raise TransportError(f"the answer took longer than {self._total_timeout_s:.0f} s")
            parts.append(part)
        return b"".join(parts)
