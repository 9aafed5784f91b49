"""The administrative division: imported from a CSV, read by code.

Columns: code (12 digits), level, parent, name, kind, virtual. Codes are the key; names repeat. A parent stands before
its children, its code gives theirs their significant digits. An import replaces names and kinds and never deletes: a
unit that vanished from the list may still be named by old matters. Source: data README (regions); GB/T 10114.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from node.people.problems import region_file
from node.people.tables import RegionRow

COLUMNS = ["code", "level", "parent", "name", "kind", "virtual"]
SIGNIFICANT = {"city": 4, "county": 6, "township": 9, "village": 12}
"""Significant digits of a level's code."""
ORDER = ("city", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Region:
    """One unit; `parent` "" for the root of the list."""

    code: str
    level: str
    parent: str
    name: str
    kind: str
    virtual: bool


def read_regions(text: str) -> Iterator[Region]:
    """Reads and checks a division.

    Raises:
        Problem: `region-file`, with the line: wrong columns, codes, levels, order or parents.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if rows.fieldnames != COLUMNS:
        names = ", ".join(COLUMNS)
        raise region_file(1, f"列须为 {names}", f"the columns must be {names}")
    levels: dict[str, str] = {}
    for row in rows:
        region = _read_region(row, rows.line_num)
        if region.code in levels:
            raise region_file(rows.line_num, f"代码 {region.code} 重复", f"code {region.code} occurs twice")
        if region.parent:
            upper = levels.get(region.parent)
            if upper is None:
                raise region_file(
                    rows.line_num,
                    f"上级 {region.parent} 不在前面",
                    f"parent {region.parent} does not precede",
                )
            if ORDER.index(upper) != ORDER.index(region.level) - 1:
                raise region_file(rows.line_num, f"上级是 {upper}", f"the parent is a {upper}")
            digits = SIGNIFICANT[upper]
            if region.code[:digits] != region.parent[:digits]:
                raise region_file(
                    rows.line_num, "代码与上级不符", "the code does not begin with its parent's digits"
                )
        levels[region.code] = region.level
        yield region


def _read_region(row: dict[str, str | None], line: int) -> Region:
    code, level, name = row["code"] or "", row["level"] or "", (row["name"] or "").strip()
    if len(code) != 12 or not (code.isascii() and code.isdigit()):
        raise region_file(line, f"代码“{code}”不是 12 位数字", f"code “{code}” is not 12 digits")
    if level not in SIGNIFICANT:
        raise region_file(line, f"没有层级“{level}”", f"no such level “{level}”")
    if set(code[SIGNIFICANT[level] :]) - {"0"}:
        raise region_file(line, f"{level} 的代码应以 0 补足", f"a {level} code is zero-padded")
    if not name:
        raise region_file(line, "缺少名称", "the name is missing")
    if row["virtual"] not in {"0", "1"}:
        raise region_file(line, "virtual 须为 0 或 1", "virtual is 0 or 1")
    return Region(code, level, row["parent"] or "", name, row["kind"] or "", row["virtual"] == "1")


def import_regions(session: Session, text: str) -> int:
    """Imports a division; all or nothing.

    Returns:
        How many units the list has.

    Raises:
        Problem: `region-file`.
    """
    regions = list(read_regions(text))
    known = {row.code: row for row in session.scalars(select(RegionRow))}
    for region in regions:
        row = known.get(region.code)
        if row is None:
            row = RegionRow(code=region.code)
            session.add(row)
        row.level, row.parent, row.name = region.level, region.parent or None, region.name
        row.kind, row.virtual = region.kind, region.virtual
    session.flush()
    return len(regions)


def find_region(session: Session, code: str) -> Region | None:
    """The unit of a code, None when the division has none."""
    row = session.get(RegionRow, code)
    return _region(row) if row is not None else None


def children_of(session: Session, code: str) -> list[Region]:
    """The units one level below, by code."""
    rows = session.scalars(select(RegionRow).where(RegionRow.parent == code).order_by(RegionRow.code))
    return [_region(row) for row in rows]


def path_of(session: Session, code: str) -> list[Region]:
    """The unit and all above it, the highest first; empty when the code is unknown."""
    path: list[Region] = []
    region = find_region(session, code)
    while region is not None and len(path) < len(ORDER):
        path.insert(0, region)
        region = find_region(session, region.parent) if region.parent else None
    return path


def _region(row: RegionRow) -> Region:
    return Region(row.code, row.level, row.parent or "", row.name, row.kind, row.virtual)
