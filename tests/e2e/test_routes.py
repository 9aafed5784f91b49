"""No page is forgotten: every GET route of the application is looked at, or is named as none for people."""

from __future__ import annotations

from flask import Flask

from node.app import parts_of
from node.ui import gallery
from node.ui.access import Kind, declared
from tests.support.screens import NO_PAGES, SCREENS

SEEN_BY_PEOPLE = {Kind.PUBLIC, Kind.ENTRANCE, Kind.STAFF}


def pages_of_every_capability() -> set[str]:
    """Endpoints that answer a GET of a person with a page."""
    app = Flask("routes", static_folder=None)
    for part in parts_of():
        for blueprint in (*part.public, *part.staff):
            app.register_blueprint(blueprint)
    app.register_blueprint(gallery.pages)
    access = declared(app)
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and (mark := access[rule.endpoint]) is not None
        and mark.kind in SEEN_BY_PEOPLE
    }


def test_every_page_of_the_application_is_in_the_set() -> None:
    looked_at = {screen.endpoint for screen in SCREENS}
    assert pages_of_every_capability() - looked_at - set(NO_PAGES) == set()


def test_every_name_of_a_picture_is_its_own() -> None:
    names = [screen.name for screen in SCREENS]
    assert sorted(names) == sorted(set(names))
