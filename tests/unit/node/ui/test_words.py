"""Dates, clocks and numbers in words."""

from datetime import UTC, date, datetime

import pytest

from node.ui import words

FRIDAY = date(2026, 11, 27)
TUESDAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "zh", "en", "shape"),
    [
        (
            3,
            "还有 3 个工作日,11 月 27 日(周五)下班前",
            "3 working days left, by the end of Fri 27 Nov",
            "open",
        ),
        (
            1,
            "还有 1 个工作日,11 月 27 日(周五)下班前",
            "1 working day left, by the end of Fri 27 Nov",
            "soon",
        ),
        (0, "今天到期,11 月 27 日(周五)下班前", "Due today, Fri 27 Nov", "soon"),
        (
            -2,
            "已超 2 个工作日,应于 11 月 27 日(周五)办结",
            "Overdue by 2 working days, was due Fri 27 Nov",
            "bad",
        ),
    ],
)
def test_clock_sentence_says_how_long_and_by_when(left: int, zh: str, en: str, shape: str) -> None:
    assert words.clock_words(left, FRIDAY, "zh", TUESDAY) == zh
    assert words.clock_words(left, FRIDAY, "en", TUESDAY) == en
    assert words.clock_shape(left) == shape


def test_day_names_its_year_only_when_it_is_another() -> None:
    assert words.day_words(date(2027, 1, 4), "zh", TUESDAY) == "2027 年 1 月 4 日(周一)"
    assert words.day_words(date(2027, 1, 4), "en", TUESDAY) == "Mon 4 Jan 2027"


@pytest.mark.parametrize(
    ("instant", "zh", "en"),
    [
        (datetime(2026, 11, 24, 2, 42, tzinfo=UTC), "10:42", "10:42"),
        (datetime(2026, 11, 23, 16, 5, tzinfo=UTC), "0:05", "0:05"),
        (datetime(2026, 11, 22, 1, 14, tzinfo=UTC), "11 月 22 日 9:14", "22 Nov 9:14"),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "1 月 1 日 0:00", "1 Jan 0:00"),
        (datetime(2025, 12, 31, 15, 59, tzinfo=UTC), "2025 年 12 月 31 日 23:59", "31 Dec 2025 23:59"),
    ],
)
def test_moment_is_told_on_the_offices_clock(instant: datetime, zh: str, en: str) -> None:
    assert words.moment_words(instant, "zh", NOW) == zh
    assert words.moment_words(instant, "en", NOW) == en


def test_numbers_read_as_people_write_them() -> None:
    assert words.number_words(1204) == "1,204"
    assert words.yuan_words(1200, "zh") == "12 元"
    assert words.yuan_words(1250, "en") == "12.50 yuan"
    assert words.grouped("482190357716") == "4821 9035 7716"
    assert [words.bytes_words(size) for size in (812, 4200, 3_100_000)] == ["812 B", "4.2 kB", "3.1 MB"]
    assert [words.span_words(s, "zh") for s in (0, 59, 60, 7200, 180_000)] == [
        "0 秒", "59 秒", "1 分钟", "2 小时", "2 天",
    ]  # fmt: skip
    assert words.span_words(86_400, "en") == "1 day"


def test_pairs_of_every_kind_are_said() -> None:
    class Both:
        zh, en = "登记", "Register"

    for pair in (("登记", "Register"), {"zh": "登记", "en": "Register"}, Both()):
        assert words.say_in("zh", pair) == "登记"
        assert words.say_in("en", pair) == "Register"
    assert words.say_in("en", "as it is") == "as it is"
