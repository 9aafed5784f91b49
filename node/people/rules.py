"""Who acts: posts held, authorizations granted, and the role book that says what they are worth; pure.

Rights belong to posts, not persons (architecture decision 8). A person acts through the postings of the day; a
posting gives the letters of its role (requirements.md §4.1) and ordinary acts, an authorization of the organ gives
powers over items from a day to a day (B3, B4). Dates are local, both ends inclusive; instants are aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

LEVELS: tuple[str, ...] = ("village", "township", "county", "city")
LETTERS = frozenset({"PX", "CL", "WH", "SC", "BL"})
"""Actor letters a post can hold; AP, SY and UP act without a post."""
ROLES = frozenset(
    {"agent", "clerk", "window_head", "section", "bureau", "supervisor", "cashier", "auditor", "operator"}
)
ALL_ITEMS = "*"


class Power(StrEnum):
    """五项权力 (requirements.md B3)."""

    DIRECT_APPROVE = "DIRECT_APPROVE"
    PRE_DISPOSE = "PRE_DISPOSE"
    JOINT_COUNTERSIGN = "JOINT_COUNTERSIGN"
    BACK_OFFICE_DISPATCH = "BACK_OFFICE_DISPATCH"
    FEE_EXECUTE = "FEE_EXECUTE"


@dataclass(frozen=True, slots=True)
class Role:
    """What a post of a role is at one level.

    Attributes:
        letters: actor letters of the case table it holds there.
        powers: the powers the founding authorization grants it.
        acts: acts beside cases (pages and tools), as `desk`, `staff.add`.
        count: how many posts of it a founded institution gets.
        public: the holder's post and place phone are shown to citizens.
    """

    id: str
    level: str
    zh: str
    en: str
    letters: frozenset[str]
    powers: frozenset[Power]
    acts: frozenset[str]
    count: int
    public: bool


@dataclass(frozen=True, slots=True)
class ActRule:
    """What one act on a case asks of the actor.

    Attributes:
        letters: one of them must be held.
        power: what a live authorization must name; None when the post alone suffices.
        power_by_handling, power_by_letter: exceptions; the letter's comes first.
        bureau_for_sensitive: on a sensitive item only the bureau (B10).
        not_own_proxy: not by the agent who carried the same case (B11).
    """

    id: str
    letters: frozenset[str]
    power: Power | None = None
    power_by_handling: Mapping[str, Power] = field(default_factory=dict)
    power_by_letter: Mapping[str, Power] = field(default_factory=dict)
    bureau_for_sensitive: bool = False
    not_own_proxy: bool = False

    def power_for(self, letter: str, handling: str) -> Power | None:
        """The power a holder of a letter needs for an item of a handling."""
        return self.power_by_letter.get(letter) or self.power_by_handling.get(handling) or self.power


@dataclass(frozen=True, slots=True)
class RoleBook:
    """`config/roles.toml`, read: the one place that says who may do what.

    Attributes:
        roles: level → role id → role, in the file's order.
        acts: act id → rule.
        power_words: power → (zh, en).
        authorization_years: how long a founding authorization lives.
    """

    roles: Mapping[str, Mapping[str, Role]]
    acts: Mapping[str, ActRule]
    power_words: Mapping[Power, tuple[str, str]]
    authorization_years: int

    def role(self, level: str, role_id: str) -> Role | None:
        """The role at a level, None where the level has none of that name."""
        return self.roles.get(level, {}).get(role_id)

    def holders_of(self, level: str, act: str) -> tuple[Role, ...]:
        """The roles of a level that could do an act: what a "no right" page names."""
        rule = self.acts.get(act)
        return tuple(
            role
            for role in self.roles.get(level, {}).values()
            if (role.letters & rule.letters if rule is not None else act in role.acts)
        )


@dataclass(frozen=True, slots=True)
class Holding:
    """A posting as an actor carries it: the post, and from when to when (`to_on` None: until further notice).

    Attributes:
        backup: held as B of an A/B pair.
    """

    post_id: str
    post_name: str
    role: str
    letters: frozenset[str]
    acts: frozenset[str]
    from_on: date
    to_on: date | None = None
    backup: bool = False
    place_id: str = ""
    place_name: str = ""
    department: str = ""

    def live(self, on: date) -> bool:
        """Whether it is held on a day."""
        return self.from_on <= on and (self.to_on is None or on <= self.to_on)


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorization as an actor carries it: to one of the posts held, or to the person."""

    authorization_id: str
    organ_id: str
    post_id: str | None
    person_id: str | None
    items: frozenset[str]
    powers: frozenset[Power]
    from_on: date
    to_on: date
    revoked_at: datetime | None = None

    def names(self, power: Power, item_code: str) -> bool:
        """Whether it is about that power over that item, dead or alive."""
        return power in self.powers and (ALL_ITEMS in self.items or item_code in self.items)

    def live(self, on: date, at: datetime) -> bool:
        """Whether it holds at that instant, of that local day."""
        return self.from_on <= on <= self.to_on and (self.revoked_at is None or at < self.revoked_at)


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in member of staff, as of one request.

    Attributes:
        person_id: pseudonymous; it survives the deletion of the account (D9).
        level, node: of the node.
        language: `zh` or `en`, the person's own choice.
    """

    person_id: str
    name: str
    login: str
    level: str
    node: str
    holdings: tuple[Holding, ...]
    grants: tuple[Grant, ...] = ()
    institution: str = ""
    language: str = "zh"
    must_change_password: bool = False

    @property
    def post_ids(self) -> tuple[str, ...]:
        """The posts held, main one first."""
        return tuple(holding.post_id for holding in self.holdings)

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the posts held."""
        return frozenset(holding.role for holding in self.holdings)

    @property
    def letters(self) -> frozenset[str]:
        """The actor letters held through all posts."""
        return frozenset().union(*(holding.letters for holding in self.holdings))

    @property
    def acts(self) -> frozenset[str]:
        """The acts beside cases."""
        return frozenset().union(*(holding.acts for holding in self.holdings))

    @property
    def powers(self) -> frozenset[Power]:
        """The powers named by any authorization carried; whether one is live is judged at the act."""
        return frozenset().union(*(grant.powers for grant in self.grants))

    @property
    def main(self) -> Holding | None:
        """The first holding (A before B), None for a person without a post."""
        return self.holdings[0] if self.holdings else None

    @property
    def post_name(self) -> str:
        """The post in whose name things are done when the act does not tell."""
        return self.main.post_name if self.main is not None else ""

    @property
    def place_name(self) -> str:
        """The window or desk of the main post."""
        return self.main.place_name if self.main is not None else ""


