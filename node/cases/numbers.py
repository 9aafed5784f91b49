"""Case numbers and query codes.

A case number (办件编号) is unique without asking any other node: node code (12) + registration day YYYYMMDD +
running number of that node and day (5 digits, from 00001). A query code (查询码) is 12 random digits, shown in
groups of four, so that a case cannot be found by counting. Source: requirements.md §2.1.

Example: `320623101001` + `20261124` + `00007`.
"""

from __future__ import annotations

import re
import secrets
from datetime import date
from typing import NewType

CaseNumber = NewType("CaseNumber", str)
QueryCode = NewType("QueryCode", str)

LAST_OF_DAY = 99_999
_CASE_NUMBER = re.compile(r"[0-9]{25}")
_QUERY_CODE = re.compile(r"[0-9]{12}")


class NumberError(ValueError):
    """Text is not a case number or a query code."""


def format_case_number(node_code: str, day: date, running: int) -> CaseNumber:
    """The number of the `running`-th registration of a node on a day.

    Raises:
        NumberError: `running` is not in [1, 99999].
    """
    if not 1 <= running <= LAST_OF_DAY:
        raise NumberError(f"running number {running} is not between 1 and {LAST_OF_DAY}")
    return CaseNumber(f"{node_code}{day:%Y%m%d}{running:05d}")


def parse_case_number(text: str) -> CaseNumber:
    """A case number as typed by a person: spaces and hyphens are ignored.

    Raises:
        NumberError: not 25 digits, or its day does not exist.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not _CASE_NUMBER.fullmatch(digits):
        raise NumberError("a case number has 25 digits")
    try:
        date(int(digits[12:16]), int(digits[16:18]), int(digits[18:20]))
    except ValueError:
        raise NumberError("the day inside the case number does not exist") from None
    return CaseNumber(digits)


def new_query_code() -> QueryCode:
    """Twelve random digits."""
    return QueryCode(f"{secrets.randbelow(10**12):012d}")


def parse_query_code(text: str) -> QueryCode:
    """A query code as typed by a person: spaces and hyphens are ignored.

    Raises:
        NumberError: not 12 digits.
    """
    digits = re.sub(r"[\s-]", "", text)
    if not _QUERY_CODE.fullmatch(digits):
        raise NumberError("a query code has 12 digits")
    return QueryCode(digits)


def group_query_code(code: str) -> str:
    """`123456789012` → `1234 5678 9012`."""
    return " ".join(code[index : index + 4] for index in range(0, len(code), 4))
