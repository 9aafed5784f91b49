"""Every change to a signed request is refused by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from federation.errors import ProtocolError
from federation.httpsig import (
    LABEL_NEW,
    check_audience,
    check_signature,
    content_digest,
    covered_components,
    declared_length,
    read_head,
    sign_request,
    verify_request,
)
from federation.ports import Request
from federation.structured import InnerList, parse_dictionary
from tests.unit.federation.requests_signed import (
    CREATED,
    KEYS,
    LIMITS,
    NEW_KEYS,
    NODE,
    NONCE,
    NOW,
    PARENT,
    PULL,
    PUSH,
    RENEW,
    UP,
    change,
    refusal,
    resign,
    sign,
    value_of,
    verify,
)

SIGNED_PUSH = sign(PUSH, nonce=NONCE)
SIGNED_PULL = sign(PULL, nonce=NONCE)


def _without(name: str) -> Callable[[InnerList], InnerList]:
    return lambda i: InnerList(tuple(item for item in i.items if item.value != name), i.params)


def _param(name: str, value: object) -> Callable[[InnerList], InnerList]:
    def alter(inputs: InnerList) -> InnerList:
        params = {key: entry for key, entry in inputs.params.items() if key != name}
        return InnerList(inputs.items, params if value is None else {**params, name: value})  # type: ignore[dict-item]

    return alter


def _extra(inputs: InnerList) -> InnerList:
    item = parse_dictionary('x=("user-agent")')["x"]
    assert isinstance(item, InnerList)
    return InnerList((*inputs.items, *item.items), inputs.params)


def _flagged(inputs: InnerList) -> InnerList:
    first = replace(inputs.items[0], params={"req": True})
    return InnerList((first, *inputs.items[1:]), inputs.params)


REFUSED: list[tuple[str, Request, str, int]] = [
    # altered after signing
    ("method", replace(SIGNED_PUSH, method="PUT"), "signature", 401),
    ("path", replace(SIGNED_PUSH, path=UP.replace("1001", "1002")), "signature", 401),
    ("query added", replace(SIGNED_PUSH, query="epoch=2"), "signature", 401),
    ("query changed", replace(SIGNED_PULL, query="start=4&limit=500"), "signature", 401),
    ("audience", change(SIGNED_PUSH, "Bianmin-Audience", "nantong.example/320600000000"), "signature", 401),
    ("content type", change(SIGNED_PUSH, "Content-Type", "text/plain"), "signature", 401),
    ("content encoding", change(SIGNED_PUSH, "Content-Encoding", "identity"), "signature", 401),
    ("content encoding dropped", change(SIGNED_PUSH, "Content-Encoding", None), "signature", 401),
    ("start", change(SIGNED_PUSH, "Tlog-Start", "18"), "signature", 401),
    ("start dropped", change(SIGNED_PUSH, "Tlog-Start", None), "signature", 401),
    ("checkpoint", change(SIGNED_PUSH, "Tlog-Checkpoint", ":bm90Zg==:"), "signature", 401),
    ("offset added", change(SIGNED_PUSH, "Upload-Offset", "0"), "signature", 401),
    ("body", replace(SIGNED_PUSH, body=b'{"a":2}\n'), "digest", 400),
    ("body and digest", replace(change(SIGNED_PUSH, "Content-Digest", content_digest(b'{"a":2}\n')),
                                body=b'{"a":2}\n'), "signature", 401),
    ("body longer than announced", replace(SIGNED_PUSH, body=PUSH.body + b"x"), "malformed", 400),
    ("body dropped", replace(SIGNED_PUSH, body=b""), "malformed", 400),
    ("body and its fields dropped", replace(change(SIGNED_PUSH, "Content-Length", None), body=b""), "signature", 401),
    # fields missing, misformed, twice
    ("no digest", change(SIGNED_PUSH, "Content-Digest", None), "digest", 400),
    ("digest of another kind", change(SIGNED_PUSH, "Content-Digest", "sha-512=:AAAA:"), "digest", 400),
    ("digest not a field", change(SIGNED_PUSH, "Content-Digest", "sha-256=AAAA:"), "digest", 400),
    ("no length", change(SIGNED_PUSH, "Content-Length", None), "length", 411),
    ("length no number", change(SIGNED_PUSH, "Content-Length", "8 bytes"), "malformed", 400),
    ("length beside chunks", change(SIGNED_PUSH, "Transfer-Encoding", "chunked"), "malformed", 400),
    ("no content type", change(SIGNED_PUSH, "Content-Type", None), "malformed", 400),
    ("no audience", change(SIGNED_PUSH, "Bianmin-Audience", None), "malformed", 400),
    ("no signature", change(SIGNED_PUSH, "Signature", None), "malformed", 400),
    ("no signature input", change(SIGNED_PUSH, "Signature-Input", None), "malformed", 400),
    ("signature input not a field", change(SIGNED_PUSH, "Signature-Input", "bianmin=("), "malformed", 400),
    ("signature not a field", change(SIGNED_PUSH, "Signature", "bianmin"), "malformed", 400),
    ("signature a string", change(SIGNED_PUSH, "Signature", 'bianmin="x"'), "malformed", 400),
    ("another label only", change(SIGNED_PUSH, "Signature", value_of(SIGNED_PUSH, "signature").replace(
        "bianmin", "other")), "malformed", 400),
    ("no bianmin label", change(change(SIGNED_PUSH, "Signature", "other=:AAAA:"), "Signature-Input",
                                'other=("@method")'), "malformed", 400),
    ("label twice", change(SIGNED_PUSH, "Signature", f"{value_of(SIGNED_PUSH, 'signature')}, bianmin=:AAAA:"),
     "malformed", 400),
    *[(f"{name} twice", change(SIGNED_PUSH, name, value_of(SIGNED_PUSH, name), twice=True), "malformed", 400)
      for name in ("Signature", "Signature-Input", "Bianmin-Audience", "Content-Digest", "Content-Type",
                   "Content-Encoding", "Content-Length", "Tlog-Start", "Tlog-Checkpoint")],
    ("audience not ASCII", change(SIGNED_PUSH, "Bianmin-Audience", "南通/320623101000"), "malformed", 400),
    ("path with escapes", replace(SIGNED_PUSH, path=UP + "%2f"), "malformed", 400),
    ("path not ASCII", replace(SIGNED_PUSH, path=UP + "镇"), "malformed", 400),
    ("path not absolute", replace(SIGNED_PUSH, path=UP[1:]), "malformed", 400),
    ("query with a blank", replace(SIGNED_PUSH, query="a b"), "malformed", 400),
    ("query not ASCII", replace(SIGNED_PUSH, query="a=镇"), "malformed", 400),
    ("method in lower case", replace(SIGNED_PUSH, method="post"), "malformed", 400),
    # correctly signed, but not this profile
    *[(f"{name} not covered", resign(SIGNED_PUSH, _without(name)), "signature", 401)
      for name in covered_components(SIGNED_PUSH)],
    ("nothing covered", resign(SIGNED_PUSH, lambda i: InnerList((), i.params)), "signature", 401),
    ("a component more", resign(SIGNED_PUSH, _extra), "signature", 401),
    ("a component twice", resign(SIGNED_PUSH, lambda i: InnerList((*i.items, i.items[0]), i.params)), "signature", 401),
    ("a component with a parameter", resign(SIGNED_PUSH, _flagged), "signature", 401),
    *[(f"no {name}", resign(SIGNED_PUSH, _param(name, None)), "signature", 401)
      for name in ("created", "expires", "nonce", "alg", "tag")],
    ("no keyid", resign(SIGNED_PUSH, _param("keyid", None)), "malformed", 400),
    ("a parameter more", resign(SIGNED_PUSH, _param("context", "x")), "signature", 401),
    ("another algorithm", resign(SIGNED_PUSH, _param("alg", "hmac-sha256")), "signature", 401),
    ("another tag", resign(SIGNED_PUSH, _param("tag", "bianmin/2")), "signature", 401),
    ("a short nonce", resign(SIGNED_PUSH, _param("nonce", NONCE[:-1])), "signature", 401),
    ("a nonce in the other alphabet", resign(SIGNED_PUSH, _param("nonce", "+" + NONCE[1:])), "signature", 401),
    ("a nonce that is bytes", resign(SIGNED_PUSH, _param("nonce", b"A" * 16)), "signature", 401),
    ("created a string", resign(SIGNED_PUSH, _param("created", str(CREATED))), "signature", 401),
    ("created a flag", resign(SIGNED_PUSH, _param("created", True)), "signature", 401),
    ("expires after 301 s", resign(SIGNED_PUSH, _param("expires", CREATED + 301)), "signature", 401),
    ("expires before created", resign(SIGNED_PUSH, _param("expires", CREATED - 1)), "signature", 401),
    ("an unknown key", resign(SIGNED_PUSH, _param("keyid", "B" * 43)), "unknown-key", 401),
    # by another key of the same node
    ("by the receipt key", sign_request(PUSH, KEYS.receipt, NODE.kid, PARENT, NOW), "signature", 401),
    ("by the witness key", sign_request(PUSH, KEYS.witness, NODE.kid, PARENT, NOW), "signature", 401),
    # for another node
    ("another audience", sign_request(PUSH, KEYS.node, NODE.kid, "nantong.example/320623102000", NOW), "audience", 403),
]  # fmt: skip


@pytest.mark.parametrize(("why", "request_", "code", "status"), REFUSED, ids=[row[0] for row in REFUSED])
def test_every_change_is_refused_with_its_name(why: str, request_: Request, code: str, status: int) -> None:
    error = refusal(request_)
    assert (error.code, error.status) == (code, status), f"{why}: {error.detail}"


def test_a_key_that_claims_anothers_name_is_refused() -> None:
    with pytest.raises(ProtocolError) as caught:
        verify_request(SIGNED_PUSH, lambda kid: NEW_KEYS.public.node, NOW, LIMITS)
    assert caught.value.code == "signature"


@pytest.mark.parametrize(
    ("now_offset_s", "delta_s"), [(-61, -61), (-3600, -3600), (301, 301), (86_400, 86_400)]
)
def test_a_wrong_clock_is_told_by_how_much(now_offset_s: int, delta_s: int) -> None:
    now = NOW + timedelta(seconds=now_offset_s)
    error = refusal(SIGNED_PUSH, now)
    assert (error.code, error.status) == ("skew", 401)
    assert error.members == {
        "server_time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "delta_s": delta_s,
    }
    assert type(error.members["delta_s"]) is int


@pytest.mark.parametrize("now_offset_s", [-60, -1, 0, 1, 300])
def test_within_the_limits_a_clock_may_be_wrong(now_offset_s: int) -> None:
    assert verify(SIGNED_PUSH, NOW + timedelta(seconds=now_offset_s)) is not None


def test_an_expired_request_is_refused_though_it_is_young() -> None:
    short = sign(PUSH, lifetime_s=10)
    assert verify(short, NOW + timedelta(seconds=10)) is not None
    assert refusal(short, NOW + timedelta(seconds=11)).code == "skew"


def test_the_clock_is_told_only_after_the_signature_held() -> None:
    late = NOW + timedelta(days=1)
    assert refusal(change(SIGNED_PUSH, "Tlog-Start", "18"), late).code == "signature"
    assert refusal(replace(SIGNED_PUSH, body=b'{"a":2}\n'), late).code == "digest"
    assert (
        refusal(sign_request(PUSH, KEYS.node, NODE.kid, "x.example/320600000000", NOW), late).code == "skew"
    )


def test_the_key_is_known_before_the_body_is_looked_at() -> None:
    unknown = resign(SIGNED_PUSH, _param("keyid", "B" * 43))
    assert refusal(replace(unknown, body=b"something else entirely")).code == "unknown-key"
    head = read_head(replace(SIGNED_PUSH, body=b""))
    assert head.keyid == NODE.kid
    assert declared_length(replace(SIGNED_PUSH, body=b"")) == len(PUSH.body)


# --- rotation ------------------------------------------------------------------------------------------------


def test_a_rotation_carries_two_signatures_each_with_its_own_nonce() -> None:
    request = replace(RENEW, headers=(("Content-Type", "application/json"),), body=b'{"jwks":{}}')
    signed = sign(request, new_key=NEW_KEYS.node)
    head = read_head(signed)
    old = check_signature(head, signed, NODE, LIMITS)
    new = check_signature(head, signed, NEW_KEYS.public.node, LIMITS, label=LABEL_NEW)
    assert (old.keyid, new.keyid) == (NODE.kid, NEW_KEYS.public.node.kid)
    assert old.nonce != new.nonce
    check_audience(new, PARENT)
    assert verify(signed) is not None  # the second label disturbs nobody who looks at the first
    with pytest.raises(ProtocolError) as caught:
        check_signature(head, signed, NODE, LIMITS, label=LABEL_NEW)
    assert caught.value.code == "signature"


def test_a_rotation_without_the_new_keys_signature_is_refused() -> None:
    signed = sign(RENEW)
    with pytest.raises(ProtocolError) as caught:
        check_signature(read_head(signed), signed, NEW_KEYS.public.node, LIMITS, label=LABEL_NEW)
    assert caught.value.code == "signature"


def test_a_request_that_could_not_be_verified_is_not_signed() -> None:
    with pytest.raises(ProtocolError):
        sign(replace(PUSH, headers=()))
    with pytest.raises(ProtocolError):
        sign(replace(PUSH, path="/federation/%2e"))
