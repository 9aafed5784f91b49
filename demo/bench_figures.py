"""A figure of the bench: two sides measured in turn in the same run, their ratio in every round, and its goal. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things compared.

    Attributes:
        zh, en: what it is.
        unit: of the values.
        values: one a round.
    """

    zh: str
    en: str
    unit: str
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one of the rounds."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        code: `P1`, `P4`, `P7`.
        name: which of the code's figures: `batch 100`.
        upper, lower: `upper` is divided by `lower`, round by round. Without `lower` the figure is `upper` itself.
        goal: what the median has to reach.
        at_least: whether the goal is a lower bound; else it is an upper one.
        beside: values that explain the figure and have no goal.
    """

    code: str
    name: str
    upper: Side
    lower: Side | None
    goal: float
    at_least: bool = False
    beside: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rounds(self) -> list[float]:
        """The figure in every round."""
        if self.lower is None:
            return list(self.upper.values)
        return [high / low for high, low in zip(self.upper.values, self.lower.values, strict=True)]

    @property
    def value(self) -> float:
        """Median of the rounds."""
        return statistics.median(self.rounds)

    @property
    def is_met(self) -> bool:
        """Whether the median reaches the goal."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def document(self) -> dict[str, Any]:
        """The figure as one JSON line."""
        return {
            "figure": self.code,
            "name": self.name,
            "value": rounded(self.value),
            "min": rounded(min(self.rounds)),
            "max": rounded(max(self.rounds)),
            "goal": {"at_least" if self.at_least else "at_most": self.goal},
            "met": self.is_met,
            "sides": [_side_document(side) for side in (self.upper, self.lower) if side is not None],
            "beside": dict(self.beside),
        }


def _side_document(side: Side) -> dict[str, Any]:
    return {
        "zh": side.zh,
        "en": side.en,
        "unit": side.unit,
        "median": rounded(side.median),
        "rounds": [rounded(value) for value in side.values],
    }


def rounded(value: float) -> float:
    """Four significant digits, which is more than a shared machine tells."""
    return float(f"{value:.4g}")


def table_of(figures: Sequence[Figure]) -> list[str]:
    """What a person reads: for every figure a line, and below it a line for either side."""
    lines = []
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        verdict = "达标 met" if one.is_met else "未达 MISSED"
        unit = "" if one.lower is not None else f" {one.upper.unit}"
        lines.append(
            f"{one.code}  {one.name:<22} {rounded(one.value):>8g}{unit}  "
            f"({rounded(min(one.rounds)):g} – {rounded(max(one.rounds)):g})  {sign} {one.goal:g}{unit}  {verdict}"
        )
        for mark, side in (("  ", one.upper), (" ÷", one.lower)):
            if side is not None:
                lines.append(f"   {mark} {side.zh} / {side.en}: {rounded(side.median):g} {side.unit}")
        if one.beside:
            lines.append(
                "      " + ", ".join(f"{name} {_shown(value)}" for name, value in one.beside.items())
            )
    return lines


def _shown(value: Any) -> str:
    return f"{rounded(value):g}" if isinstance(value, float) else str(value)
