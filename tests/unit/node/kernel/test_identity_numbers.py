"""Identity numbers against known ones, an independent implementation, and that one's known errors."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError

from node.kernel.identity_numbers import (
    PROVINCES,
    USCC_ALPHABET,
    IdentityNumberError,
    check_resident_id,
    check_uscc,
    resident_check,
    uscc_check,
)

TODAY = date(2026, 11, 24)
KNOWN_RESIDENT = "11010519491231002X"
KNOWN_USCC = ("91350100M000100Y43", "11511301008778183N", "11330800MB0R57773W")


def number(division: str, born: str = "19900101", order: str = "123") -> str:
    digits = division + born + order
    return digits + resident_check(digits)


def test_the_standards_own_example_says_who_it_is() -> None:
    found = check_resident_id(KNOWN_RESIDENT, TODAY)
    assert (found.province, found.born_on, found.is_male) == ("11", date(1949, 12, 31), False)


@pytest.mark.parametrize("code", KNOWN_USCC)
def test_known_credit_codes_are_good(code: str) -> None:
    assert check_uscc(code) == code


@pytest.mark.parametrize(
    ("wrong", "zh", "en"),
    [
        ("110105194912310021", "应为 X,现为 1", "give X, this has 1"),
        ("1101051949123100", "为 18 位,现为 16 位", "this has 16"),
        ("110105491231002", "15 位的旧号码已停用", "no longer in use"),
        ("11010519491231002x", "末位是数字或字母 X", "letter X"),
        ("1101051949123100２X", "前 17 位是数字", "17 digits"),
        ("990105194912310029", "没有“99”", "no 99"),
        (number("110105", "19490230"), "没有这一天", "no such day"),
        (number("110105", "20261125"), "不晚于今天", "not after today"),
        (number("110105", "18491231"), "1850 年以后", "from 1850"),
    ],
)
def test_a_wrong_resident_number_is_told_with_the_way_out(wrong: str, zh: str, en: str) -> None:
    with pytest.raises(IdentityNumberError) as caught:
        check_resident_id(wrong, TODAY)
    assert zh in caught.value.zh
    assert en in caught.value.en
    assert wrong not in caught.value.zh + caught.value.en


@pytest.mark.parametrize(
    ("wrong", "zh", "en"),
    [
        ("91350100M000100Y44", "应为 3,现为 4", "give 3, this has 4"),
        ("9135O100M000100Y43", "0 写成了 O", "O in place of 0"),
        ("91350100m000100Y43", "大写字母", "capital letters"),
        ("91350100M000100Y4", "为 18 位,现为 17 位", "this has 17"),
        ("91350100M000100I43", "不用 I", "except I"),
    ],
)
def test_a_wrong_credit_code_is_told_with_the_way_out(wrong: str, zh: str, en: str) -> None:
    with pytest.raises(IdentityNumberError) as caught:
        check_uscc(wrong)
    assert zh in caught.value.zh
    assert en in caught.value.en


def test_somebody_born_today_has_a_number() -> None:
    assert check_resident_id(number("320623", "20261124"), TODAY).born_on == TODAY


@given(
    st.sampled_from(sorted(PROVINCES)),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)
def test_the_check_character_is_that_of_an_independent_implementation(
    province: str, born: date, order: int
) -> None:
    digits = f"{province}0101{born:%Y%m%d}{order:03d}"
    assert resident_check(digits) == ric.calc_check_digit(digits + "0")
    assert check_resident_id(digits + resident_check(digits), TODAY).born_on == born


@given(
    st.text("123456789", min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
    st.sampled_from(USCC_ALPHABET),
)
def test_credit_codes_are_judged_as_by_an_independent_implementation(
    kind: str, division: str, organisation: str, last: str
) -> None:
    code = kind + division + organisation + last
    try:
        uscc.validate(code)
    except ValidationError:
        with pytest.raises(IdentityNumberError):
            check_uscc(code)
    else:
        assert check_uscc(code) == code


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(place: int, by: int) -> None:
    good = number("320623")
    changed = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]
    with pytest.raises(IdentityNumberError):
        check_resident_id(changed, TODAY)


@pytest.mark.parametrize("place", range(16))
def test_two_neighbours_swapped_are_noticed_in_a_credit_code(place: int) -> None:
    good = KNOWN_USCC[0]
    swapped = good[:place] + good[place + 1] + good[place] + good[place + 2 :]
    if swapped != good:
        with pytest.raises(IdentityNumberError):
            check_uscc(swapped)


@pytest.mark.parametrize("division", ["330113", "330114", "659013"])
def test_young_divisions_are_known_where_the_other_implementation_breaks(division: str) -> None:
    good = number(division)
    with pytest.raises(KeyError):
        ric.is_valid(good)
    assert check_resident_id(good, TODAY).province == division[:2]


def test_residents_of_taiwan_with_a_permit_have_a_number_the_other_implementation_refuses() -> None:
    good = number("830000")
    assert not ric.is_valid(good)
    assert check_resident_id(good, TODAY).province == "83"


@pytest.mark.parametrize("kind", ["N2", "N1", "Y1"])
def test_village_collectives_have_codes_the_other_implementation_refuses(kind: str) -> None:
    characters = f"{kind}320623MF1234567"
    code = characters + uscc_check(characters)
    assert not uscc.is_valid(code)
    assert check_uscc(code) == code
