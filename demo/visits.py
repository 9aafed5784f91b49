"""The morning's script: who comes to which desk, for what, with what (`morning.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import yaml

Level = Literal["city", "county", "township", "village"]
Then = Literal["", "withdraw", "wait", "away"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's business.

    Attributes:
        number: place in the script, from 1.
        at: level whose desk it is handed in at.
        item: item code.
        forgets: one required material is not brought at first.
        paper: `file` when the first material comes as a file too.
        then: what the person, or the office, does differently; "" for the usual way.
        online: applied for without coming.
    """

    number: int
    at: Level
    item: str
    forgets: bool = False
    paper: Literal["", "file"] = ""
    then: Then = ""
    online: bool = False


def read_visits(text: str | None = None) -> list[Visit]:
    """The visits of a script; of the shipped one when no text is given."""
    source = resources.files("demo").joinpath("morning.yaml").read_text("utf-8") if text is None else text
    entries: list[dict[str, Any]] = yaml.safe_load(source)["visits"]
    return [Visit(number, **entry) for number, entry in enumerate(entries, 1)]
