"""Invitations, and the bodies of enrolment and rotation (federation.md §3 Joining)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from federation import canonical
from federation.enrolment import (
    INVITATION_LIFETIME,
    InvitationError,
    JoinInvitation,
    KnownKeyError,
    build_enrolment,
    build_rotation,
    check_new_keys,
    check_not_expired,
    check_parent_url,
    check_proofs,
    decode_invitation,
    encode_invitation,
    new_token,
    parse_enrolment,
    parse_rotation,
    token_hash,
)
from federation.errors import ProtocolError
from federation.keys import NodeKeys, b64u, from_b64u, prove_possession
from tests.unit.federation.members import CITY, NOW, TOWNSHIP, VILLAGE, keys_of, name_of

KEYS = keys_of(VILLAGE)
INVITATION = JoinInvitation(
    parent_url="https://xindian.example:8443",
    network="nantong.example",
    anchor=keys_of(CITY).public.node.kid,
    parent=name_of(TOWNSHIP),
    parent_key=keys_of(TOWNSHIP).public.node.kid,
    code=VILLAGE,
    level="village",
    name="新店村便民服务站",
    token=b64u(bytes(32)),
    expires=NOW + INVITATION_LIFETIME,
)


def test_an_invitation_reads_back_as_it_was_printed() -> None:
    text = encode_invitation(INVITATION)
    assert decode_invitation(text) == INVITATION
    assert decode_invitation(f"  {text[:40]}\n{text[40:]} \n") == INVITATION
    assert INVITATION.child_name == name_of(VILLAGE)
    value = json.loads(from_b64u(text))
    assert value["expires"] == "2026-11-27T06:30:00Z"
    assert set(value) == {
        "parent_url", "network", "anchor", "parent", "parent_key", "code", "level", "name", "token", "expires",
    }  # fmt: skip
    assert len(text) < 1200  # fits one QR code


def changed(**members: object) -> str:
    value = json.loads(from_b64u(encode_invitation(INVITATION)))
    value.update(members)
    return b64u(canonical.dump({name: entry for name, entry in value.items() if entry is not None}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not an invitation",
        encode_invitation(INVITATION)[:-10],
        encode_invitation(INVITATION) + "=",
        b64u(b"[]"),
        b64u(b"{}"),
        "A" * 9000,
        changed(token=None),
        changed(token=5),
        changed(code="3206"),
        changed(level="province"),
        changed(network="suzhou.example"),
        changed(parent="320623101000"),
        changed(parent=name_of(VILLAGE)),
        changed(anchor="short"),
        changed(parent_key="*" * 43),
        changed(expires="2026-11-27"),
        changed(parent_url="https://xindian.example/node"),
        changed(parent_url="ftp://xindian.example"),
    ],
)
def test_a_damaged_invitation_is_refused_with_one_sentence(text: str) -> None:
    with pytest.raises(InvitationError) as caught:
        decode_invitation(text)
    assert caught.value.code == "invitation"
    assert caught.value.detail != ""


def test_an_invitation_is_good_for_72_hours() -> None:
    check_not_expired(INVITATION, NOW + timedelta(hours=72) - timedelta(seconds=1))
    with pytest.raises(InvitationError) as caught:
        check_not_expired(INVITATION, NOW + timedelta(hours=72))
    assert caught.value.code == "invitation-expired"


@pytest.mark.parametrize(
    ("url", "plain_allowed", "good"),
    [
        ("https://xindian.example", False, True),
        ("https://10.1.2.3:8443", False, True),
        ("https://[fd00::1]:8443", False, True),
        ("http://127.0.0.1:5001", False, True),
        ("http://localhost:5001", False, True),
        ("http://[::1]:5001", False, True),
        ("http://10.1.2.3", False, False),
        ("http://10.1.2.3", True, True),
        ("http://127.0.0.1.example", False, False),
        ("https://xindian.example/", True, False),
        ("https://xindian.example/x", True, False),
        ("https://xindian.example?x", True, False),
        ("https://xindian.example#x", True, False),
        ("https://user@xindian.example", True, False),
        ("https://user:pass@xindian.example", True, False),
        ("https://xindian.example:port", True, False),
        ("https://新店.example", True, False),
        ("https://", True, False),
        ("xindian.example", True, False),
        ("ftp://xindian.example", True, False),
        ("https://[fd00", True, False),
    ],
)
def test_a_child_dials_https_or_this_machine(url: str, plain_allowed: bool, good: bool) -> None:
    if good:
        assert check_parent_url(url, allow_plain_http=plain_allowed) == url
        return
    with pytest.raises(InvitationError):
        check_parent_url(url, allow_plain_http=plain_allowed)


def test_tokens_are_random_and_kept_only_as_hashes() -> None:
    token = new_token()
    assert len(token) == 43
    assert token != new_token()
    assert token_hash(token) == hashlib.sha256(token.encode()).hexdigest()


# --- bodies --------------------------------------------------------------------------------------------------


def test_an_enrolment_carries_token_keys_and_proofs() -> None:
    body = build_enrolment(INVITATION, KEYS)
    value = json.loads(body)
    assert set(value) == {"token", "jwks", "keys", "proofs"}
    assert value["keys"] == KEYS.public.kids
    request = parse_enrolment(body)
    assert (request.token, request.keys) == (INVITATION.token, KEYS.public)
    check_proofs(request, name_of(VILLAGE))
    assert len(body) < 16_384


def test_a_rotation_carries_keys_and_proofs() -> None:
    new = keys_of(VILLAGE, 1)
    body = build_rotation(new, name_of(VILLAGE))
    assert set(json.loads(body)) == {"jwks", "keys", "proofs"}
    request = parse_rotation(body)
    assert request.keys == new.public
    check_proofs(request, name_of(VILLAGE))


BODY = json.loads(build_enrolment(INVITATION, KEYS))
ONE_LESS = {"keys": BODY["jwks"]["keys"][:3]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"token":"a","token":"b"}',
        *[canonical.dump({k: v for k, v in BODY.items() if k != name}) for name in BODY],
        canonical.dump({**BODY, "token": 1}),
        canonical.dump({**BODY, "token": "令牌"}),
        canonical.dump({**BODY, "proofs": {"receipt": BODY["proofs"]["receipt"]}}),
        canonical.dump({**BODY, "proofs": {**BODY["proofs"], "node": "AA"}}),
        canonical.dump({**BODY, "proofs": {"receipt": 1, "witness": 2}}),
        canonical.dump({**BODY, "proofs": []}),
        canonical.dump({**BODY, "jwks": ONE_LESS}),
        canonical.dump({**BODY, "jwks": BODY["jwks"]["keys"]}),
        canonical.dump({**BODY, "keys": {**BODY["keys"], "node": BODY["keys"]["receipt"]}}),
        canonical.dump({**BODY, "keys": {k: v for k, v in BODY["keys"].items() if k != "seal"}}),
    ],
)
def test_a_malformed_enrolment_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_enrolment(body)
    assert (caught.value.code, caught.value.status) == ("malformed", 400)


@pytest.mark.parametrize(
    "proofs",
    [
        prove_possession(KEYS, name_of("320623101002")),
        prove_possession(NodeKeys.from_seed(b"other"), name_of(VILLAGE)),
        {"receipt": "", "witness": ""},
        {"receipt": "?", "witness": "?"},
    ],
)
def test_proofs_of_other_keys_or_for_another_name_are_refused(proofs: dict[str, str]) -> None:
    request = replace(parse_enrolment(canonical.dump(BODY)), proofs=proofs)
    with pytest.raises(ProtocolError) as caught:
        check_proofs(request, name_of(VILLAGE))
    assert (caught.value.code, caught.value.status) == ("signature", 401)


def test_keys_that_were_ever_known_are_refused() -> None:
    old, new = KEYS.public, keys_of(VILLAGE, 1).public
    known = set(old.kids.values())
    check_new_keys(new, known.__contains__)
    check_new_keys(old, known.__contains__, stated=old)
    with pytest.raises(KnownKeyError, match=old.node.kid) as caught:
        check_new_keys(old, known.__contains__)
    assert caught.value.code == "key-known"
    for role, key in new.items():
        with pytest.raises(KnownKeyError, match=f"the {role} key"):
            check_new_keys(new, {key.kid}.__contains__, stated=old)
