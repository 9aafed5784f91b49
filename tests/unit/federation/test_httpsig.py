"""Signed requests (federation.md §4), against RFC vectors and an independent implementation."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, algorithms
from http_message_signatures.exceptions import InvalidSignature
from requests.structures import CaseInsensitiveDict

from federation.errors import ProtocolError
from federation.httpsig import (
    LABEL_NEW,
    check_audience,
    check_signature,
    content_digest,
    covered_components,
    declared_length,
    nonce_until,
    read_head,
    sign_request,
    signature_base,
    verify_request,
)
from federation.keys import NodeKeys, from_b64u, public_key
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


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_is_signed_verifies(request_: Request) -> None:
    verified = verify_request(sign(request_, nonce=NONCE), lookup, NOW, LIMITS, audience=PARENT)  # type: ignore[arg-type]
    assert verified.keyid == NODE.kid
    assert verified.nonce == NONCE
    assert verified.created == datetime(2026, 11, 24, 6, 30, 15, tzinfo=UTC)
    assert verified.expires - verified.created == timedelta(seconds=300)
    assert verified.audience == PARENT
    assert verified.has_body == (len(request_.body) > 0)
    assert nonce_until(verified, LIMITS) == verified.expires + timedelta(seconds=60)


def test_the_signature_base_is_the_contracts_to_the_byte() -> None:
    signed = sign(PUSH, nonce=NONCE)
    head = read_head(signed)
    params = (
        f';created={CREATED};expires={CREATED + 300};nonce="{NONCE}";keyid="{NODE.kid}"'
        ';alg="ed25519";tag="bianmin/1"'
    )
    components = (
        '("@method" "@path" "@query" "bianmin-audience" "content-digest" "content-type"'
        ' "content-encoding" "tlog-start" "tlog-checkpoint")'
    )
    assert signature_base(signed, head.main.inputs).decode("ascii").split("\n") == [
        '"@method": POST',
        f'"@path": {UP}',
        '"@query": ?',
        f'"bianmin-audience": {PARENT}',
        f'"content-digest": {content_digest(PUSH.body)}',
        '"content-type": application/x-ndjson',
        '"content-encoding": gzip',
        '"tlog-start": 17',
        '"tlog-checkpoint": :bm90ZQ==:',
        f'"@signature-params": {components}{params}',
    ]
    assert value_of(signed, "signature-input") == f"bianmin={components}{params}"
    assert value_of(signed, "content-length") == "8"


def test_every_sending_is_signed_anew() -> None:
    once = sign(PUSH)
    again = sign(once)
    assert verify(again) is not None
    assert value_of(once, "signature") != value_of(again, "signature")
    assert len(again.headers) == len(once.headers)


def test_components_and_parameters_may_stand_in_any_order() -> None:
    shuffled = resign(
        sign(PUSH),
        lambda i: InnerList(tuple(reversed(i.items)), dict(reversed(list(i.params.items())))),
    )
    assert verify(shuffled) is not None


def test_other_labels_are_ignored() -> None:
    signed = sign(STATE)
    signed = change(
        signed, "Signature-Input", f'proxy=("@authority");keyid="p", {value_of(signed, "signature-input")}'
    )
    signed = change(signed, "Signature", f"{value_of(signed, 'signature')}, proxy=:AAAA:")
    assert verify(signed) is not None


# --- published vectors ---------------------------------------------------------------------------------------


def test_content_digest_of_rfc_9530() -> None:
    digest = content_digest(b'{"hello": "world"}\n')
    assert digest == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def test_the_ed25519_signature_of_rfc_9421_b26_holds() -> None:
    inputs_text = (
        'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    inputs = parse_dictionary(inputs_text)["sig-b26"]
    assert isinstance(inputs, InnerList)
    base = "\n".join(
        [
            '"date": Tue, 20 Apr 2021 02:07:55 GMT',
            '"@method": POST',
            '"@path": /foo',
            '"@authority": example.com',
            '"content-type": application/json',
            '"content-length": 18',
            f'"@signature-params": {format_inner_list(inputs)}',
        ]
    )
    signature = base64.b64decode(
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )
    key = public_key("Ed25519", from_b64u("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"))
    key.verify(signature, base.encode("ascii"))


# --- an independent implementation, both ways ----------------------------------------------------------------


class Resolver:
    def resolve_public_key(self, key_id: str) -> object:
        return KEYS.node.public_key() if key_id == NODE.kid else None

    def resolve_private_key(self, key_id: str) -> object:
        return KEYS.node


def as_message(request: Request) -> SimpleNamespace:
    query = f"?{request.query}" if request.query != "" else ""
    return SimpleNamespace(
        method=request.method,
        url=f"https://parent.example{request.path}{query}",
        headers=CaseInsensitiveDict(request.headers),
        body=request.body,
    )


@pytest.mark.parametrize("request_", REQUESTS)
def test_http_message_signatures_verifies_what_we_sign(request_: Request) -> None:
    signed = sign_request(request_, KEYS.node, NODE.kid, PARENT, datetime.now(UTC))
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Resolver())
    required = covered_components(signed)
    (result,) = verifier.verify(
        as_message(signed),
        expect_tag="bianmin/1",
        require_components=required,
        body=signed.body if len(signed.body) > 0 else None,
        max_age=timedelta(minutes=5),
    )
    assert result.label == "bianmin"
    assert set(result.covered_components) >= {f'"{name}"' for name in required}


def test_http_message_signatures_refuses_what_we_signed_once_it_is_altered() -> None:
    signed = sign_request(PUSH, KEYS.node, NODE.kid, PARENT, datetime.now(UTC))
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Resolver())
    with pytest.raises(InvalidSignature):
        verifier.verify(
            as_message(change(signed, "Tlog-Start", "18")),
            expect_tag="bianmin/1",
            max_age=timedelta(minutes=5),
        )


@pytest.mark.parametrize("request_", REQUESTS)
def test_we_verify_what_http_message_signatures_signs(request_: Request) -> None:
    headers = [*request_.headers, ("Bianmin-Audience", PARENT)]
    if len(request_.body) > 0:
        headers += [
            ("Content-Length", str(len(request_.body))),
            ("Content-Digest", content_digest(request_.body)),
        ]
    request_ = replace(request_, headers=tuple(headers))
    message = as_message(request_)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=Resolver())
    signer.sign(
        message,
        key_id=NODE.kid,
        created=NOW,
        expires=NOW + timedelta(seconds=200),
        nonce=NONCE,
        tag="bianmin/1",
        label="bianmin",
        covered_component_ids=covered_components(request_),
        include_alg=True,
        **({"body": request_.body, "use_existing_digest": True} if len(request_.body) > 0 else {}),
    )
    verified = verify_request(
        replace(request_, headers=tuple(message.headers.items())),
        lookup,
        NOW,
        LIMITS,
        audience=PARENT,  # type: ignore[arg-type]
    )
    assert verified.nonce == NONCE
    assert verified.expires - verified.created == timedelta(seconds=200)


# --- refusals, one change at a time --------------------------------------------------------------------------

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
