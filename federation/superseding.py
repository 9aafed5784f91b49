"""An entry sealed anew, in the place of one that nobody here could open (federation.md §5 Sealing).

Its sender was told `seal-key` and sends it again: the same type, destination, subject and open data, sealed to another
key. It waits behind the first like all later entries of the subject; but it is the first, so it need not wait for an
operator.
"""

from __future__ import annotations

from collections.abc import Sequence

from federation import canonical
from federation.event import RELAY, EntryError, parse_entry
from federation.ports import Limits, SetAside, Tx
from federation.relay import open_relay

__all__ = ["replaced_by"]

Told = tuple[str, str, str, bytes]
"""Type, destination, subject, open data without what is sealed."""


def replaced_by(tx: Tx, unopened: Sequence[SetAside], limits: Limits) -> dict[str, dict[int, int]]:
    """By log: index of an entry set aside for its seal key → index of the one held behind it that replaces it."""
    found: dict[str, dict[int, int]] = {}
    for origin in dict.fromkeys(row.origin for row in unopened):
        held = sorted(tx.inbox.list_held(origin), key=lambda row: row.index)
        for row in (one for one in unopened if one.origin == origin):
            told = _told(tx, origin, row.index, limits)
            for later in held if told is not None else []:
                same_flow = (later.inner_source, later.subject) == (row.inner_source, row.subject)
                if same_flow and later.index > row.index and _told(tx, origin, later.index, limits) == told:
                    found.setdefault(origin, {})[row.index] = later.index
    return found


def _told(tx: Tx, origin: str, index: int, limits: Limits) -> Told | None:
    stored = next(iter(tx.logs.entries(origin, index, 1)), None)
    if stored is None or stored.line is None:
        return None
    try:
        outer = parse_entry(stored.line, limits)
        entry = open_relay(outer, limits).entry if outer.type == RELAY else outer
    except EntryError:
        return None
    plain = {name: value for name, value in entry.data.items() if name != "sealed"}
    return entry.type, entry.destination, entry.subject, canonical.dump(plain)
