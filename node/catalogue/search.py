"""Finding an item by what people type; pure.

Every word of the query must be found; a hit in the name weighs more than one in the theme, the result or the
materials, a whole name most. A run of Chinese characters is looked for whole, then as the catalogue's own word for it
(`config/catalogue/synonyms.yaml`: 低保 is 最低生活保障), then by pairs of neighbouring characters, of which at least
half must stand in one text (办身份证 finds 居民身份证申领). Ties keep the catalogue's order, so pages are stable. A few
thousand items are ranked in milliseconds, so there is no index that could go stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from node.catalogue.rules import ItemVersion

WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\U00020000-\U0003ffff]+")
WHOLE_NAME, BEGINNING, INSIDE, PAIRS = 20, 6, 4, 1
"""What a way of being found is worth, times the weight of the text."""


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item as lists show it.

    Attributes:
        haystacks: (weight, folded text), the heaviest first.
    """

    version: ItemVersion
    haystacks: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, version: ItemVersion) -> ItemLine:
        """The line of a version."""
        details = " ".join([*version.conditions, *(m.name for m in version.materials), version.notes])
        return cls(
            version,
            (
                (12, version.name_zh.casefold()),
                (10, version.name_en.casefold()),
                (5, f"{version.theme} {version.result.name} {version.result.name_en}".casefold()),
                (4, version.code),
                (2, f"{version.department.zh} {version.department.en}".casefold()),
                (1, details.casefold()),
            ),
        )


@cache
def synonyms() -> Mapping[str, str]:
    """What people say → what the catalogue calls it; longer words first."""
    text = resources.files("config").joinpath("catalogue/synonyms.yaml").read_text(encoding="utf-8")
    table: dict[str, str] = yaml.safe_load(text)
    return dict(sorted(table.items(), key=lambda pair: -len(pair[0])))


def words_of(query: str, said: Mapping[str, str] | None = None) -> list[tuple[str, ...]]:
    """The words of a query, folded, each with the catalogue's word for it where there is one."""
    table = said if said is not None else synonyms()
    return [tuple(dict.fromkeys((word, _translated(word, table)))) for word in WORD.findall(query.casefold())]


def score(line: ItemLine, words: Iterable[Sequence[str]]) -> int:
    """How well an item fits; 0 when some word is not found in any form."""
    total = 0
    for forms in words:
        best = max(
            (_worth(weight, text, form) for form in forms for weight, text in line.haystacks), default=0
        )
        if best == 0:
            return 0
        total += best
    return total


def find(lines: Iterable[ItemLine], query: str, said: Mapping[str, str] | None = None) -> list[ItemLine]:
    """The items that fit, best first; all of them in order when the query is blank."""
    words = words_of(query, said)
    if not words:
        return list(lines) if not query.strip() else []
    scored = [(score(line, words), number, line) for number, line in enumerate(lines)]
    found = sorted((entry for entry in scored if entry[0] > 0), key=lambda entry: (-entry[0], entry[1]))
    return [line for _, _, line in found]


def _worth(weight: int, text: str, word: str) -> int:
    if word == text:
        return weight * WHOLE_NAME
    if text.startswith(word):
        return weight * BEGINNING
    if word in text:
        return weight * INSIDE
    pairs = [word[start : start + 2] for start in range(len(word) - 1)] if not word.isascii() else []
    if len(pairs) < 2 or weight < 10:
        return 0
    hits = sum(pair in text for pair in pairs)
    return weight * PAIRS * hits // len(pairs) if hits * 2 >= len(pairs) else 0


def _translated(word: str, said: Mapping[str, str]) -> str:
    for spoken, written in said.items():
        if spoken in word and written not in word:
            return word.replace(spoken, written)
    return word
