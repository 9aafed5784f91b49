"""The judge's rules about cases: one custodian, mirrors that follow, offers that arrive once, numbers without gaps."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.cases.states import Status, is_legal_step
from node.cases.tables import CaseChangeRow, CaseOfferRow, CaseRow
from node.ledger.tables import FactRow

Change = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """A case as one node knows it; `history` is (seq, from, to, node) in order."""

    id: str
    number: str
    home: str
    custodian: str
    custody: int
    custody_state: str
    seq: int
    status: str
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """One try to move custody, as one node has it."""

    id: str
    case_id: str
    custody: int
    offered_by: str
    addressee: str
    state: str
    is_received: bool


@dataclass
class CaseView:
    """All of them at one node; `registered` are the case ids of its registrations' facts."""

    cases: dict[str, Held] = field(default_factory=dict)
    made: dict[str, Offer] = field(default_factory=dict)
    got: dict[str, Offer] = field(default_factory=dict)
    registered: list[str] = field(default_factory=list)


def read_cases(session: Session) -> CaseView:
    """What a node's database says."""
    histories: dict[str, list[Change]] = defaultdict(list)
    for row in session.scalars(select(CaseChangeRow).order_by(CaseChangeRow.case_id, CaseChangeRow.seq)):
        histories[row.case_id].append((row.seq, row.source, row.target, row.node))
    view = CaseView()
    for case in session.scalars(select(CaseRow)):
        view.cases[case.id] = Held(
            case.id,
            case.number,
            case.home,
            case.custodian,
            case.custody,
            case.custody_state,
            case.seq,
            case.status,
            tuple(histories[case.id]),
        )
    for one in session.scalars(select(CaseOfferRow)):
        offer = Offer(
            one.id,
            one.case_id,
            one.custody,
            one.offered_by,
            one.addressee,
            one.state,
            one.received_at is not None,
        )
        if one.direction == "out":
            view.made[one.id] = offer
        elif one.direction == "in":
            view.got[one.id] = offer
    facts = select(FactRow.case_id).where(FactRow.type == "case.submit")
    view.registered = [str(case_id) for case_id in session.scalars(facts)]
    return view


def case_violations(nodes: Mapping[str, CaseView], shown: Collection[str]) -> list[str]:
    """What must hold over all nodes at any time.

    Args:
        nodes: by node code.
        shown: ids of offers that somebody was shown as received.
    """
    by_case: dict[str, dict[str, Held]] = defaultdict(dict)
    for code, view in nodes.items():
        for case_id, held in view.cases.items():
            by_case[case_id][code] = held
    found = [*_arrived(nodes, shown), *_numbers(nodes)]
    for held in by_case.values():
        found += [*_one_custodian(held), *_follow(held)]
    return found


def _one_custodian(held: Mapping[str, Held]) -> Iterator[str]:
    """One node holds it. While a taking is on its way two believe so, and the newer custody number says who is right."""
    holders = sorted((one.custody, code) for code, one in held.items() if one.custodian == code)
    number = next(iter(held.values())).number
    if not holders:
        yield f"custodian: nobody holds {number}"
    for (older, code), (newer, other) in itertools.pairwise(holders):
        if held[code].custody_state != "OFFERED" or older == newer:
            yield f"custodian: {code} and {other} both hold {number}"


def _follow(held: Mapping[str, Held]) -> Iterator[str]:
    """Mirrors are a prefix of the custodian's history, and every history is a lawful one."""
    longest = max((one.history for one in held.values()), key=len)
    for code, one in held.items():
        if one.history != longest[: len(one.history)]:
            yield f"mirror: {code} has another history of {one.number}"
        elif not one.history or (one.seq, one.status) != (one.history[-1][0], one.history[-1][2]):
            yield f"mirror: {code} shows {one.number} otherwise than its history says"
    number = next(iter(held.values())).number
    if [change[0] for change in longest] != list(range(1, len(longest) + 1)):
        yield f"changes: {number} has a gap"
    for change in longest:
        if not is_legal_step(Status(change[1]), Status(change[2])):
            yield f"changes: {number} went from {change[1]} to {change[2]}"
    for before, after in itertools.pairwise(longest):
        if before[2] != after[1]:
            yield f"changes: {number} went on from {after[1]} after {before[2]}"


def _arrived(nodes: Mapping[str, CaseView], shown: Collection[str]) -> Iterator[str]:
    """An offer that was answered, or came, is one that was made; what a person was shown as received exists."""
    made = {offer.id: offer for view in nodes.values() for offer in view.made.values()}
    for offer_id in shown:
        if offer_id not in made:
            yield f"lost: the offer {offer_id} was shown as received and is gone where it was made"
    for code, view in nodes.items():
        for offer in view.got.values():
            if offer.id not in made and offer.offered_by in nodes:
                yield f"invented: the offer {offer.id} at {code} was never made"
            elif offer.addressee != code:
                yield f"misdelivered: the offer {offer.id} for {offer.addressee} is at {code}"
    taken = Counter(
        (one.case_id, one.custody)
        for view in nodes.values()
        for one in view.got.values()
        if one.state == "TAKEN"
    )
    for (case_id, custody), count in taken.items():
        if count > 1:
            yield f"doubled: custody {custody} of {case_id} was taken {count} times"


def open_ends(nodes: Mapping[str, CaseView], shown: Collection[str]) -> list[str]:
    """At rest: offers that never came to their addressee, or whose answer never came back; mirrors that lag behind."""
    found = []
    custodians: dict[str, set[str]] = defaultdict(set)
    for view in nodes.values():
        for held in view.cases.values():
            custodians[held.number].add(held.custodian)
    found += [
        f"custodian: {number} is with {codes}" for number, codes in custodians.items() if len(codes) > 1
    ]
    for code, view in nodes.items():
        for offer in view.made.values():
            other = nodes.get(offer.addressee)
            came = None if other is None else other.got.get(offer.id)
            if other is not None and came is None:
                word = "lost" if offer.id in shown or offer.is_received else "undone"
                found.append(f"{word}: the offer {offer.id} of {code} is not at {offer.addressee}")
            elif came is not None and came.state != offer.state:
                found.append(
                    f"unanswered: {offer.id} is {came.state} at {offer.addressee}, {offer.state} at {code}"
                )
    return found


def _numbers(nodes: Mapping[str, CaseView]) -> Iterator[str]:
    """A case is registered once, at its home, with one fact; numbers of a day run without gaps and repeats."""
    for code, view in nodes.items():
        own = [held for held in view.cases.values() if held.home == code]
        if Counter(view.registered) != Counter({held.id: 1 for held in own}):
            yield f"registered: {len(view.registered)} facts for {len(own)} cases at {code}"
        days: dict[str, list[int]] = defaultdict(list)
        for held in own:
            days[held.number[:20]].append(int(held.number[20:]))
        for day, numbers in days.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                yield f"registered: the numbers of {day} are {sorted(numbers)}"
