"""The people of the demonstration: made up, but their numbers check (GB 11643, GB 32100), and forms filled as they would.

Everything comes from a seeded generator, so that a seed names a morning. Names and addresses are of no real person;
identity numbers carry the county's own six digits and birthdays that suit.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
)
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰凤珍红建国志文云飞雪梅晓东海波永生春林德福"
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
TRADES = ("粮油种植", "水产养殖", "便民超市", "家纺加工", "小吃餐饮", "农机服务")


@dataclass(frozen=True)
class Surroundings:
    """Where the people live: names and code of the village or town, and the day."""

    place: str
    region: str
    today: date


class Applicants:
    """Makes people and fills forms.

    Args:
        seed: the same seed makes the same people in the same order.
    """

    def __init__(self, seed: int, surroundings: Surroundings) -> None:
        self._chance = random.Random(seed)
        self._around = surroundings

    def name(self) -> str:
        """A name of two or three characters; one in forty is long, as some are."""
        if self._chance.random() < 1 / 40:
            return "买买提江·阿卜杜热合曼"
        length = self._chance.choice((1, 2, 2))
        return self._chance.choice(SURNAMES) + "".join(self._chance.choice(GIVEN) for _ in range(length))

    def resident_id(self) -> str:
        """A number whose check character holds; its owner is between 25 and 75."""
        born = self._around.today - timedelta(days=self._chance.randint(25 * 366, 75 * 365))
        digits = f"{self._around.region[:6]}{born:%Y%m%d}{self._chance.randint(1, 899):03d}"
        total = sum(int(digit) * weight for digit, weight in zip(digits, ID_WEIGHTS, strict=True))
        return digits + ID_CHECKS[total % 11]

    def uscc(self) -> str:
        """A credit code of an enterprise whose check character holds."""
        body = f"91{self._around.region[:6]}" + "".join(self._chance.choice(USCC_ALPHABET) for _ in range(9))
        total = sum(USCC_ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(body))
        return body + USCC_ALPHABET[(31 - total % 31) % 31]

    def phone(self) -> str:
        """A mobile number."""
        return (
            "1" + self._chance.choice("3578") + "".join(self._chance.choice("0123456789") for _ in range(9))
        )

    def address(self) -> str:
        """A group and house number in the village or town."""
        return f"{self._around.place}{self._chance.randint(1, 28)}组{self._chance.randint(1, 120)}号"

    def applicant(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The applicant block: a person where the item allows one, else an enterprise with its representative."""
        kind = str(form["kinds"][0]["value"] if isinstance(form["kinds"][0], Mapping) else form["kinds"][0])
        filled = self.fill(form["applicant"][kind])
        return {"kind": kind, **filled}

    def fill(self, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Values for the required fields of a form, in the form's order."""
        return {str(one["id"]): self.value(one) for one in fields if one.get("required", True)}

    def value(self, one: Mapping[str, Any]) -> str | int:
        """A value that suits one field, by its type and limits."""
        made: Mapping[str, Callable[[], str | int]] = {
            "id_number": self.resident_id,
            "uscc": self.uscc,
            "phone": self.phone,
            "address": self.address,
            "date": lambda: self._date(one),
            "choice": lambda: str(self._chance.choice(one["choices"])["value"]),
            "integer": lambda: self._integer(one),
            "money": lambda: f"{self._integer(one, scale=100)}.00",
            "text": lambda: self._text(one),
        }
        return made[str(one["type"])]()

    def _integer(self, one: Mapping[str, Any], scale: int = 1) -> int:
        low = -(-int(one.get("min") or 0) // scale)
        high = int(one["max"]) // scale if one.get("max") is not None else low + 5000
        return self._chance.randint(max(low, 1), max(min(high, max(low, 1) + 5000), max(low, 1)))

    def _date(self, one: Mapping[str, Any]) -> str:
        """Days from today within the field's limits; a term that ends lies after all that begin."""
        low = int(one["min"]) if one.get("min") is not None else -3000
        high = int(one["max"]) if one.get("max") is not None else 700
        ends = str(one["id"]).endswith("_to")
        days = high if ends else self._chance.randint(max(low, -3000), max(min(high, 0), max(low, -3000)))
        return (self._around.today + timedelta(days=days)).isoformat()

    def _text(self, one: Mapping[str, Any]) -> str:
        low, high = int(one.get("min") or 1), int(one.get("max") or 200)
        label = str(one["zh"])
        if "姓名" in label:
            text = self.name()
        elif "号" in label:
            text = "".join(self._chance.choice("0123456789") for _ in range(max(low, min(high, 16))))
        else:
            text = f"{label}:{self._chance.choice(TRADES)}"
        return text.ljust(low, "〇")[:high]
