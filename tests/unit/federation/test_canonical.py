"""Canonical JSON out, strict JSON in (federation.md, Encodings; RFC 8785, RFC 8259)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.canonical import DEPTH, INTEGER_LIMIT, dump, is_canonical, load, load_object
from federation.errors import CanonicalError

TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(1 - INTEGER_LIMIT, INTEGER_LIMIT - 1) | TEXT,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXT, children, max_size=4),
    max_leaves=12,
)

# RFC 8785 §3.2.3: members are sorted by UTF-16 code units, not by code points.
SORTING = {
    "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One", "\U0001f600": "Emoji: Grinning Face", "\x80": "Control", "\u00f6": "Latin Small Letter O With Diaeresis",
}  # fmt: skip
SORTED = [
    "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
    "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
]  # fmt: skip


def test_members_are_sorted_as_rfc_8785_says() -> None:
    assert list(json.loads(dump(SORTING)).values()) == SORTED


def test_strings_are_written_as_rfc_8785_says() -> None:
    # RFC 8785 §3.2.2.2 and the example of §3.2.2
    assert (
        dump({"string": '\u20ac$\x0f\nA\'B"\\\\"/'})
        == '{"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'.encode()
    )
    assert dump({"literals": [None, True, False]}) == b'{"literals":[null,true,false]}'
    assert dump({"b": 1, "a": "便民"}) == '{"a":"便民","b":1}'.encode()


@given(VALUES)
def test_what_is_written_is_read_back_and_written_the_same(value: Any) -> None:
    written = dump(value)
    assert load(written) == value
    assert is_canonical(written)
    assert json.loads(written) == value


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        INTEGER_LIMIT,
        -INTEGER_LIMIT,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        pytest.param(object(), id="an object"),
        b"bytes",
        {"a": 0.5},
    ],
    ids=repr,
)
def test_what_has_no_canonical_form_is_not_written(value: Any) -> None:
    with pytest.raises(CanonicalError):
        dump(value)


def nested(levels: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * levels + "1" + closing * levels).encode()


REFUSED = [
    ("a name twice", b'{"a":1,"a":2}'),
    ("a name twice, escaped", b'{"a":1,"\\u0061":2}'),
    ("a name twice, deeper", b'[{"b":{"a":1,"a":1}}]'),
    ("NaN", b'{"a":NaN}'),
    ("Infinity", b"[-Infinity]"),
    ("a float", b"[1.0]"),
    ("an exponent", b"[1e3]"),
    ("2^53", b"[9007199254740992]"),
    ("minus 2^53", b"[-9007199254740992]"),
    ("a very long number", b"1" * 5000),
    ("seventeen levels", nested(DEPTH + 1)),
    ("seventeen levels of objects", nested(DEPTH + 1, '{"a":', "}")),
    ("a hundred thousand levels", nested(100_000)),
    ("not UTF-8", b'"\xff"'),
    ("UTF-16", '"a"'.encode("utf-16")),
    ("a byte order mark", b'\xef\xbb\xbf"a"'),
    ("a lone surrogate", b'"\\ud800"'),
    ("a lone surrogate in a name", b'{"\\udc00":1}'),
    ("U+0000", b'["a\\u0000b"]'),
    ("U+0000 in a name", b'{"a":{"\\u0000":1}}'),
    ("a raw control", b'"a\x00"'),
    ("something behind", b"{} {}"),
    ("a comma too many", b"[1,]"),
    ("single quotes", b"{'a':1}"),
    ("nothing", b""),
    ("leading zero", b"[01]"),
]


@pytest.mark.parametrize("data", [data for _, data in REFUSED], ids=[name for name, _ in REFUSED])
def test_what_two_readers_could_understand_differently_is_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError) as caught:
        load(data)
    assert caught.value.code == "json"
    assert not is_canonical(data)


def test_the_limits_themselves_are_allowed() -> None:
    assert load(b"[9007199254740991,-9007199254740991]") == [INTEGER_LIMIT - 1, 1 - INTEGER_LIMIT]
    assert load(nested(DEPTH)) == json.loads(nested(DEPTH))
    assert load(b'"' + b"[" * 100 + b'"') == "[" * 100
    assert load(b'"\\"' + b"[" * 100 + b'"') == '"' + "[" * 100
    assert load(b'"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(
    "data", [b'{"b":1,"a":2}', b'{"a": 1}', b'"\\u0061"', b"[1]\n", b"-0"], ids=lambda data: data.decode()
)
def test_another_spelling_is_read_but_is_not_canonical(data: bytes) -> None:
    load(data)
    assert not is_canonical(data)


def test_an_object_is_wanted_where_one_is_asked_for() -> None:
    assert load_object(b'{"a":[]}') == {"a": []}
    for data in (b"[]", b'"a"', b"null"):
        with pytest.raises(CanonicalError):
            load_object(data)


@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    try:
        value = load(data)
    except CanonicalError:
        return
    assert is_canonical(data) == (dump(value) == data)
