"""Marks on routes, services by type, and where a browser may be sent."""

import pytest
from flask import Flask

from node.ui import access
from node.ui.access import Access, Kind, check_declared, declared
from node.ui.visit import local_path
from node.ui.wiring import provide, use


def test_route_without_a_mark_stops_the_start() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/open", "open", access.public(lambda: "ok"))
    app.add_url_rule("/forgotten", "forgotten", lambda: "ok")
    with pytest.raises(RuntimeError, match="forgotten"):
        check_declared(app)


def test_marks_say_kind_acts_and_rate() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/a", "a", access.staff("desk", "board")(lambda: "ok"))
    app.add_url_rule("/b", "b", access.limited("3 per minute")(access.entrance(lambda: "ok")))
    app.add_url_rule("/c", "c", access.api("desk")(lambda: "ok"))
    assert declared(app) == {
        "a": Access(Kind.STAFF, ("desk", "board")),
        "b": Access(Kind.ENTRANCE, (), "3 per minute"),
        "c": Access(Kind.API, ("desk",)),
    }


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example",
        "desk",
        "/a b",
        "/a\r\nX: y",
    ],
)
def test_browser_is_never_sent_elsewhere(wanted: str | None) -> None:
    assert local_path(wanted, "/start") == "/start"


@pytest.mark.parametrize("wanted", ["/", "/desk", "/items?q=%E4%BD%8E%E4%BF%9D&cursor=20"])
def test_browser_comes_back_to_a_page_of_ours(wanted: str) -> None:
    assert local_path(wanted, "/start") == wanted


class Letter:
    pass


class Parcel(Letter):
    pass


def test_services_are_found_by_type_or_by_their_one_subclass() -> None:
    app, parcel = Flask(__name__, static_folder=None), Parcel()
    provide(app, [parcel])
    with app.app_context():
        assert use(Letter) is parcel
        with pytest.raises(LookupError, match="0 services of type int"):
            use(int)
    with pytest.raises(ValueError, match="two instances of Parcel"):
        provide(app, [Parcel()])
