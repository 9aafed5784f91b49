"""Case numbers and query codes (requirements.md §2.1)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.cases.numbers import (
    NumberError,
    format_case_number,
    group_query_code,
    new_query_code,
    parse_case_number,
    parse_query_code,
)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.integers(1, 99_999))
def test_a_case_number_reads_back_as_it_was_written(day: date, running: int) -> None:
    number = format_case_number("320623101001", day, running)
    assert parse_case_number(f" {number[:12]}-{number[12:]} ") == number
    assert (number[12:20], int(number[20:])) == (day.strftime("%Y%m%d"), running)


@pytest.mark.parametrize("running", [0, -1, 100_000])
def test_a_day_has_no_more_than_99999_numbers(running: int) -> None:
    with pytest.raises(NumberError):
        format_case_number("320623101001", date(2026, 11, 24), running)


@pytest.mark.parametrize(
    "text", ["", "123", "3206231010012026113200001", "32062310100120261124000011", "x" * 25]
)
def test_what_is_no_case_number_is_refused(text: str) -> None:
    with pytest.raises(NumberError):
        parse_case_number(text)


@pytest.mark.parametrize(
    "text", ["", "1234 5678 901", "1234567890123", "12345678901二", "１２３４５６７８９０１２"]
)
def test_what_is_no_query_code_is_refused(text: str) -> None:
    with pytest.raises(NumberError):
        parse_query_code(text)


def test_a_query_code_is_shown_in_groups_of_four_and_read_back() -> None:
    code = new_query_code()
    assert parse_query_code(group_query_code(code)) == code
    assert len({new_query_code() for _ in range(50)}) == 50
