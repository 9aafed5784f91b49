"""Everything that can go wrong on the wire, as one tree.

Each error carries a stable `code` (it appears in logs, metrics and problem documents) and says whether
trying the same thing again may succeed. Adapters convert foreign exceptions into these at their edge.
Source: federation.md §4 (problem names), style.md (one base error).
"""

from __future__ import annotations

from collections.abc import Mapping


class FederationError(Exception):
    """Base of all errors of this package.

    Attributes:
        code: stable machine name, lower-case words joined by `-`.
        retryable: whether the same call may succeed later without anybody changing anything.
    """

    code: str = "federation"
    retryable: bool = False

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        if code is not None:
            self.code = code


class ProtocolError(FederationError):
    """A refusal of §4: becomes `application/problem+json` with type `urn:bianmin:problem:<code>`.

    Attributes:
        status: HTTP status.
        members: further members of the problem document (`server_time`, `delta_s`, `index` …).
    """

    code = "malformed"

    def __init__(
        self,
        code: str,
        status: int,
        detail: str = "",
        *,
        members: Mapping[str, object] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.status = status
        self.members = dict(members or {})
        self.retry_after_s = retry_after_s


class SizeConflict(FederationError):
    """The log is at another size than the request supposed (409 `text/x.tlog.size`)."""

    code = "size"

    def __init__(self, size: int) -> None:
        super().__init__(f"log size is {size}")
        self.size = size


class SignatureError(FederationError):
    """A signature, digest or freshness check failed; `code` is the §4 problem name."""

    code = "signature"


class ReplayError(FederationError):
    """A nonce, token or proof was used before."""

    code = "replay"


class LogProofError(FederationError):
    """A note, checkpoint, inclusion or consistency proof does not hold."""

    code = "proof"


class TrustError(FederationError):
    """A statement, chain, key or invitation is not valid for what it is used for."""

    code = "trust"


class TransportError(FederationError):
    """No answer, or one that carries no authority (§4): the caller tries again later."""

    code = "transport"
    retryable = True


class CanonicalError(FederationError):
    """Text is not strict JSON, or a value has no RFC 8785 form (floats, integers beyond 2^53)."""

    code = "json"
