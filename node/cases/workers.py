"""Who acts on a case: a member of staff through a post, the applicant, or the machine.

A right is asked for when the act happens (`people.authority.may`); the answer names the post in whose name it is done
and the authorization it rests on. A refusal is a fact of its own: `ActDeniedError` carries what that fact says.
Source: architecture decision 8; requirements.md B3, B4, B10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from node.cases.states import Letter
from node.catalogue.rules import ItemVersion
from node.kernel.clock import local_date
from node.kernel.problems import Problem
from node.people.authority import Decision, Denial, Matter, may
from node.people.rules import Actor

if TYPE_CHECKING:
    from node.cases.tables import CaseRow

Authority = Callable[[str, Matter], Decision]


@dataclass(frozen=True, slots=True)
class Worker:
    """Who acts, as the case service sees it.

    Attributes:
        actor: pseudonymous person id, `applicant` or `machine`; never a name.
        post: name of the post in whose name it is done (shown to people; no person's name).
        letters: the actor letters held at this level.
        authority: asked for each act; None where the letters alone decide (the applicant, the machine).
        authorization: id of the authorization the act rests on; "" where the post suffices.
    """

    actor: str
    post: str
    letters: frozenset[Letter]
    authority: Authority | None = None
    authorization: str = ""


MACHINE = Worker("machine", "系统", frozenset({Letter.SY, Letter.UP}))
"""Acts nobody clicks: taking a complete offer, an expired clock."""
APPLICANT = Worker("applicant", "申请人", frozenset({Letter.AP}))
"""The citizen, online."""


class ActDeniedError(Problem):
    """The act is not within the actor's rights; the caller records it (`case.act_denied`).

    Attributes:
        actor: pseudonym of who tried.
        act: what was tried.
        reason: a `Denial` code.
    """

    def __init__(self, worker: Worker, act: str, case: CaseRow | None, decision: Decision) -> None:
        super().__init__(
            "act-forbidden",
            decision.zh,
            decision.en,
            403,
            {
                "act": act,
                "reason": str(decision.reason),
                **({"case": case.number} if case is not None else {}),
            },
        )
        self.actor, self.post, self.act, self.reason = worker.actor, worker.post, act, str(decision.reason)
        self.case_id = case.id if case is not None else ""
        self.item = case.item_code if case is not None else ""
        self.number = case.number if case is not None else ""


def staff_worker(actor: Actor, at: datetime) -> Worker:
    """A signed-in member of staff at an instant."""
    on = local_date(at)
    held = [holding for holding in actor.holdings if holding.live(on)]
    letters = frozenset(Letter(letter) for holding in held for letter in holding.letters)

    def authority(act: str, matter: Matter) -> Decision:
        return may(actor, act, matter, at)

    return Worker(actor.person_id, held[0].post_name if held else "", letters, authority)


def matter_of(case: CaseRow, version: ItemVersion) -> Matter:
    """What authority must know of a case."""
    return Matter(case.item_code, str(version.handling), bool(version.sensitive), case.proxied_by)


def authorize(
    worker: Worker, act: str, case: CaseRow, version: ItemVersion, *, letters: frozenset[Letter] | None = None
) -> Worker:
    """The worker in the post and on the authorization the act is done with.

    Args:
        letters: those the act is declared for; None for acts outside the table of transitions.

    Raises:
        ActDeniedError: no right.
    """
    if worker.authority is not None:
        decision = worker.authority(act, matter_of(case, version))
        if not decision.allowed:
            raise ActDeniedError(worker, act, case, decision)
        return replace(worker, post=decision.post_name, authorization=decision.authorization_id)
    if letters is not None and not letters & worker.letters:
        who = "、".join(sorted(letters))
        raise ActDeniedError(
            worker,
            act,
            case,
            Decision(
                False,
                Denial.NO_POST,
                zh=f"此项须由 {who} 岗办理,不在“{worker.post}”的职权内。",
                en=f"This needs {who}; it is not within the powers of “{worker.post}”.",
            ),
        )
    return worker
