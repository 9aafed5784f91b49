"""Signed requests (federation.md §4), against RFC vectors and an independent implementation."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, algorithms
from http_message_signatures.exceptions import InvalidSignature
from requests.structures import CaseInsensitiveDict

from federation.httpsig import (
    content_digest,
    covered_components,
    nonce_until,
    read_head,
    sign_request,
    signature_base,
    verify_request,
)
from federation.keys import from_b64u, public_key
from federation.ports import Request
from federation.structured import InnerList, format_inner_list, parse_dictionary
from tests.unit.federation.requests_signed import (
    CREATED,
    KEYS,
    LIMITS,
    NODE,
    NONCE,
    NOW,
    PARENT,
    PUSH,
    REQUESTS,
    STATE,
    UP,
    change,
    lookup,
    resign,
    sign,
    value_of,
    verify,
)


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
