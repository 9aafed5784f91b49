"""Facts: the exact line, nothing personal in it, commitments that open and bind."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import canonical
from federation.errors import CanonicalError
from node.ledger.rules import FactDraft, FactError, commit, open_commitments, opens, read_fact, write_fact

AT = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
ZERO_SALT = bytes(16)
VECTOR = "e26d36968529880c1ee0825c972114bca141bc604da049e3b586ea251e234512"
FACT_ID = UUID("0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11")
DRAFT = FactDraft("case.accept", AT, "p-4711", post="受理岗", case="c1", target="ACCEPTED", source="RECEIVED")


def test_the_commitment_of_the_module_is_the_vector() -> None:
    assert commit("李芳", ZERO_SALT)[1] == VECTOR
    assert hashlib.sha256(ZERO_SALT + '"李芳"'.encode()).hexdigest() == VECTOR


def test_the_line_is_canonical_and_says_the_local_day() -> None:
    written = write_fact(DRAFT, salt=ZERO_SALT, fact_id=FACT_ID)
    actor = commit("p-4711", ZERO_SALT)[1]
    assert written.line.decode() == (
        f'{{"actor":"{actor}","at":"2026-11-24T16:30:00Z","case":"c1","day":"2026-11-25","from":"RECEIVED",'
        f'"id":"{FACT_ID}","post":"受理岗","to":"ACCEPTED","type":"case.accept","v":1}}'
    )
    assert canonical.is_canonical(written.line)


@given(
    st.text(max_size=20),
    st.lists(st.text(max_size=10), max_size=4),
    st.dictionaries(st.sampled_from(["name", "phone", "address"]), st.text(max_size=20)),
    st.none() | st.integers(0, 10**9),
)
def test_a_fact_is_read_back_as_it_was_written(
    authorization: str, materials: list[str], personal: dict[str, str], amount: int | None
) -> None:
    draft = replace(
        DRAFT, authorization=authorization, materials=materials, personal=personal, amount_fen=amount
    )
    written = write_fact(draft)
    fact = read_fact(written.line)
    assert (fact.type, fact.source, fact.target, fact.amount_fen) == (
        "case.accept",
        "RECEIVED",
        "ACCEPTED",
        amount,
    )
    assert open_commitments(fact, written.salt, written.values) == []


@given(st.text(min_size=4, max_size=20, alphabet="李芳王小明赵钱孙周"))
def test_nothing_personal_stands_in_the_line(value: str) -> None:
    draft = FactDraft(
        "case.accept", AT, value, authorization=value, materials=[value], personal={"name": value}
    )
    assert value not in write_fact(draft).line.decode()


@pytest.mark.parametrize("place", ["actor", "authorization", "materials", "data.name"])
def test_another_value_does_not_open_a_commitment(place: str) -> None:
    written = write_fact(replace(DRAFT, authorization="A-1", materials=["x", "y"], personal={"name": "李芳"}))
    values = {**written.values, place: ["x", "z"] if place == "materials" else "别人"}
    assert open_commitments(read_fact(written.line), written.salt, values) == [place]


def test_a_commitment_binds_to_its_salt() -> None:
    salt, commitment = commit("李芳")
    assert opens(commitment, salt, "李芳")
    assert not opens(commitment, ZERO_SALT, "李芳")
    with pytest.raises(FactError, match="16 bytes"):
        commit("李芳", b"short")


def test_the_machine_and_the_applicant_stand_open_and_need_no_salt() -> None:
    for actor in ("machine", "applicant"):
        written = write_fact(FactDraft("case.lapse", AT, actor))
        assert (read_fact(written.line).actor, written.salt, written.values) == (actor, b"", {})


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (replace(DRAFT, type="accept"), "not a fact type"),
        (replace(DRAFT, type="Case.accept"), "not a fact type"),
        (replace(DRAFT, type="case." + "x" * 64), "not a fact type"),
        (replace(DRAFT, actor=""), "names its actor"),
        (replace(DRAFT, data={"name": 1}, personal={"name": "李芳"}), "open and personal at once"),
        (replace(DRAFT, data={"text": "x" * 8192}), "at most 8192 bytes"),
    ],
)
def test_a_draft_that_is_no_fact_is_a_mistake_of_the_caller(draft: FactDraft, message: str) -> None:
    with pytest.raises(FactError, match=message):
        write_fact(draft)


def test_a_number_that_is_no_integer_has_no_place_in_a_fact() -> None:
    with pytest.raises(CanonicalError):
        write_fact(replace(DRAFT, data={"share": 0.5}))


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b'{"v":"1"}', b"\xff"])
def test_a_line_that_is_no_fact_is_refused(line: bytes) -> None:
    with pytest.raises(FactError, match="not a fact"):
        read_fact(line)


def test_members_of_later_versions_are_ignored() -> None:
    line = write_fact(DRAFT).line[:-1] + b',"zz":1}'
    assert read_fact(line).type == "case.accept"
