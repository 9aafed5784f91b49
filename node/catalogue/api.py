"""The API of the catalogue: items for everybody, imports for operators."""

from __future__ import annotations

from typing import Any

from flask import Response

from node.catalogue.forms import form_for, plain_form
from node.catalogue.guide import guide_of, plain_guide, plain_line
from node.catalogue.schemas import GuideSchema, ImportAsked, ImportDone, ItemLineSchema, ItemQuery
from node.catalogue.service import (
    Imported,
    ItemFilter,
    import_catalogue,
    list_items,
    require_in_force,
    shipped_catalogue,
)
from node.kernel.clock import local_date
from node.kernel.database import Database
from node.ui import access
from node.ui.idempotency import create
from node.ui.openapi import ApiBlueprint, page_of
from node.ui.parts import Kit
from node.ui.wiring import use

api = ApiBlueprint("catalogue_api", __name__, "事项目录 / The catalogue of items")


@api.get("/items", page_of(ItemLineSchema, "ItemPage"), query=ItemQuery)
@access.public
def items(query: dict[str, Any]) -> dict[str, Any]:
    """查找事项 / Items in force today, best match first."""
    wanted = ItemFilter(query["q"], query["level"], query["theme"], query["handling"], query["subject"])
    on = local_date(use(Kit).clock.now())
    with use(Database).reading() as session:
        page = list_items(session, on, wanted, query["cursor"], query["limit"])
    return {
        "items": [plain_line(version) for version in page.lines],
        "next_cursor": page.next_cursor,
        "total": page.total,
    }


@api.get("/items/<code>", GuideSchema)
@access.public
def item(code: str) -> dict[str, Any]:
    """办事指南 / The guide of an item in force today, with its form."""
    kit = use(Kit)
    with use(Database).reading() as session:
        version = require_in_force(session, code, local_date(kit.clock.now()))
    return plain_guide(guide_of(version, kit.masthead().level), plain_form(form_for(version)))


@api.post("/catalogue/import", ImportDone, body=ImportAsked)
@access.api("catalogue.import")
def import_text(body: dict[str, Any]) -> Response:
    """导入目录 / Imports a catalogue, all of it or nothing."""
    text = body["text"] if body["text"] is not None else shipped_catalogue()
    clock = use(Kit).clock
    return create(lambda session: plain_import(import_catalogue(session, text, clock, body["effective_on"])))


def plain_import(done: Imported) -> dict[str, Any]:
    """What an import did, as JSON values."""
    return {
        "import_id": done.import_id,
        "effective_on": done.effective_on.isoformat(),
        "added": done.added,
        "changed": done.changed,
        "cancelled": done.cancelled,
        "unchanged": done.unchanged,
    }
