"""Passwords."""

from __future__ import annotations

import pytest

from node.kernel.problems import Problem
from node.people.passwords import HashCost, Passwords, new_initial_password, require_strong

QUICK = HashCost(memory_kib=8, passes=1, lanes=1, parallel=2)


def test_password_matches_its_own_hash_only() -> None:
    passwords = Passwords(QUICK)
    encoded = passwords.hash("correct horse")
    assert encoded.startswith("$argon2id$")
    assert passwords.matches(encoded, "correct horse")
    assert not passwords.matches(encoded, "correct horsE")


def test_two_hashes_of_one_password_differ() -> None:
    passwords = Passwords(QUICK)
    assert passwords.hash("correct horse") != passwords.hash("correct horse")


@pytest.mark.parametrize("encoded", ["", "x", "$argon2id$broken", "$2b$12$abcdefghijklmnopqrstuv"])
def test_hash_that_cannot_be_read_matches_nothing(encoded: str) -> None:
    assert not Passwords(QUICK).matches(encoded, "anything")


def test_hash_of_lower_cost_is_outdated() -> None:
    encoded = Passwords(QUICK).hash("correct horse")
    assert not Passwords(QUICK).is_outdated(encoded)
    assert Passwords(HashCost(memory_kib=16, passes=1, lanes=1)).is_outdated(encoded)


def test_default_cost_is_at_least_the_recommended_one() -> None:
    cost = HashCost()
    assert cost.memory_kib >= 65_536
    assert cost.passes >= 3


def test_initial_passwords_are_readable_aloud_and_never_repeat() -> None:
    made = {new_initial_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 14
        assert not set(password) & set("l1o0iIO")
        require_strong(password, "someone", "某人")


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "10"),
        ("a" * 201, "200"),
        ("aaaaaaaaaaaa", "重复"),
        ("my-li.fang-pass", "账号"),
        ("我是李芳我是李芳我是李芳", "姓名"),
    ],
)
def test_weak_password_is_refused_with_the_reason(password: str, says: str) -> None:
    with pytest.raises(Problem) as refused:
        require_strong(password, "li.fang", "李芳")
    assert refused.value.code == "password-weak"
    assert says in refused.value.zh


def test_checking_an_unknown_account_spends_a_hash() -> None:
    passwords = Passwords(QUICK)
    passwords.spend("anything")
    assert len(passwords._decoy) == 1
    passwords.spend("anything else")
    assert len(passwords._decoy) == 1
