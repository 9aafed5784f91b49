"""Entries: what is read, what is refused and by which name, what is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import canonical
from federation.errors import CanonicalError
from federation.event import EntryError, is_instant, load_object, parse_entry, write_entry
from federation.records import Limits

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "6f1f1d0e-8f0e-4f57-9a0f-0d6d3f6c8a11",
    "source": "nantong.example/320623101001",
    "type": "case.status.v1",
    "subject": "0e3d6a1c-7a55-4f5f-9d0a-6b1f6c2f8a11",
    "time": "2026-11-24T06:30:00Z",
    "destination": "320623101000",
    "seq": 3,
    "data": {"case": "0e3d", "名": "李芳"},
}


def line_of(**changes: Any) -> bytes:
    """The good entry with members changed; a value of None drops one."""
    members = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return canonical.dump(members)


def reason_of(line: bytes) -> str:
    with pytest.raises(EntryError) as caught:
        parse_entry(line)
    return caught.value.reason


def test_an_entry_reads_back_with_its_exact_bytes() -> None:
    line = line_of()
    entry = parse_entry(line)
    assert (entry.id, entry.source, entry.type) == (GOOD["id"], GOOD["source"], GOOD["type"])
    assert (entry.subject, entry.time, entry.destination, entry.seq) == (
        GOOD["subject"], GOOD["time"], GOOD["destination"], 3,
    )  # fmt: skip
    assert entry.data == GOOD["data"]
    assert entry.line == line
    assert entry.source_code == "320623101001"


def test_canonical_form_is_not_judged() -> None:
    line = json.dumps(GOOD, indent=1, ensure_ascii=True).encode()
    entry = parse_entry(line)
    assert entry.data == GOOD["data"]
    assert entry.line == line


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'"text"',
        b"nonsense",
        b'{"a":1} {"b":2}',
        line_of()[:-1],
        line_of().replace(b'"seq":3', b'"seq":3,"seq":3'),
        line_of().replace(b'"seq":3', b'"seq":3.0'),
        line_of().replace(b'"seq":3', b'"seq":3e0'),
        line_of().replace(b'"seq":3', b'"seq":NaN'),
        line_of().replace(b'"seq":3', b'"seq":9007199254740992'),
        line_of().replace(b'"0e3d"', b'"\\u0000"'),
        line_of().replace(b'"0e3d"', b'"\x00"'),
        line_of().replace(b'"0e3d"', b'"\\ud800"'),
        line_of().replace(b'"0e3d"', b'"\xff"'),
        line_of().replace(b'"0e3d"', b"[" * 15 + b"]" * 15),
        b"\xef\xbb\xbf" + line_of(),
    ],
)
def test_what_two_readers_could_read_differently_is_no_json(line: bytes) -> None:
    assert reason_of(line) == "json"


def test_sixteen_levels_are_read() -> None:
    nested = line_of().replace(b'"0e3d"', b"[" * 14 + b"]" * 14)
    assert parse_entry(nested).line == nested


@pytest.mark.parametrize(
    "changes",
    [
        {"specversion": "1.1"},
        {"id": "6F1F1D0E-8F0E-4F57-9A0F-0D6D3F6C8A11"},
        {"id": "6f1f1d0e-8f0e-1f57-9a0f-0d6d3f6c8a11"},
        {"id": None},
        {"type": "case.status"},
        {"type": "Case.status.v1"},
        {"type": "case." + "x" * 60 + ".v1"},
        {"subject": ""},
        {"subject": "a\nb"},
        {"subject": "x" * 257},
        {"time": "2026-11-24T06:30:00+08:00"},
        {"time": "2026-02-30T06:30:00Z"},
        {"time": "yesterday"},
        {"destination": "32062310100"},
        {"destination": "３２０６２３１０１０００"},
        {"destination": "**"},
        {"seq": 0},
        {"seq": True},
        {"seq": "3"},
        {"seq": None},
        {"type": "relay.v1"},
        {"data": []},
        {"data": None},
        {"source": 7},
        {"extension": "1"},
    ],
)
def test_a_member_that_is_missing_foreign_or_misformed_is_refused(changes: dict[str, Any]) -> None:
    assert reason_of(line_of(**changes)) == "attribute"


@pytest.mark.parametrize("source", ["320623101001", "nantong.example/1", "Nantong.example/320623101001"])
def test_a_source_that_is_no_node_name_is_refused(source: str) -> None:
    assert reason_of(line_of(source=source)) == "source"


def test_a_refusal_keeps_subject_and_seq_where_they_can_be_read() -> None:
    with pytest.raises(EntryError) as caught:
        parse_entry(line_of(time="yesterday"))
    assert (caught.value.subject, caught.value.seq) == (GOOD["subject"], 3)


def test_everyone_is_a_destination_and_relay_has_no_seq() -> None:
    assert parse_entry(line_of(destination="*")).destination == "*"
    assert parse_entry(line_of(type="relay.v1", seq=None)).seq is None


def test_an_own_entry_has_32768_bytes_and_any_line_65535() -> None:
    def padded(size: int, **changes: Any) -> bytes:
        empty = line_of(data={"p": ""}, **changes)
        return line_of(data={"p": "x" * (size - len(empty))}, **changes)

    assert len(padded(32_768)) == 32_768
    parse_entry(padded(32_768))
    assert reason_of(padded(32_769)) == "length"
    parse_entry(padded(65_535, type="relay.v1", seq=None))
    assert reason_of(padded(65_536, type="relay.v1", seq=None)) == "length"


def test_a_line_is_measured_before_it_is_read() -> None:
    with pytest.raises(EntryError) as caught:
        parse_entry(b"[" * 101, Limits(any_entry_bytes=100))
    assert caught.value.reason == "length"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-11-24T06:30:00Z", True),
        ("2026-11-24T06:30:00.123456789Z", True),
        ("2026-11-24t06:30:00Z", False),
        ("2026-11-24T06:30Z", False),
        ("2026-13-24T06:30:00Z", False),
        ("2026-11-24T06:30:00", False),
        ("2026-11-24T06:30:00.Z", False),
    ],
)
def test_times_are_rfc_3339_in_utc(text: str, good: bool) -> None:
    assert is_instant(text) is good


# --- writing -----------------------------------------------------------------------------------------------------


def written(**changes: Any) -> bytes:
    members = {name: value for name, value in GOOD.items() if name != "specversion"}
    return write_entry(**{**members, **changes})


def test_what_is_written_is_the_canonical_form() -> None:
    assert written() == line_of()
    assert written(data=canonical.dump(GOOD["data"])) == line_of()
    assert written(type="relay.v1", seq=None) == line_of(type="relay.v1", seq=None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "1"}, "attribute"),
        ({"source": "here"}, "source"),
        ({"data": {"x": "\x00"}}, "json"),
        ({"data": {"x": "y" * 32_768}}, "length"),
        ({"data": b"[]"}, "attribute"),
        ({"seq": None}, "attribute"),
    ],
)
def test_what_a_receiver_would_refuse_is_never_written(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(EntryError) as caught:
        written(**changes)
    assert caught.value.reason == reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_the_quick_reader_and_the_strict_one_agree(value: dict[str, Any]) -> None:
    try:
        line = canonical.dump(value)
    except CanonicalError:
        return
    for spelling in (line, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")):
        try:
            expected: Any = canonical.load_object(spelling)
        except CanonicalError:
            with pytest.raises(CanonicalError):
                load_object(spelling)
        else:
            assert load_object(spelling) == expected
