"""Statements: their claims, who may issue what, renewal and rotation (federation.md §3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import OKPKey
from jwt.algorithms import OKPAlgorithm

from federation.errors import TrustError
from federation.keys import NodeKeys, from_b64u
from federation.statements import (
    Statement,
    check_signature,
    currency,
    is_previous_stated,
    is_renewal_due,
    issue_own_statement,
    issue_statement,
    read_statement,
    replaced_keys,
)
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    DAY,
    NOW,
    OTHER_COUNTY,
    TOWNSHIP,
    VILLAGE,
    city_line,
    forge,
    keys_of,
    line_to,
    name_of,
    subject_of,
)

CITY_KEYS = keys_of(CITY)
COUNTY_JWS = line_to(COUNTY).statements[1]


def claims_of(jws: str) -> dict[str, Any]:
    return json.loads(from_b64u(jws.split(".")[1]))  # type: ignore[no-any-return]


def test_a_statement_says_exactly_what_the_contract_lists() -> None:
    public = keys_of(COUNTY).public
    assert json.loads(from_b64u(COUNTY_JWS.split(".")[0])) == {
        "alg": "Ed25519",
        "kid": CITY_KEYS.public.node.kid,
        "typ": "entity-statement+jwt",
    }
    assert claims_of(COUNTY_JWS) == {
        "iss": name_of(CITY),
        "sub": name_of(COUNTY),
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + 90 * DAY).timestamp()),
        "jwks": {"keys": [public.node.jwk, public.receipt.jwk, public.witness.jwk, public.seal.jwk]},
        "bianmin": {
            "level": "county",
            "scope": ["320623"],
            "name": "便民服务中心",
            "keys": {
                "node": public.node.kid,
                "receipt": public.receipt.kid,
                "witness": public.witness.kid,
                "seal": public.seal.kid,
            },
        },
        "crit": ["bianmin"],
    }


def test_a_statement_reads_back() -> None:
    stated = read_statement(COUNTY_JWS)
    assert (stated.issuer, stated.subject, stated.code, stated.network) == (
        name_of(CITY), name_of(COUNTY), COUNTY, "nantong.example",
    )  # fmt: skip
    assert (stated.issued_at, stated.expires_at) == (NOW, NOW + 90 * DAY)
    assert stated.keys == keys_of(COUNTY).public
    assert stated.jws == COUNTY_JWS
    assert not stated.is_self_issued
    assert not isinstance(stated, Statement)
    assert isinstance(check_signature(stated, CITY_KEYS.public.node), Statement)


def test_independent_libraries_verify_a_statement() -> None:
    key = OKPKey.import_key(CITY_KEYS.public.node.jwk)
    token = joserfc_jwt.decode(COUNTY_JWS, key, algorithms=["Ed25519"])
    assert token.claims["sub"] == name_of(COUNTY)
    independent = jwt.PyJWS(algorithms=[])
    independent.register_algorithm("Ed25519", OKPAlgorithm())
    public = jwt.PyJWK(CITY_KEYS.public.node.jwk, algorithm="EdDSA").key
    assert json.loads(independent.decode(COUNTY_JWS, public, algorithms=["Ed25519"])) == claims_of(COUNTY_JWS)


def test_only_the_stated_key_vouches() -> None:
    stated = read_statement(COUNTY_JWS)
    for key in (CITY_KEYS.public.receipt, keys_of(COUNTY).public.node):
        with pytest.raises(TrustError):
            check_signature(stated, key)
    forged = read_statement(forge(COUNTY_JWS, {}, keys_of(OTHER_COUNTY)))
    with pytest.raises(TrustError) as caught:
        check_signature(forged, CITY_KEYS.public.node)
    assert caught.value.code == "signature"


_KEYS = keys_of(COUNTY).public
_STRANGER = NodeKeys.from_seed(b"stranger").public

MALFORMED: list[tuple[str, dict[str, object]]] = [
    *[(f"no {claim}", {claim: None}) for claim in ("iss", "sub", "iat", "exp", "jwks", "bianmin", "crit")],
    *[(f"no bianmin.{name}", {f"bianmin.{name}": None}) for name in ("level", "scope", "name", "keys")],
    *[(f"no {role} key", {f"bianmin.keys.{role}": None}) for role in ("node", "receipt", "witness", "seal")],
    ("iss no name", {"iss": "nantong.example"}),
    ("iss a number", {"iss": 1}),
    ("iss of another network", {"iss": f"suzhou.example/{CITY}"}),
    ("sub no name", {"sub": COUNTY}),
    ("iat a string", {"iat": "1795500000"}),
    ("iat a flag", {"iat": True}),
    ("iat negative", {"iat": -1}),
    ("exp beyond the calendar", {"exp": 2**52}),
    ("crit empty", {"crit": []}),
    ("crit with a stranger", {"crit": ["bianmin", "policy"]}),
    ("bianmin a list", {"bianmin": []}),
    ("level unknown", {"bianmin.level": "province"}),
    ("level a number", {"bianmin.level": 1}),
    ("scope text", {"bianmin.scope": "320623"}),
    ("scope empty", {"bianmin.scope": []}),
    ("scope between groups", {"bianmin.scope": ["32062"]}),
    ("scope of numbers", {"bianmin.scope": [320623]}),
    ("scope twice", {"bianmin.scope": ["320623", "320623"]}),
    ("name a number", {"bianmin.name": 5}),
    ("successor of no code", {"bianmin.successor_of": ["3206"]}),
    ("successor text", {"bianmin.successor_of": COUNTY}),
    ("keys a list", {"bianmin.keys": list(_KEYS.kids.values())}),
    ("keys with a role more", {"bianmin.keys": {**_KEYS.kids, "admin": _KEYS.node.kid}}),
    ("two roles, one key", {"bianmin.keys": {**_KEYS.kids, "receipt": _KEYS.node.kid}}),
    ("a key that jwks lacks", {"bianmin.keys": {**_KEYS.kids, "receipt": _STRANGER.receipt.kid}}),
    ("a seal key that signs", {"bianmin.keys": {**_KEYS.kids, "seal": _KEYS.node.kid, "node": _KEYS.seal.kid}}),
    ("jwks a list", {"jwks": _KEYS.jwks["keys"]}),
    ("jwks with a key more", {"jwks": {"keys": [*_KEYS.jwks["keys"], _STRANGER.node.jwk]}}),
    ("jwks with a key twice", {"jwks": {"keys": [*_KEYS.jwks["keys"], _KEYS.node.jwk]}}),
    ("jwks with a key less", {"jwks": {"keys": _KEYS.jwks["keys"][1:]}}),
    ("a key without kid", {"jwks": {"keys": [{k: v for k, v in j.items() if k != "kid"} for j in _KEYS.jwks["keys"]]}}),
    ("a key without use", {"jwks": {"keys": [{k: v for k, v in j.items() if k != "use"} for j in _KEYS.jwks["keys"]]}}),
    ("a private key", {"jwks": {"keys": [{**j, "d": "AA"} for j in _KEYS.jwks["keys"]]}}),
    ("previous empty", {"bianmin.previous": {}}),
    ("previous of a stranger", {"bianmin.previous": {"node": _STRANGER.node.kid}}),
    ("previous the same as now", {"bianmin.previous": {"node": _KEYS.node.kid}}),
    ("previous of a wrong role", {"bianmin.previous": {"admin": _STRANGER.node.kid},
                                  "jwks": {"keys": [*_KEYS.jwks["keys"], _STRANGER.node.jwk]}}),
    ("previous of the wrong curve", {"bianmin.previous": {"node": _STRANGER.seal.kid},
                                     "jwks": {"keys": [*_KEYS.jwks["keys"], _STRANGER.seal.jwk]}}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "changes"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_every_malformed_claim_is_refused_though_it_is_signed(why: str, changes: dict[str, object]) -> None:
    with pytest.raises(TrustError):
        read_statement(forge(COUNTY_JWS, changes, CITY_KEYS))


def test_claims_nobody_knows_yet_are_ignored() -> None:
    stated = read_statement(forge(COUNTY_JWS, {"metadata": {"x": 1}, "bianmin.colour": "red"}, CITY_KEYS))
    assert stated.code == COUNTY


def test_a_statement_has_a_longest_length() -> None:
    with pytest.raises(TrustError, match="16384"):
        read_statement(forge(COUNTY_JWS, {"bianmin.name": "镇" * 5000}, CITY_KEYS))


# --- who may say what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "subject", "code"),
    [
        ("a scope outside", subject_of(TOWNSHIP, scope=["320681101"]), "scope"),
        ("a scope that reaches outside", subject_of(TOWNSHIP, scope=["320623101", "320681"]), "scope"),
        ("a wider scope", subject_of(TOWNSHIP, scope=["3206"]), "scope"),
        ("a code outside", subject_of(OTHER_COUNTY, scope=["320623"], level="township"), "scope"),
        ("a predecessor outside", subject_of(TOWNSHIP, successor_of=("320681101000",)), "scope"),
        ("the same level", subject_of(TOWNSHIP, level="county"), "level"),
        ("a level above", subject_of(TOWNSHIP, level="city"), "level"),
    ],
)
def test_an_issuer_cannot_say_what_it_may_not(why: str, subject: Any, code: str) -> None:
    line = line_to(COUNTY)
    with pytest.raises(TrustError) as caught:
        line.below(subject, keys_of(TOWNSHIP))
    assert caught.value.code == code, why


def test_an_issuer_signs_with_the_key_its_own_statement_names() -> None:
    with pytest.raises(TrustError, match="not the one"):
        issue_statement(keys_of(CITY).receipt, city_line().last, subject_of(COUNTY), NOW)


def test_a_statement_never_outlives_its_issuers_own() -> None:
    county = city_line(lifetime=20 * DAY).below(subject_of(COUNTY), keys_of(COUNTY))
    assert county.last.expires_at == NOW + 20 * DAY
    late = city_line(NOW - 100 * DAY).below(subject_of(COUNTY), keys_of(COUNTY), NOW)
    assert late.last.expires_at == NOW - 10 * DAY  # expired from birth: because its issuer's is


def test_levels_may_be_skipped_and_a_top_may_be_a_county() -> None:
    keys = NodeKeys.from_seed(b"xiantao")
    top = subject_of("429005000000", level="county", keys=keys.public)
    own = read_statement(issue_own_statement(keys.node, top, NOW))
    village = subject_of("429005101001", level="village", keys=keys_of(VILLAGE).public)
    stated = read_statement(issue_statement(keys.node, own, village, NOW))
    assert (own.scope, stated.scope, stated.level) == (("429005",), ("429005101001",), "village")


def test_what_would_not_be_read_is_not_signed() -> None:
    with pytest.raises(TrustError):
        issue_own_statement(CITY_KEYS.node, subject_of(CITY, scope=["32060"]), NOW)


# --- life ----------------------------------------------------------------------------------------------------


def test_a_third_before_the_end_it_is_renewed() -> None:
    stated = read_statement(COUNTY_JWS)
    assert not is_renewal_due(stated, NOW + 60 * DAY - timedelta(seconds=1))
    assert is_renewal_due(stated, NOW + 60 * DAY)
    assert is_renewal_due(stated, NOW + 200 * DAY)


def test_it_is_renewed_at_once_when_the_issuers_key_changed() -> None:
    stated = read_statement(COUNTY_JWS)
    assert not is_renewal_due(stated, NOW, CITY_KEYS.public.node.kid)
    assert is_renewal_due(stated, NOW, keys_of(CITY, 1).public.node.kid)


def test_it_tells_its_own_end_from_its_issuers() -> None:
    own_end = read_statement(line_to(COUNTY).statements[1])
    long_city = read_statement(city_line(NOW + 50 * DAY).statements[0])
    short_city = city_line(lifetime=20 * DAY)
    capped = short_city.below(subject_of(COUNTY), keys_of(COUNTY)).last
    assert currency(own_end, long_city, NOW + 90 * DAY) == "good"  # the second itself is still good
    assert (
        currency(own_end, long_city, NOW + 91 * DAY) == "expired"
    )  # the issuer is fine: it should have renewed
    assert currency(capped, short_city.last, NOW + 21 * DAY) == "expired-with-issuer"
    assert currency(capped, long_city, NOW + 55 * DAY) == "expired"  # the issuer has renewed since
    assert currency(short_city.last, None, NOW + 21 * DAY) == "expired"
    short_lived = short_city.below(subject_of(COUNTY), keys_of(COUNTY), lifetime=5 * DAY).last
    assert (
        currency(short_lived, short_city.last, NOW + 21 * DAY) == "expired"
    )  # its own 5 days were over first


def test_a_rotation_states_what_was_replaced_and_only_that() -> None:
    old, new = keys_of(COUNTY), keys_of(COUNTY, 1)
    partly = NodeKeys(new.node, old.receipt, old.witness, old.seal)
    previous = replaced_keys(old.public, partly.public)
    assert previous == {"node": old.public.node}
    jws = city_line().below(subject_of(COUNTY, keys=partly.public, previous=previous), partly).statements[1]
    assert claims_of(jws)["bianmin"]["previous"] == {"node": old.public.node.kid}
    stated = check_signature(read_statement(jws), CITY_KEYS.public.node)
    assert stated.previous == previous
    assert stated.good_keys("node", NOW) == (partly.public.node, old.public.node)
    assert stated.good_keys("node", NOW + 30 * DAY) == (partly.public.node, old.public.node)
    assert stated.good_keys("node", NOW + 30 * DAY + timedelta(seconds=1)) == (partly.public.node,)
    assert stated.good_keys("receipt", NOW) == (old.public.receipt,)
    assert replaced_keys(old.public, old.public) == {}


def test_replaced_keys_are_left_out_at_the_first_renewal_after_thirty_days() -> None:
    rotated_at = datetime(2026, 10, 1, tzinfo=UTC)
    assert is_previous_stated(rotated_at, rotated_at + 29 * DAY)
    assert not is_previous_stated(rotated_at, rotated_at + 30 * DAY)
