"""What a request's signature covers: the components, their values and the signature base (federation.md §4).

The set is worked out from the request itself, so that `httpsig` can compare a sender's list with it instead of
trusting it. Fields are read one way only: at most one value, trimmed, plain ASCII.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from federation.errors import ProtocolError
from federation.ports import Request
from federation.structured import (
    FieldSyntaxError,
    InnerList,
    Item,
    format_bare,
    format_inner_list,
    parse_dictionary,
)

ALWAYS_COVERED = ("@method", "@path", "@query", "bianmin-audience")
COVERED_WITH_BODY = ("content-digest", "content-type")
COVERED_WHEN_SENT = ("tlog-start", "tlog-checkpoint", "upload-offset", "upload-length")
SINGLE_FIELDS = (
    "signature-input",
    "signature",
    "bianmin-audience",
    "content-digest",
    "content-type",
    "content-encoding",
    "content-length",
    *COVERED_WHEN_SENT,
)
"""The fields this contract names; one that occurs twice is refused."""

_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
_QUERY = re.compile(r"[!$-;=?-_a-~]*")  # visible ASCII without " # < > `
_VALUE = re.compile(r"[\t -~]*")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,15}")
_STATUS = {
    "malformed": 400,
    "digest": 400,
    "length": 411,
    "signature": 401,
    "unknown-key": 401,
    "skew": 401,
    "audience": 403,
}


def refuse(name: str, detail: str, members: Mapping[str, object] | None = None) -> ProtocolError:
    """The refusal of that §4 name, with its status."""
    return ProtocolError(name, _STATUS[name], detail, members=members)


def content_digest(body: bytes) -> str:
    """`Content-Digest` of content as sent (RFC 9530): `sha-256=:…:`."""
    return f"sha-256={format_bare(hashlib.sha256(body).digest())}"


def single_value(request: Request, name: str) -> str | None:
    """The one value of a field, trimmed; None when absent.

    Raises:
        ProtocolError: `malformed` when it occurs twice or is not plain ASCII.
    """
    values = request.values(name)
    if len(values) > 1:
        raise refuse("malformed", f"{name} occurs twice")
    if len(values) == 0:
        return None
    value = values[0].strip(" \t")
    if _VALUE.fullmatch(value) is None:
        raise refuse("malformed", f"{name} is not plain ASCII")
    return value


def declared_length(request: Request) -> int:
    """Bytes of content the request announces.

    Raises:
        ProtocolError: `length` when there is content, or a transfer coding, without Content-Length; `malformed`
            when the field is no number.
    """
    length = single_value(request, "content-length")
    if length is None:
        if len(request.body) > 0 or len(request.values("transfer-encoding")) > 0:
            raise refuse("length", "content needs Content-Length")
        return 0
    if _LENGTH.fullmatch(length) is None or len(request.values("transfer-encoding")) > 0:
        raise refuse("malformed", "Content-Length is no number, or stands beside a transfer coding")
    return int(length)


def covered_components(request: Request) -> tuple[str, ...]:
    """The exact set of components a request's signature covers, in the order this program writes them.

    Raises:
        ProtocolError: `malformed` when a named field is missing or occurs twice, `digest` when Content-Digest is
            missing.
    """
    covered = list(ALWAYS_COVERED)
    if len(request.body) > 0:
        if single_value(request, "content-digest") is None:
            raise refuse("digest", "content without Content-Digest")
        if single_value(request, "content-type") is None:
            raise refuse("malformed", "content without Content-Type")
        covered += COVERED_WITH_BODY
        if single_value(request, "content-encoding") is not None:
            covered.append("content-encoding")
    covered += [name for name in COVERED_WHEN_SENT if single_value(request, name) is not None]
    return tuple(covered)


def _component_value(request: Request, name: str) -> str:
    if name == "@method":
        return request.method
    if name == "@path":
        return request.path
    if name == "@query":
        return f"?{request.query}"
    value = single_value(request, name)
    if value is None:
        raise refuse("malformed", f"{name} is missing")
    return value


def signature_base(request: Request, inputs: InnerList) -> bytes:
    """The bytes that are signed (RFC 9421 §2.5), components in the order of `inputs`."""
    names = [str(item.value) for item in inputs.items if isinstance(item.value, str)]
    lines = [f'"{name}": {_component_value(request, name)}' for name in names]
    lines.append(f'"@signature-params": {format_inner_list(inputs)}')
    return "\n".join(lines).encode("ascii")


def check_target(request: Request) -> None:
    """Refuse a target that gateways might rewrite.

    Raises:
        ProtocolError: `malformed`: escapes or foreign characters in method, path or query.
    """
    if _PATH.fullmatch(request.path) is None:
        raise refuse("malformed", "a path is plain ASCII without escapes")
    if _QUERY.fullmatch(request.query) is None:
        raise refuse("malformed", "a query is visible ASCII")
    if not (request.method.isascii() and request.method.isalpha() and request.method.isupper()):
        raise refuse("malformed", "not a method")


def check_digest(request: Request) -> None:
    """Compare Content-Digest and Content-Length with the content as sent; nothing to do without content.

    Raises:
        ProtocolError: `digest` when sha-256 is missing or differs; `length`; `malformed` when fewer or more
            bytes came than announced.
    """
    if declared_length(request) != len(request.body):
        raise refuse("malformed", "the content is not as long as Content-Length says")
    if len(request.body) == 0:
        return
    value = single_value(request, "content-digest")
    try:
        members = parse_dictionary(value or "")
    except FieldSyntaxError as error:
        raise refuse("digest", "Content-Digest cannot be read") from error
    stated = members.get("sha-256")
    if not isinstance(stated, Item) or stated.value != hashlib.sha256(request.body).digest():
        raise refuse("digest", "Content-Digest is missing or does not fit the content")
