"""Identity numbers: resident identity numbers (GB 11643) and unified social credit codes (GB 32100); pure.

Resident identity number, 18 characters: division code (6), birth date (8), order (3, odd for men), check character.
The check character is `"10X98765432"[Σ digit·weight mod 11]`, weights 7 9 10 5 8 4 2 1 6 3 7 9 10 5 8 4 2. Example:
`11010519491231002X`. The division is that of the first registration, which may since have been abolished, so only its
province is judged: lists of counties go stale and refuse real people.

Unified social credit code, 18 characters of an alphabet of 31 (no I O S V Z): registering authority (1), kind (1),
division code (6 digits), organisation code (9), check character `alphabet[(31 − Σ value·3^(i−1) mod 31) mod 31]`.
Examples: `91350100M000100Y43`, `N2…` for village collectives, whose first character is a letter.

Passports, birth certificates, the residence permits of Hong Kong, Macao, Taiwan and foreigners are typed documents
without a check here. Source: requirements.md §2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

NUMBER_LENGTH = 18
OLD_RESIDENT_LENGTH = 15
EARLIEST_BIRTH = date(1850, 1, 1)
RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_CHECKS = "10X98765432"
PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
"""First two digits in use; 81, 82, 83 stand on residence permits of Hong Kong, Macao and Taiwan."""
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_MODULUS = 31
_RESIDENT = re.compile("[0-9]{17}[0-9X]")
_USCC = re.compile(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")


class IdentityNumberError(ValueError):
    """A number cannot be right: what is wrong, the rule, and the way out, as a pair of sentences.

    The sentences never repeat the number itself, so they may be logged.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class ResidentId:
    """What a resident identity number says by itself.

    Attributes:
        province: first two digits, of the first registration.
        born_on: birth date.
        is_male: by the order number.
    """

    province: str
    born_on: date
    is_male: bool


def check_resident_id(number: str, today: date) -> ResidentId:
    """Checks a resident identity number, letters in capitals, without spaces.

    Args:
        today: nobody is born later.

    Raises:
        IdentityNumberError: length, characters, province, birth date, or check character.
    """
    _check_length(number, "公民身份号码", "a resident identity number")
    if _RESIDENT.fullmatch(number) is None:
        raise IdentityNumberError(
            "公民身份号码前 17 位是数字,末位是数字或字母 X,请逐位核对。",
            "A resident identity number is 17 digits and then a digit or the letter X; please compare each of them.",
        )
    if number[:2] not in PROVINCES:
        raise IdentityNumberError(
            f"前两位应是省级区划代码,没有“{number[:2]}”,请对照证件核对。",
            f"The first two digits are a province's code, and there is no {number[:2]}; compare with the card.",
        )
    born_on = _birth_date(number[6:14], today)
    expected = resident_check(number[:17])
    if number[17] != expected:
        raise _wrong_check(number[17], expected)
    return ResidentId(number[:2], born_on, int(number[16]) % 2 == 1)


def resident_check(digits: str) -> str:
    """The check character of the 17 digits before it (GB 11643 §6)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, RESIDENT_WEIGHTS, strict=True))
    return RESIDENT_CHECKS[total % len(RESIDENT_CHECKS)]


def check_uscc(code: str) -> str:
    """Checks a unified social credit code, letters in capitals, without spaces; returns it.

    Raises:
        IdentityNumberError: length, characters, or check character.
    """
    _check_length(code, "统一社会信用代码", "a unified social credit code")
    if _USCC.fullmatch(code) is None:
        raise IdentityNumberError(
            "统一社会信用代码只用数字和大写字母,不用 I、O、S、V、Z,第 3 至 8 位是数字;请核对是否把 0 写成了 O、1 写成了 I。",
            "A unified social credit code uses digits and capital letters except I, O, S, V, Z, and characters 3 to 8"
            " are digits; check for an O in place of 0 or an I in place of 1.",
        )
    expected = uscc_check(code[:17])
    if code[17] != expected:
        raise _wrong_check(code[17], expected)
    return code


def uscc_check(characters: str) -> str:
    """The check character of the 17 characters before it (GB 32100 §5)."""
    total, weight = 0, 1
    for character in characters:
        total += USCC_ALPHABET.index(character) * weight
        weight = weight * 3 % USCC_MODULUS
    return USCC_ALPHABET[(USCC_MODULUS - total % USCC_MODULUS) % USCC_MODULUS]


def _check_length(number: str, zh: str, en: str) -> None:
    if len(number) == NUMBER_LENGTH:
        return
    if len(number) == OLD_RESIDENT_LENGTH and number.isdecimal():
        raise IdentityNumberError(
            "15 位的旧号码已停用,请填写现行居民身份证上的 18 位号码。",
            "Numbers of 15 digits are no longer in use; enter the 18 characters on the present card.",
        )
    raise IdentityNumberError(
        f"{zh}为 {NUMBER_LENGTH} 位,现为 {len(number)} 位。",
        f"There are {NUMBER_LENGTH} characters in {en}; this has {len(number)}.",
    )


def _birth_date(digits: str, today: date) -> date:
    try:
        born_on = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise IdentityNumberError(
            "第 7 至 14 位应是出生日期,但没有这一天,请对照证件核对。",
            "Characters 7 to 14 are the birth date, and there is no such day; compare with the card.",
        ) from error
    if not EARLIEST_BIRTH <= born_on <= today:
        raise IdentityNumberError(
            f"第 7 至 14 位是出生日期,须在 {EARLIEST_BIRTH.year} 年以后且不晚于今天({today.isoformat()}),请对照证件核对。",
            f"Characters 7 to 14 are the birth date: from {EARLIEST_BIRTH.year} on and not after today"
            f" ({today.isoformat()}); compare with the card.",
        )
    return born_on


def _wrong_check(found: str, expected: str) -> IdentityNumberError:
    return IdentityNumberError(
        f"末位校验码不对:按前 17 位算应为 {expected},现为 {found}。请逐位核对,多半有一位写错或两位写反。",
        f"The last character does not fit: the first 17 give {expected}, this has {found}. Compare each character;"
        " usually one is wrong or two are swapped.",
    )
