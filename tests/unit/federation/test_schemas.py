"""The schemas of §8: our own quick checker and the `jsonschema` library say the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from federation import canonical, schema
from federation.event import EntryError
from federation.events import EVENTS, check_schema, is_checked_by_handler
from federation.schema import SchemaError, compile_schema, schema_document, schema_names

UUID_A, UUID_B = "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11", "7b0f9f0e-1111-4abc-8def-6b1f6c2f8a12"
SHA, KID = "ab" * 32, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
ORIGIN = "nantong.example/320623101001/up/1"
TIME, DATE = "2026-11-24T06:30:00Z", "2026-11-24"
CLOCK = {"id": "T2", "started_on": DATE, "used_days": 0, "due_on": None}
BLOB = {"sha256": SHA, "size": 10, "media": "image/jpeg"}
OFFER = {"offer": UUID_B, "custody": 2, "case": UUID_A}

GOOD: dict[str, dict[str, Any]] = {
    "case.offered.v1": {
        **OFFER,
        "number": "320623101001-2026-000001",
        "item": "31-01",
        "item_version": SHA,
        "home": "320623101001",
        "mode": "handover",
        "offered_on": DATE,
        "clocks": [CLOCK],
        "blobs": [BLOB],
        "sealed": "e30.abc.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA",
    },
    "case.taken.v1": {**OFFER, "by": "machine", "post": "", "taken_at": TIME},
    "case.declined.v1": {**OFFER, "reason": "missing", "missing": ["m1"]},
    "case.status.v1": {
        "case": UUID_A,
        "custody": 1,
        "seq": 4,
        "from": "RECEIVED",
        "to": "ACCEPTED",
        "at": TIME,
        "post": "窗口",
        "clocks": [{**CLOCK, "due_on": DATE}],
        "paper": "便受〔2026〕1号",
    },
    "case.supplement.v1": {"case": UUID_A, "custody": 1, "missing": ["m1"]},
    "case.returned.v1": {**OFFER, "result": "granted", "paper": ""},
    "case.withdrawn.v1": {"case": UUID_A, "custody": 1, "by": "applicant", "at": TIME},
    "relay.v1": {"chain": ["a.b.c"], "proof": "c2sp.org/tlog-proof@v1\nindex 0\n\n…", "entry": "e30="},
    "relay.received.v1": {"entries": [{"origin": ORIGIN, "index": 0}]},
    "relay.undeliverable.v1": {"origin": ORIGIN, "index": 7},
    "entry.refused.v1": {"origin": ORIGIN, "refused": [{"index": 3, "reason": "seal-key"}]},
    "epoch.opened.v1": {"log": ORIGIN, "previous": "", "reason": "硬盘损坏"},
    "membership.issued.v1": {"statement": "a.b.c", "reason": "join"},
    "membership.revoked.v1": {
        "sub": "nantong.example/320623101001",
        "kids": [KID],
        "until": TIME,
        "reason": "失窃",
    },
    "audit.committed.v1": {
        "round": "2026-11",
        "origin": ORIGIN,
        "period_end": TIME,
        "count": 5,
        "commitment": SHA,
    },
    "audit.sealed.v1": {"round": "2026-11", "checkpoint": "note"},
    "audit.challenge.v1": {
        "round": "2026-11",
        "origin": ORIGIN,
        "size": 10,
        "seed": SHA,
        "from": 0,
        "count": 5,
        "due": TIME,
    },
    "audit.response.v1": {
        "round": "2026-11",
        "entries": [{"index": 1, "entry": "e30=", "hashes": ["A" * 43 + "="]}],
    },
    "fact.v1": {
        "v": 1,
        "id": UUID_A,
        "type": "case.accept",
        "at": TIME,
        "day": DATE,
        "actor": SHA,
        "post": "窗口",
        "clocks": [CLOCK],
        "amount_fen": 0,
        "materials": [SHA],
        "data": {},
    },
}

WRONG: tuple[Any, ...] = (None, True, -1, 0, 10**15, "", "x", "x" * 20_000, [], ["x"], [{}], {})


def spoilt(data: Any) -> Iterator[Any]:
    """The data with one thing changed: a member gone, or anything in it replaced by something else."""
    if isinstance(data, dict):
        for name in data:
            less = copy.deepcopy(data)
            del less[name]
            yield less
            for value in (*WRONG, *spoilt(data[name])):
                yield {**copy.deepcopy(data), name: value}
    elif isinstance(data, list):
        yield from ([value] for value in WRONG)
        for index, entry in enumerate(data):
            for value in spoilt(entry):
                yield [*data[:index], value, *data[index + 1 :]]


def is_good(name: str, data: Any) -> bool:
    try:
        schema.check(name, data)
    except SchemaError:
        return False
    return True


def test_every_schema_has_a_sample_here_and_every_event_is_in_the_table() -> None:
    assert set(GOOD) == schema_names()
    assert schema_names() - set(EVENTS) == {"fact.v1"}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_schema_is_a_good_schema_and_says_what_it_is_of(name: str) -> None:
    document = schema_document(name)
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:bianmin:schema:{name}"
    assert document["type"] == "object"


@pytest.mark.parametrize("name", sorted(GOOD))
def test_the_sample_is_good_with_new_members_too(name: str) -> None:
    assert is_good(name, GOOD[name])
    assert is_good(name, {**GOOD[name], "later": [1, {"x": None}]})


@pytest.mark.parametrize("name", sorted(GOOD))
def test_both_checkers_agree_on_everything_near_the_sample(name: str) -> None:
    validator = jsonschema.Draft202012Validator(schema_document(name))
    refused = 0
    for data in spoilt(GOOD[name]):
        expected = validator.is_valid(data)
        assert is_good(name, data) is expected, canonical.dump(data)
        refused += not expected
    assert refused > len(GOOD[name])


def test_the_end_of_a_pattern_is_the_end_of_the_text() -> None:
    data = {**GOOD["membership.revoked.v1"], "until": TIME + "\n"}
    assert not is_good("membership.revoked.v1", data)


def test_a_keyword_the_checker_does_not_know_is_never_silently_passed() -> None:
    with pytest.raises(AssertionError, match="multipleOf"):
        compile_schema({"type": "object", "properties": {"n": {"multipleOf": 2}}})


def test_there_is_no_schema_of_another_name() -> None:
    with pytest.raises(KeyError):
        schema_document("weather.told.v1")


def test_a_refusal_says_where_and_never_what() -> None:
    with pytest.raises(EntryError) as caught:
        check_schema("case.status.v1", {**GOOD["case.status.v1"], "at": "李芳"}, UUID_A)
    assert caught.value.reason == "schema"
    assert "data.at" in caught.value.detail
    assert "李芳" not in caught.value.detail


def test_an_event_about_a_case_is_about_its_subject() -> None:
    check_schema("case.taken.v1", GOOD["case.taken.v1"], UUID_A)
    with pytest.raises(EntryError) as caught:
        check_schema("case.taken.v1", GOOD["case.taken.v1"], UUID_B)
    assert caught.value.reason == "schema"


def test_a_type_without_a_schema_has_no_form_yet() -> None:
    check_schema("bulletin.published.v1", {"anything": [1]}, "s")


def test_who_checks_the_sender() -> None:
    assert is_checked_by_handler("case.taken.v1")
    assert is_checked_by_handler("weather.told.v1")
    assert not is_checked_by_handler("audit.challenge.v1")
