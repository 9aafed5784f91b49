"""Dates, numbers and levels in words, Chinese and English; pure.

Instants are aware and shown on the office's wall clock; days are local dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from node.kernel.clock import local_time
from node.kernel.problems import Language

WEEKDAYS_ZH = "一二三四五六日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LEVEL_CHARACTERS: Mapping[str, tuple[str, str]] = {
    "village": ("村", "Village"),
    "township": ("镇", "Township"),
    "county": ("县", "County"),
    "city": ("市", "City"),
    "province": ("省", "Province"),
}
SHAPES = ("open", "done", "soon", "bad", "wait", "off")
"""Shapes of a status tag; each is a word's companion, never alone."""


def say_in(language: Language, pair: Any) -> str:
    """The half of a pair a language wants.

    Args:
        pair: a tuple (zh, en), a mapping with `zh` and `en`, or anything with these attributes.
    """
    if isinstance(pair, str):
        return pair
    if isinstance(pair, Mapping):
        return str(pair[language])
    if isinstance(pair, (tuple, list)):
        return str(pair[1] if language == "en" else pair[0])
    return str(getattr(pair, language))


def day_words(day: date, language: Language, today: date | None = None) -> str:
    """`11 月 27 日(周五)`, with the year when it is not today's; `Fri 27 Nov`."""
    other_year = today is not None and day.year != today.year
    if language == "en":
        text = f"{WEEKDAYS_EN[day.weekday()]} {day.day} {MONTHS_EN[day.month - 1]}"
        return f"{text} {day.year}" if other_year else text
    text = f"{day.month} 月 {day.day} 日(周{WEEKDAYS_ZH[day.weekday()]})"
    return f"{day.year} 年 {text}" if other_year else text


def moment_words(instant: datetime, language: Language, now: datetime) -> str:
    """`10:42` today, `11 月 24 日 10:42` this year, with the year before."""
    local, today = local_time(instant), local_time(now).date()
    clock = f"{local.hour}:{local.minute:02d}"
    if local.date() == today:
        return clock
    if language == "en":
        text = f"{local.day} {MONTHS_EN[local.month - 1]}"
        return f"{text} {clock}" if local.year == today.year else f"{text} {local.year} {clock}"
    text = f"{local.month} 月 {local.day} 日 {clock}"
    return text if local.year == today.year else f"{local.year} 年 {text}"


def clock_words(days_left: int, due_on: date, language: Language, today: date) -> str:
    """The clock sentence: how many working days are left, and by when.

    Args:
        days_left: working days from today to the due day; 0: today, negative: overdue by as many.
    """
    due = day_words(due_on, language, today)
    if language == "en":
        count = f"{abs(days_left)} working day{'' if abs(days_left) == 1 else 's'}"
        if days_left < 0:
            return f"Overdue by {count}, was due {due}"
        return f"Due today, {due}" if days_left == 0 else f"{count} left, by the end of {due}"
    if days_left < 0:
        return f"已超 {-days_left} 个工作日,应于 {due}办结"
    return f"今天到期,{due}下班前" if days_left == 0 else f"还有 {days_left} 个工作日,{due}下班前"


def clock_shape(days_left: int, soon: int = 1) -> str:
    """The shape of a clock: `bad` when overdue, `soon` on the last days, else `open`."""
    if days_left < 0:
        return "bad"
    return "soon" if days_left <= soon else "open"


def number_words(value: int) -> str:
    """1204 as `1,204`."""
    return f"{value:,}"


def yuan_words(fen: int, language: Language) -> str:
    """An amount of fen in yuan: `12 元`, `12.50 元`."""
    yuan = f"{fen // 100:,}" if fen % 100 == 0 else f"{fen // 100:,}.{fen % 100:02d}"
    return f"{yuan} yuan" if language == "en" else f"{yuan} 元"


def bytes_words(size: int) -> str:
    """A size: `812 B`, `4.2 kB`, `3.1 MB`."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def span_words(seconds: float, language: Language) -> str:
    """A length of time, in its one largest unit: `3 分钟`, `2 days`."""
    whole = max(0, int(seconds))
    for length, zh, en in (
        (86_400, "天", "day"),
        (3_600, "小时", "hour"),
        (60, "分钟", "minute"),
        (1, "秒", "second"),
    ):
        if whole >= length or length == 1:
            count = whole // length
            return f"{count} {en}{'' if count == 1 else 's'}" if language == "en" else f"{count} {zh}"
    raise AssertionError("unreachable")


def grouped(code: str, size: int = 4) -> str:
    """A code in groups, as people read it aloud: `4821 9035 7716`."""
    bare = code.replace(" ", "")
    return " ".join(bare[start : start + size] for start in range(0, len(bare), size))


def level_words(level: str, language: Language) -> str:
    """村, 镇, 县, 市 or Village …."""
    return say_in(language, LEVEL_CHARACTERS[level])
