"""The catalogue of a node: importing a published one, what is in force on a day, lists and guides.

Versions are immutable and kept for ever; an import only adds releases: from which day which version stands. Running
matters stay on the version they were opened on (C1). Source: architecture decision 10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from node.catalogue.document import CatalogueError, read_catalogue
from node.catalogue.forms import form_book
from node.catalogue.problems import (
    bad_cursor,
    catalogue_refused,
    effective_in_past,
    unknown_item,
    unknown_version,
)
from node.catalogue.rules import ItemVersion, plain_document, version_of
from node.catalogue.search import ItemLine, find
from node.catalogue.tables import CatalogueImportRow, ItemReleaseRow, ItemVersionRow
from node.kernel.clock import Clock, local_date

PAGE_LIMIT = 20
_KNOWN: dict[str, ItemVersion] = {}
_KNOWN_MAX = 20_000
"""Versions read once are kept: they are immutable and named by their content, so they cannot become wrong."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, in numbers of items."""

    import_id: int
    effective_on: date
    added: int
    changed: int
    cancelled: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of items; `next_cursor` None at the end; `total` over all pages."""

    lines: tuple[ItemVersion, ...]
    total: int
    next_cursor: str | None


def shipped_catalogue() -> str:
    """The text of the catalogue that comes with the program."""
    return resources.files("config").joinpath("catalogue/catalogue.yaml").read_text(encoding="utf-8")


def import_catalogue(session: Session, text: str, clock: Clock, effective_on: date | None = None) -> Imported:
    """Imports a published catalogue: what differs from what will be in force that day is released from it.

    Args:
        text: YAML as published; the forms come from the program's configuration.
        effective_on: local day from which it holds; today when None.

    Raises:
        Problem: `catalogue-refused` with every breach; `effective-in-past`. Nothing is imported then.
    """
    now = clock.now()
    today = local_date(now)
    on = effective_on if effective_on is not None else today
    if on < today:
        raise effective_in_past(on, today)
    try:
        catalogue = read_catalogue(text, form_book().fields_of)
    except CatalogueError as error:
        raise catalogue_refused(error.breaches) from error
    standing = _standing(session, on)
    _add_versions(session, catalogue.versions, clock)
    row = CatalogueImportRow(
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        title=catalogue.title_zh,
        at=now,
        effective_on=on,
        added=sum(version.code not in standing for version in catalogue.versions),
        changed=sum(
            version.code in standing and standing[version.code] != version.hash
            for version in catalogue.versions
        ),
        cancelled=len(standing.keys() - {version.code for version in catalogue.versions}),
        unchanged=sum(standing.get(version.code) == version.hash for version in catalogue.versions),
    )
    session.add(row)
    session.flush()
    for position, version in enumerate(catalogue.versions):
        if standing.get(version.code) != version.hash:
            _release(session, version.code, on, version.hash, row.id, position)
    for code in sorted(standing.keys() - {version.code for version in catalogue.versions}):
        _release(session, code, on, None, row.id, 0)
    session.flush()
    return Imported(row.id, on, row.added, row.changed, row.cancelled, row.unchanged)


def version(session: Session, name: str) -> ItemVersion | None:
    """The version of a hash; None when this node does not hold it."""
    known = _KNOWN.get(name)
    if known is not None:
        return known
    row = session.get(ItemVersionRow, name)
    return _read(row) if row is not None else None


def require_version(session: Session, name: str) -> ItemVersion:
    """The version of a hash.

    Raises:
        Problem: `item-version-unknown`.
    """
    found = version(session, name)
    if found is None:
        raise unknown_version(name)
    return found


def in_force(session: Session, code: str, on: date) -> ItemVersion | None:
    """The version of an item in force on a local day; None when there is none or it is cancelled."""
    name = session.scalars(
        select(ItemReleaseRow.version)
        .where(ItemReleaseRow.code == code, ItemReleaseRow.effective_on <= on)
        .order_by(ItemReleaseRow.effective_on.desc())
        .limit(1)
    ).first()
    return version(session, name) if name is not None else None


def require_in_force(session: Session, code: str, on: date) -> ItemVersion:
    """The version of an item in force on a day.

    Raises:
        Problem: `item-unknown`.
    """
    found = in_force(session, code, on)
    if found is None:
        raise unknown_item(code)
    return found


def all_in_force(session: Session, on: date) -> list[ItemVersion]:
    """Every version in force on a day, in the catalogue's order."""
    names = list(_standing(session, on).values())
    missing = [name for name in names if name not in _KNOWN]
    read: dict[str, ItemVersion] = {}
    for start in range(0, len(missing), 500):
        chunk = missing[start : start + 500]
        for row in session.scalars(select(ItemVersionRow).where(ItemVersionRow.hash.in_(chunk))):
            read[row.hash] = _read(row)
    return [_KNOWN.get(name) or read[name] for name in names]


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items a list shows; None: any.

    Attributes:
        taken_in_at: only items that can be handed in at this level.
        query: what people typed.
    """

    query: str = ""
    taken_in_at: str | None = None
    theme: str | None = None
    handling: str | None = None
    subject: str | None = None


def list_items(
    session: Session, on: date, wanted: ItemFilter, cursor: str | None = None, limit: int = PAGE_LIMIT
) -> ItemPage:
    """A page of the items in force on a day, best match first, else in the catalogue's order.

    Args:
        cursor: `next_cursor` of the page before; it is a position in a list that only an import changes.

    Raises:
        Problem: `cursor-invalid`.
    """
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 8):
        raise bad_cursor()
    start = int(cursor) if cursor else 0
    shown = [ItemLine.of(item) for item in all_in_force(session, on) if _wanted(item, wanted)]
    found = find(shown, wanted.query)
    end = start + limit
    lines = tuple(line.version for line in found[start:end])
    return ItemPage(lines, len(found), str(end) if end < len(found) else None)


def themes(session: Session, on: date, level: str | None = None) -> Mapping[str, int]:
    """The themes of the items in force (of those taken in at a level), with how many items each has."""
    counts: dict[str, int] = {}
    for item in all_in_force(session, on):
        if level is None or level in item.intake_levels:
            counts[item.theme] = counts.get(item.theme, 0) + 1
    return counts


def list_imports(session: Session, limit: int = 20) -> list[CatalogueImportRow]:
    """The latest imports, newest first."""
    return list(
        session.scalars(select(CatalogueImportRow).order_by(CatalogueImportRow.id.desc()).limit(limit))
    )


def history(session: Session, code: str) -> list[tuple[date, str | None]]:
    """From which day an item stood in which version (None: cancelled), oldest first."""
    rows = session.execute(
        select(ItemReleaseRow.effective_on, ItemReleaseRow.version)
        .where(ItemReleaseRow.code == code)
        .order_by(ItemReleaseRow.effective_on)
    )
    return list(rows)


def department_names(session: Session, on: date, level: str) -> dict[str, str]:
    """Department id → its name at a level, for the departments of all items in force: what a founding needs."""
    names: dict[str, str] = {}
    for item in all_in_force(session, on):
        if level in item.department.names:
            names.setdefault(item.department.id, item.department.names[level])
    return names


def _wanted(item: ItemVersion, wanted: ItemFilter) -> bool:
    return (
        (wanted.taken_in_at is None or wanted.taken_in_at in item.intake_levels)
        and (wanted.theme is None or item.theme == wanted.theme)
        and (wanted.handling is None or item.handling == wanted.handling)
        and (wanted.subject is None or wanted.subject in item.subject)
    )


def _standing(session: Session, on: date) -> dict[str, str]:
    """Code → hash of what is in force on a day, in the catalogue's order."""
    latest = (
        select(ItemReleaseRow.code, func.max(ItemReleaseRow.effective_on).label("on"))
        .where(ItemReleaseRow.effective_on <= on)
        .group_by(ItemReleaseRow.code)
        .subquery()
    )
    rows = session.execute(
        select(ItemReleaseRow.code, ItemReleaseRow.version)
        .join(latest, (ItemReleaseRow.code == latest.c.code) & (ItemReleaseRow.effective_on == latest.c.on))
        .order_by(ItemReleaseRow.position, ItemReleaseRow.code)
    )
    return {code: name for code, name in rows if name is not None}


def _add_versions(session: Session, versions: Iterable[ItemVersion], clock: Clock) -> None:
    held = set(session.scalars(select(ItemVersionRow.hash)))
    for item in versions:
        if item.hash not in held:
            session.add(
                ItemVersionRow(
                    hash=item.hash, code=item.code, document=plain_document(item), added_at=clock.now()
                )
            )
    session.flush()


def _release(session: Session, code: str, on: date, name: str | None, import_id: int, position: int) -> None:
    session.merge(
        ItemReleaseRow(code=code, effective_on=on, version=name, import_id=import_id, position=position)
    )


def _read(row: ItemVersionRow) -> ItemVersion:
    found = version_of(row.document)
    if found.hash != row.hash:
        raise ValueError(
            f"item version {row.hash} was altered in the database: its document names {found.hash}"
        )
    if len(_KNOWN) >= _KNOWN_MAX:
        _KNOWN.clear()
    _KNOWN[row.hash] = found
    return found
