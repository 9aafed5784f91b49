"""The one function that says whether an act may be done: `may(actor, act, case, at)`; pure.

It is asked when the act happens, never earlier, so that an expired or revoked authorization stops the act (B4).
The answer names the post in whose name the act is done and the authorization it rests on; a refusal has a stable
reason code and says who could do it. The caller records a refusal as a fact. What is legal for the state of the case
is `cases.states`; here is only who. Source: requirements.md B3, B4, B10, B11, §4.1; architecture decision 8.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib import resources

from node.kernel.clock import local_date
from node.people.rules import Actor, ActRule, Grant, Holding, Power, RoleBook, read_role_book


class Denial(StrEnum):
    """Why an act was refused; goes into the fact as its reason."""

    NO_POST = "no-post"
    SENSITIVE_BUREAU = "sensitive-bureau"
    OWN_PROXY = "own-proxy"
    NO_AUTHORIZATION = "no-authorization"
    AUTHORIZATION_EXPIRED = "authorization-expired"
    AUTHORIZATION_REVOKED = "authorization-revoked"


@dataclass(frozen=True, slots=True)
class Matter:
    """What authority must know of a case.

    Attributes:
        handling: of the item version.
        sensitive: the item touches environment, work safety, personal safety or food safety.
        proxied_by: person id of the agent who carried it at this node, "" when nobody did.
    """

    item_code: str
    handling: str
    sensitive: bool = False
    proxied_by: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer.

    Attributes:
        reason: "" when allowed, else a `Denial` value.
        authorization_id: the authorization it rests on, "" where the post alone suffices.
        holding: the post in whose name the act is done; None when refused.
        zh, en: the sentence of a refusal; "" when allowed.
    """

    allowed: bool
    reason: str = ""
    authorization_id: str = ""
    holding: Holding | None = None
    zh: str = ""
    en: str = ""

    @property
    def post_id(self) -> str:
        """The post's id, "" when refused."""
        return self.holding.post_id if self.holding is not None else ""

    @property
    def post_name(self) -> str:
        """The post's name, "" when refused."""
        return self.holding.post_name if self.holding is not None else ""


@cache
def role_book() -> RoleBook:
    """The role book shipped as `config/roles.toml`.

    Raises:
        RoleBookError: the file is inconsistent.
    """
    text = resources.files("config").joinpath("roles.toml").read_text(encoding="utf-8")
    return read_role_book(tomllib.loads(text))


def may(actor: Actor, act: str, case: Matter | None, at: datetime, book: RoleBook | None = None) -> Decision:
    """Whether the actor may do the act at that instant.

    Args:
        act: an act on a case (`grant`), or beside cases (`staff.add`).
        case: what the act is about; None for acts beside cases.
        at: aware UTC; postings and authorizations count by its local day.
        book: the role book; the shipped one when None.
    """
    rules = book if book is not None else role_book()
    on = local_date(at)
    held = [holding for holding in actor.holdings if holding.live(on)]
    rule = rules.acts.get(act)
    if rule is None or case is None:
        fitting = [h for h in held if (act in h.acts if rule is None else h.letters & rule.letters)]
        return Decision(True, holding=fitting[0]) if fitting else _no_post(actor, act, rules)
    return _may_on_case(actor, rule, case, held, on, at, rules)


def _may_on_case(
    actor: Actor, rule: ActRule, case: Matter, held: list[Holding], on: date, at: datetime, book: RoleBook
) -> Decision:
    candidates = [(holding, letter) for holding in held for letter in sorted(holding.letters & rule.letters)]
    if not candidates:
        return _no_post(actor, rule.id, book)
    if rule.bureau_for_sensitive and case.sensitive:
        candidates = [(holding, letter) for holding, letter in candidates if letter == "BL"]
        if not candidates:
            return Decision(
                False,
                Denial.SENSITIVE_BUREAU,
                zh="敏感事项(环保、安全生产、人身安全、食品安全)须由局级领导决定,请转交。",
                en="A sensitive item is decided by the bureau leader; please pass it on.",
            )
    if rule.not_own_proxy and case.proxied_by != "" and case.proxied_by == actor.person_id:
        return Decision(
            False,
            Denial.OWN_PROXY,
            zh="此件由您代办,不能再由您审办。请由另一名工作人员办理。",
            en="You acted as agent in this matter and cannot also decide on it; a colleague must.",
        )
    dead: Decision | None = None
    for holding, letter in candidates:
        power = rule.power_for(letter, case.handling)
        if power is None:
            return Decision(True, holding=holding)
        found = _authorized(actor, holding, power, case.item_code, on, at, book)
        if found.allowed:
            return found
        if dead is None or dead.reason == Denial.NO_AUTHORIZATION:
            dead = found
    assert dead is not None
    return dead


def _authorized(
    actor: Actor, holding: Holding, power: Power, item_code: str, on: date, at: datetime, book: RoleBook
) -> Decision:
    about = [
        grant for grant in actor.grants if _reaches(grant, actor, holding) and grant.names(power, item_code)
    ]
    for grant in about:
        if grant.live(on, at):
            return Decision(True, authorization_id=grant.authorization_id, holding=holding)
    zh, en = book.power_words[power]
    if any(grant.revoked_at is not None for grant in about):
        return Decision(
            False,
            Denial.AUTHORIZATION_REVOKED,
            zh=f"“{holding.post_name}”的授权({zh})已撤销,不能办理此事项。",
            en=f"The authorization of “{holding.post_name}” ({en}) has been revoked.",
        )
    if about:
        last = max(grant.to_on for grant in about)
        return Decision(
            False,
            Denial.AUTHORIZATION_EXPIRED,
            zh=f"“{holding.post_name}”的授权({zh})不在有效期内(至 {last}),须由机关重新授权。",
            en=f"The authorization of “{holding.post_name}” ({en}) is not in force (until {last}); the organ must renew it.",
        )
    return Decision(
        False,
        Denial.NO_AUTHORIZATION,
        zh=f"“{holding.post_name}”没有此事项的授权({zh})。",
        en=f"“{holding.post_name}” holds no authorization for this item ({en}).",
    )


def _reaches(grant: Grant, actor: Actor, holding: Holding) -> bool:
    if grant.post_id is not None:
        return grant.post_id == holding.post_id
    return grant.person_id == actor.person_id


def _no_post(actor: Actor, act: str, book: RoleBook) -> Decision:
    able = book.holders_of(actor.level, act)
    zh = "、".join(role.zh for role in able) or "上级中心"
    en = ", ".join(role.en for role in able) or "the centre above"
    return Decision(
        False,
        Denial.NO_POST,
        zh=f"您的岗位不能办理此项,可由{zh}办理。",
        en=f"Your post cannot do this; {en} can.",
    )
