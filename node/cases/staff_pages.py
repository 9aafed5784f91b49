"""What every staff page of cases works with: its blueprint, the node's context, who acts, what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from node.cases.context import CaseContext
from node.cases.workers import Worker, staff_worker
from node.kernel.problems import Language
from node.people.gate import current_actor
from node.ui.visit import language
from node.ui.wiring import use

pages = Blueprint("cases", __name__, template_folder="templates")
Answer = str | Response | tuple[str, int]
Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tab:
    """One word of a row of links, with how many stand behind it."""

    name: str
    words: Words
    href: str
    count: int | None = None
    current: bool = False


def context() -> CaseContext:
    """The node the cases live at."""
    return use(CaseContext)


def worker() -> Worker:
    """The signed-in person as the case service sees it."""
    return staff_worker(current_actor(), context().now())


def tongue() -> Language:
    """The language of this page."""
    return language()


def typed(name: str) -> str:
    """A text field of the form that was sent."""
    return request.form.get(name, "").strip()


def blocks(form: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """The fields of a form whose names begin with `prefix.`, by what follows."""
    return {
        name.removeprefix(f"{prefix}."): str(form[name]) for name in form if name.startswith(f"{prefix}.")
    }
