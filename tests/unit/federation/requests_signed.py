"""Signed requests of every kind, and a way to spoil them: what the tests of RFC 9421 share."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from federation.errors import ProtocolError
from federation.httpsig import (
    sign_request,
    signature_base,
    verify_request,
)
from federation.keys import NodeKeys
from federation.ports import Limits, Request
from federation.structured import InnerList, format_inner_list, parse_dictionary

NOW = datetime(2026, 11, 24, 6, 30, 15, 250_000, UTC)
CREATED = int(NOW.timestamp())
KEYS = NodeKeys.from_seed(b"httpsig-test")
NEW_KEYS = NodeKeys.from_seed(b"httpsig-test-new")
NODE = KEYS.public.node
PARENT = "nantong.example/320623101000"
UP = "/federation/v1/nodes/320623101001/up"
LIMITS = Limits()
NONCE = "AAAAAAAAAAAAAAAAAAAAAA"

PUSH = Request(
    "POST",
    UP,
    "",
    (
        ("Content-Type", "application/x-ndjson"),
        ("Content-Encoding", "gzip"),
        ("Tlog-Start", "17"),
        ("Tlog-Checkpoint", ":bm90ZQ==:"),
        ("User-Agent", "bianmin"),
    ),
    b'{"a":1}\n',
)
PULL = Request("GET", "/federation/v1/nodes/320623101001/down", "start=3&limit=500")
STATE = Request("GET", "/federation/v1/nodes/320623101001/state")
PATCH = Request(
    "PATCH",
    "/federation/v1/blobs/" + "ab" * 32,
    "",
    (
        ("Content-Type", "application/offset+octet-stream"),
        ("Upload-Offset", "0"),
        ("Upload-Length", "3"),
    ),
    b"abc",
)
RENEW = Request("POST", "/federation/v1/nodes/320623101001/statement")
REQUESTS = [PUSH, PULL, STATE, PATCH, RENEW]


def sign(request: Request, **more: object) -> Request:
    return sign_request(request, KEYS.node, NODE.kid, PARENT, NOW, **more)  # type: ignore[arg-type]


def lookup(kid: str) -> object:
    return NODE if kid == NODE.kid else None


def verify(request: Request, now: datetime = NOW) -> object:
    return verify_request(request, lookup, now, LIMITS, audience=PARENT)  # type: ignore[arg-type]


def change(request: Request, name: str, value: str | None, *, twice: bool = False) -> Request:
    """The request with one field replaced, dropped (None), or sent a second time."""
    if twice:
        return replace(request, headers=(*request.headers, (name, str(value))))
    kept = tuple(pair for pair in request.headers if pair[0].lower() != name.lower())
    return replace(request, headers=kept if value is None else (*kept, (name, value)))


def value_of(request: Request, name: str) -> str:
    (value,) = request.values(name)
    return value


def resign(request: Request, alter: Callable[[InnerList], InnerList]) -> Request:
    """Sign with other components or parameters than the profile's, correctly."""
    inputs = parse_dictionary(value_of(request, "signature-input"))["bianmin"]
    assert isinstance(inputs, InnerList)
    other = alter(inputs)
    signature = base64.b64encode(KEYS.node.sign(signature_base(request, other))).decode()
    changed = change(request, "Signature-Input", f"bianmin={format_inner_list(other)}")
    return change(changed, "Signature", f"bianmin=:{signature}:")


def refusal(request: Request, now: datetime = NOW) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        verify(request, now)
    return caught.value


# --- round trips ---------------------------------------------------------------------------------------------
