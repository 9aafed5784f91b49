"""The table after the morning: what stayed, what travelled, what is proven, and where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.office import Office
from demo.outcome import MatterOutcome
from demo.places import LEVELS

WORDS = {"village": "村", "township": "镇", "county": "县", "city": "市"}


@dataclass(frozen=True, slots=True)
class Witnessing:
    """One node's ledger: entries, and those under the cosignature of the level above; None at the top."""

    name: str
    size: int
    witnessed: int | None


def witnessing_of(offices: Mapping[str, Office]) -> list[Witnessing]:
    """Every node's ledger, from the top down."""
    found = []
    for level in LEVELS:
        if level in offices:
            view = offices[level].network()
            is_top = not view["parent_url"]
            witnessed = None if is_top else int(view["ledger_witnessed"])
            found.append(Witnessing(offices[level].place.name, int(view["ledger_size"]), witnessed))
    return found


def lines_of(
    outcomes: Sequence[MatterOutcome], offices: Mapping[str, Office], ledgers: Sequence[Witnessing]
) -> list[str]:
    """What is printed, a line each; Chinese and English side by side."""
    lines = ["", "一个上午 / the morning", ""]
    homes = Counter(outcome.home for outcome in outcomes)
    for level in LEVELS:
        if level not in offices:
            continue
        office = offices[level]
        here = [outcome for outcome in outcomes if outcome.home == office.code]
        stayed = sum(len(outcome.path) == 1 for outcome in here)
        lines.append(
            f"  {WORDS[level]} {office.place.name}: 登记 registered {homes[office.code]}, "
            f"本级办结或在办 stayed {stayed}, 上送 travelled {len(here) - stayed}"
        )
    hops = Counter(len(outcome.path) - 1 for outcome in outcomes)
    far = ", ".join(
        f"{count} 级 level{'s' if count != 1 else ''}: {hops[count]}" for count in sorted(hops) if count
    )
    lines += ["", f"  走了多远 / how far: 本级 here {hops[0]}; {far}"]
    states = Counter(outcome.state for outcome in outcomes)
    lines.append("  状态 / states: " + ", ".join(f"{state} {states[state]}" for state in sorted(states)))
    entries, sent = sum(o.entries for o in outcomes), sum(o.bytes_sent for o in outcomes)
    receipts = sum(outcome.receipts_verified for outcome in outcomes)
    lines.append(
        f"  上下行条目 / entries sent: {entries}, {sent:,} B; 已核验回执 / receipts verified: {receipts}"
    )
    for ledger in ledgers:
        told = "顶级 top" if ledger.witnessed is None else f"上级已见证 witnessed {ledger.witnessed}"
        lines.append(f"  登记簿 / ledger {ledger.name}: {ledger.size} 条 facts, {told}")
    lines += ["", "  可以打开的网页 / pages to open:"]
    for level in LEVELS:
        if level in offices:
            lines += _doors(offices[level])
    return [*lines, ""]


def _doors(office: Office) -> list[str]:
    lines = [f"  {WORDS[office.place.level]} {office.place.name}  {office.url}/"]
    lines += [
        f"      {account.post:<10}  {account.login:<12} {account.password}" for account in office.accounts
    ]
    return lines
