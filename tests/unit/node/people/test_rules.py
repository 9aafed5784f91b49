"""The role book."""

from __future__ import annotations

import copy
import tomllib
from importlib import resources
from typing import Any

import pytest

from node.people.authority import role_book
from node.people.rules import LETTERS, LEVELS, Power, RoleBookError, read_role_book


def shipped() -> dict[str, Any]:
    """`config/roles.toml` as a tree."""
    return tomllib.loads(resources.files("config").joinpath("roles.toml").read_text(encoding="utf-8"))


def test_shipped_role_book_is_consistent() -> None:
    book = role_book()
    assert set(book.roles) == set(LEVELS)
    assert set(book.power_words) == set(Power)
    assert book.authorization_years == 3


@pytest.mark.parametrize("level", LEVELS)
def test_every_letter_of_the_case_table_is_held_at_every_level(level: str) -> None:
    held = frozenset().union(*(role.letters for role in role_book().roles[level].values()))
    assert {"CL", "WH", "SC", "BL"} <= held <= LETTERS


def test_village_has_one_agent_who_is_clerk_window_head_and_section() -> None:
    agent = role_book().role("village", "agent")
    assert agent is not None
    assert agent.letters == {"PX", "CL", "WH", "SC"}
    assert agent.count == 1


@pytest.mark.parametrize("level", LEVELS)
def test_only_the_bureau_holds_the_bureau_letter(level: str) -> None:
    holders = [role.id for role in role_book().roles[level].values() if "BL" in role.letters]
    assert holders == ["bureau"]


@pytest.mark.parametrize("level", ["township", "county", "city"])
def test_from_the_township_up_there_are_a_and_b_clerks(level: str) -> None:
    clerk = role_book().role(level, "clerk")
    assert clerk is not None
    assert clerk.count >= 2


@pytest.mark.parametrize("level", LEVELS)
def test_operators_and_auditors_decide_no_case(level: str) -> None:
    for name in ("operator", "auditor", "supervisor", "cashier"):
        role = role_book().role(level, name)
        assert role is None or role.letters == frozenset()


def test_negative_decisions_belong_to_the_bureau_alone() -> None:
    for act in ("confirm_non_acceptance", "confirm_refusal", "confirm_termination", "revoke", "cancel"):
        assert role_book().acts[act].letters == {"BL"}, act


def test_power_of_the_letter_comes_before_that_of_the_handling() -> None:
    grant = role_book().acts["grant"]
    assert grant.power_for("WH", "promised") is Power.DIRECT_APPROVE
    assert grant.power_for("SC", "promised") is Power.PRE_DISPOSE
    assert grant.power_for("SC", "immediate") is Power.DIRECT_APPROVE
    assert grant.power_for("BL", "joint") is Power.JOINT_COUNTERSIGN
    assert role_book().acts["issue"].power_for("CL", "promised") is None


def test_who_could_do_it_is_named_by_level() -> None:
    book = role_book()
    assert [role.zh for role in book.holders_of("village", "confirm_refusal")] == ["第一责任人"]
    assert [role.zh for role in book.holders_of("township", "confirm_refusal")] == ["中心主任"]
    assert [role.id for role in book.holders_of("county", "staff.add")] == ["operator"]
    assert book.holders_of("village", "cash") == ()


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("levels", "village", "agent", "letters"), ["XX"], "unknown XX"),
        (("levels", "village", "agent", "powers"), ["RULE"], "unknown RULE"),
        (("levels", "village", "bureau", "letters"), [], "no post holds BL"),
        (("levels", "hamlet"), {}, "no level hamlet"),
        (("levels", "city", "mayor"), {}, "no such role"),
        (("acts", "grant", "letters"), [], "names no letters"),
        (("acts", "grant", "power"), "RULE", "unknown RULE"),
        (("acts", "grant", "power_by_letter"), {"XX": "PRE_DISPOSE"}, "unknown XX"),
        (("founding", "authorization_years"), 0, "at least 1"),
    ],
)
def test_mistake_in_the_role_book_stops_the_start(path: tuple[str, ...], value: Any, says: str) -> None:
    tree = copy.deepcopy(shipped())
    table = tree
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    with pytest.raises(RoleBookError, match=says) as refused:
        read_role_book(tree)
    assert all(zh and en for zh, en in refused.value.problems)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(RoleBookError) as refused:
        read_role_book({"levels": {"hamlet": {}}, "acts": {"grant": {}}})
    assert len(refused.value.problems) > 8
