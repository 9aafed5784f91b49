"""Structured field values (RFC 8941)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from http_sf import parse as reference_parse
from hypothesis import given
from hypothesis import strategies as st

from federation.structured import (
    FieldSyntaxError,
    InnerList,
    Item,
    Token,
    format_bare,
    format_inner_list,
    parse_dictionary,
)


def test_the_dictionaries_of_rfc_8941_read() -> None:
    assert parse_dictionary('en="Applepie", da=:w4ZibGV0w6ZydGU=:') == {
        "en": Item("Applepie"),
        "da": Item("Æbletærte".encode()),
    }
    assert parse_dictionary("a=?0, b, c; foo=bar") == {
        "a": Item(False),
        "b": Item(True),
        "c": Item(True, {"foo": Token("bar")}),
    }
    assert parse_dictionary("rating=1.5, feelings=(joy sadness)") == {
        "rating": Item(Decimal("1.5")),
        "feelings": InnerList((Item(Token("joy")), Item(Token("sadness")))),
    }
    assert parse_dictionary("a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid")["d"] == InnerList(
        (Item(5), Item(6)), {"valid": True}
    )
    assert parse_dictionary("") == {}
    assert parse_dictionary('a="q\\"\\\\",\t b=-7') == {"a": Item('q"\\'), "b": Item(-7)}


@pytest.mark.parametrize(
    "text",
    [
        "a=1,", "a=1,,b=2", "a=", "=1", "A=1", "a=1 b=2", 'a="x', 'a="\\x"', "a=:AA", "a=:A:", "a=?2", "a=1.2345",
        "a=1234567890123456", "a=(1", "a=(1,2)", "a=(1 2)x", "a=--1", "a=1;", "a=1;B=1", "a=(1;;)", "1=a", "a=1.", "a=1..2",
        'a="\x7f"', "a=镇",
        "a=1, a=2", "a=1;b=1;b=2", "a=(1;x;x)",
    ],
)  # fmt: skip
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(FieldSyntaxError):
        parse_dictionary(text)


def test_an_inner_list_is_written_in_its_one_form() -> None:
    read = parse_dictionary('x=(  "@method"   "a";bs );created=1; keyid="k\\"";flag')["x"]
    assert isinstance(read, InnerList)
    assert format_inner_list(read) == '("@method" "a";bs);created=1;keyid="k\\"";flag'


_KEYS = st.from_regex(r"[a-z*][a-z0-9_.*-]{0,6}", fullmatch=True)
_BARE = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
    | st.integers(-999_999_999_999_999, 999_999_999_999_999)
    | st.binary(max_size=12)
    | st.booleans()
)
_ITEMS = st.builds(Item, _BARE, st.dictionaries(_KEYS, _BARE, max_size=3))
_LISTS = st.builds(
    InnerList, st.lists(_ITEMS, max_size=4).map(tuple), st.dictionaries(_KEYS, _BARE, max_size=3)
)


@given(st.dictionaries(_KEYS, _LISTS, max_size=3))
def test_what_is_written_reads_back_here_and_in_the_reference_library(members: dict[str, InnerList]) -> None:
    text = ", ".join(f"{key}={format_inner_list(value)}" for key, value in members.items())
    assert parse_dictionary(text) == members
    reference = reference_parse(text.encode("ascii"), tltype="dictionary") if text != "" else {}
    assert list(reference) == list(members)
    for key, (items, params) in reference.items():
        assert params == dict(members[key].params)
        assert [value for value, _ in items] == [item.value for item in members[key].items]
        assert [extra for _, extra in items] == [dict(item.params) for item in members[key].items]


def test_only_ascii_is_written() -> None:
    with pytest.raises(FieldSyntaxError):
        format_bare("镇")
    with pytest.raises(FieldSyntaxError):
        format_bare("a\tb")
