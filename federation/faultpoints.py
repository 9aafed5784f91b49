"""Named instants at which everything may end: what a crash test kills at (federation.md §9).

`reach(name)` does nothing. Who tests what a crash leaves behind has it call something, by `watch`; a program in service
never does. The names say what has just been done, or is about to be:

    writer.before-commit      queued entries have their place, nothing is stored yet
    writer.after-commit       stored and signed; the head file does not know it yet
    writer.after-head-file    durable; nothing was sent
    push.after-commit         at the parent: stored and receipted, not answered
    push.before-receipt       at the child: the receipt has come and is not stored
    pull.before-receipt       at the child: entries are stored, their receipt was not sent
    apply.before-commit       entries took effect, nothing is stored yet
    apply.after-commit        and now it is
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["POINTS", "reach", "watch"]

POINTS: tuple[str, ...] = (
    "writer.before-commit",
    "writer.after-commit",
    "writer.after-head-file",
    "push.after-commit",
    "push.before-receipt",
    "pull.before-receipt",
    "apply.before-commit",
    "apply.after-commit",
)


def _go_on(name: str) -> None:
    """Nothing happens."""


_watcher: Callable[[str], None] = _go_on


def reach(name: str) -> None:
    """This instant has come."""
    _watcher(name)


def watch(watcher: Callable[[str], None] | None) -> None:
    """Have every instant of this process told to somebody; None: to nobody again."""
    global _watcher
    _watcher = _go_on if watcher is None else watcher
