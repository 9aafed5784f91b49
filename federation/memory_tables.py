"""Tables in memory with an undo log: what the stores of `federation.memory_stores` are made of.

A `Table` is a dict whose changes are written down in a `Journal`. Rolling back undoes them in reverse order, so a
transaction costs what it changes, whatever is stored. Values must be immutable: then a copy of the dicts is a backup.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_ABSENT = object()


class Journal:
    """What the running transaction has changed."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing was changed."""
        return len(self._undo) == 0

    def note(self, undo: Callable[[], None]) -> None:
        """Remember how to take one change back."""
        self._undo.append(undo)

    def forget(self) -> None:
        """The changes stand."""
        self._undo.clear()

    def roll_back(self) -> None:
        """Take every change back, the last one first."""
        while self._undo:
            self._undo.pop()()


class Table(dict[K, V]):
    """Rows by key; only `table[key] = value` and `del table[key]` are used to change it."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def __setitem__(self, key: K, value: V) -> None:
        before: Any = self.get(key, _ABSENT)
        self._journal.note(lambda: self._put_back(key, before))
        super().__setitem__(key, value)

    def __delitem__(self, key: K) -> None:
        before = self[key]
        self._journal.note(lambda: self._put_back(key, before))
        super().__delitem__(key)

    def drop(self, key: K) -> None:
        """Delete a row if it is there."""
        if key in self:
            del self[key]

    def _put_back(self, key: K, before: Any) -> None:
        if before is _ABSENT:
            super().__delitem__(key)
        else:
            super().__setitem__(key, before)

    def replace_all(self, rows: Mapping[K, V]) -> None:
        """Replace every row, outside any transaction: a backup is restored."""
        self.clear()
        super().update(rows)
