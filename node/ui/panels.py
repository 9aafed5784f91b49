"""What other capabilities add to a page: bills, cards, ratings on the page of a matter.

The page names a slot and a subject; whoever registered for the slot (`WebPart.panels`) is asked in order. Imports run
downward only, so the page never knows who answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from node.ui.parts import Kit
from node.ui.wiring import use


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: heading, and the template that draws it with `panel.data`."""

    zh: str
    en: str
    template: str
    data: Mapping[str, Any] = field(default_factory=dict)


def panels_for(slot: str, subject: Any) -> list[Panel]:
    """The panels of a slot about a subject, in their order; empty when nobody has anything to say."""
    providers = [one for part in use(Kit).parts for one in part.panels if one.slot == slot]
    made = [one.make(subject) for one in sorted(providers, key=lambda one: one.order)]
    return [panel for panel in made if panel is not None]
