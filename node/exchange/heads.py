"""The head file: the last signed checkpoints, kept outside the database (federation.md §5 Writing, Loss).

One JSON object: log origin, or `cosigned:<origin>`, to the checkpoint note. It is what tells a restored database that
it is behind what this node signed, so it never goes back: a head smaller than the one kept is not written over it.
Several processes save at once; each names only what it changed, under a file lock. Backups do not hold it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from federation.errors import TrustError
from node.kernel.files import write_durably

SIZE_LINE = 1  # a checkpoint's lines: origin, size, root


class HeadFileError(TrustError):
    """The head file is there and cannot be read: the node must not sign before an operator has looked."""

    code = "head-file"


def size_of(note: str) -> int:
    """Tree size that a checkpoint note states.

    Raises:
        HeadFileError: it is no checkpoint.
    """
    try:
        return int(note.split("\n", SIZE_LINE + 1)[SIZE_LINE])
    except (IndexError, ValueError) as error:
        raise HeadFileError("the head file holds something that is no checkpoint") from error


class DiskHeadFile:
    """`federation.ports.HeadFile` on a file; safe for many processes and threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock_path = path.with_name(f".{path.name}.lock")

    @property
    def is_missing(self) -> bool:
        """Whether there is none: a new node, or one that was restored without it."""
        return not self._path.exists()

    def load(self) -> dict[str, str]:
        """Every head; empty when there is no file.

        Raises:
            HeadFileError: the file is damaged.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            value = json.loads(text)
        except ValueError as error:
            raise HeadFileError(f"{self._path}: damaged") from error
        if not isinstance(value, dict) or not all(isinstance(note, str) for note in value.values()):
            raise HeadFileError(f"{self._path}: not a head file")
        return value

    def save(self, heads: Mapping[str, str]) -> None:
        """Take these heads in; durable when it returns. Heads that are not named, or are larger already, stay."""
        with self._locked():
            kept = self.load()
            merged = dict(kept)
            for name, note in heads.items():
                if name not in kept or size_of(note) >= size_of(kept[name]):
                    merged[name] = note
            if merged != kept or self.is_missing:
                write_durably(self._path, _format(merged))

    def forget(self, names: list[str]) -> None:
        """Drop heads: only when an operator opened a new epoch or confirmed an import."""
        with self._locked():
            kept = self.load()
            left = {name: note for name, note in kept.items() if name not in names}
            if left != kept:
                write_durably(self._path, _format(left))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _format(heads: Mapping[str, str]) -> bytes:
    return json.dumps(dict(sorted(heads.items())), ensure_ascii=False, indent=1).encode("utf-8")