class RoleBookError(ValueError):
    """`roles.toml` cannot be used; every problem at once, each with zh and en."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(en for _, en in problems))
        self.problems = problems


def read_role_book(tree: Mapping[str, Any]) -> RoleBook:
    """The role book of a parsed TOML tree.

    Raises:
        RoleBookError: levels, roles, letters or powers that do not exist; a level without an operator or bureau.
    """
    problems: list[tuple[str, str]] = []
    roles = {
        str(level): {
            str(name): _read_role(str(level), str(name), table, problems) for name, table in named.items()
        }
        for level, named in tree.get("levels", {}).items()
    }
    for level in LEVELS:
        for needed in ("bureau", "operator"):
            if needed not in roles.get(level, {}):
                problems.append((f"[levels.{level}] 缺少 {needed}", f"[levels.{level}] lacks {needed}"))
        held = frozenset().union(*(role.letters for role in roles.get(level, {}).values()))
        missing = sorted({"CL", "WH", "SC", "BL"} - held)
        if missing:
            names = ", ".join(missing)
            problems.append(
                (f"[levels.{level}] 没有岗位担任 {names}", f"[levels.{level}] no post holds {names}")
            )
    for level in roles.keys() - set(LEVELS):
        problems.append((f"没有 {level} 这一层级", f"there is no level {level}"))
    acts = {str(name): _read_act(str(name), table, problems) for name, table in tree.get("acts", {}).items()}
    words = {
        Power(name): (str(text["zh"]), str(text["en"]))
        for name, text in tree.get("powers", {}).items()
        if name in Power.__members__
    }
    if len(words) != len(Power):
        problems.append(("[powers] 须列全五项权力", "[powers] must name the five powers"))
    years = tree.get("founding", {}).get("authorization_years", 0)
    if not isinstance(years, int) or years < 1:
        problems.append(
            ("[founding] authorization_years 须为正整数", "[founding] authorization_years must be at least 1")
        )
    if problems:
        raise RoleBookError(problems)
    return RoleBook(roles, acts, words, int(years))


def _read_role(level: str, name: str, table: Mapping[str, Any], problems: list[tuple[str, str]]) -> Role:
    where = f"[levels.{level}.{name}]"
    if name not in ROLES:
        problems.append((f"{where} 没有这种角色", f"{where} no such role"))
    _known(where, "letters", table.get("letters", []), LETTERS, problems)
    _known(where, "powers", table.get("powers", []), set(Power.__members__), problems)
    powers = frozenset(Power(power) for power in table.get("powers", []) if power in Power.__members__)
    return Role(
        name,
        level,
        str(table.get("zh", name)),
        str(table.get("en", name)),
        frozenset(table.get("letters", [])),
        powers,
        frozenset(table.get("acts", [])),
        int(table.get("count", 1)),
        bool(table.get("public", False)),
    )


def _read_act(name: str, table: Mapping[str, Any], problems: list[tuple[str, str]]) -> ActRule:
    where = f"[acts.{name}]"
    by_handling, by_letter = table.get("power_by_handling", {}), table.get("power_by_letter", {})
    named = [*by_handling.values(), *by_letter.values(), *([table["power"]] if table.get("power") else [])]
    _known(where, "letters", table.get("letters", []), LETTERS, problems)
    _known(where, "power_by_letter", by_letter, LETTERS, problems)
    _known(where, "power_by_handling", by_handling, {"immediate", "promised", "joint", "referral"}, problems)
    _known(where, "power", named, set(Power.__members__), problems)
    if not table.get("letters"):
        problems.append((f"{where} 没有写明谁可以办", f"{where} names no letters"))
    read = Power.__members__
    return ActRule(
        name,
        frozenset(table.get("letters", [])),
        read.get(str(table.get("power", ""))),
        {str(key): read[value] for key, value in by_handling.items() if value in read},
        {str(key): read[value] for key, value in by_letter.items() if value in read},
        bool(table.get("bureau_for_sensitive", False)),
        bool(table.get("not_own_proxy", False)),
    )


def _known(where: str, key: str, values: Any, known: Any, problems: list[tuple[str, str]]) -> None:
    unknown = sorted(str(value) for value in values if value not in known)
    if unknown:
        names = ", ".join(unknown)
        problems.append((f"{where} {key} 不认识 {names}", f"{where} {key}: unknown {names}"))
