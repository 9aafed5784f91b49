"""The federation's endpoints on HTTP: raw targets, bodies, refusals, and who is served them."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from federation.httpsig import sign_request
from federation.ports import Request
from node.app import create_app
from node.exchange.endpoints import ROUTES
from node.kernel.problems import Problem
from node.ui.access import Kind, declared
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair

STATE = f"/federation/v1/nodes/{VILLAGE}/state"
UP = f"/federation/v1/nodes/{VILLAGE}/up"


def _signed(pair: Pair, request: Request) -> Request:
    identity = pair.village.identity
    return sign_request(
        request, identity.keys.node, identity.kid, f"nantong.example/{TOWNSHIP}", pair.clock.now()
    )


def _problem(body: bytes) -> str:
    return str(json.loads(body)["type"]).removeprefix("urn:bianmin:problem:")


def test_another_node_is_spared_what_only_a_browser_reads(pair: Pair) -> None:
    answer = pair.app.test_client().get("/.well-known/bianmin")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert sum(len(f"{name}: {value}\r\n") for name, value in answer.headers) < 250


def test_anybody_may_read_who_a_node_is(pair: Pair) -> None:
    answer = pair.app.test_client().get("/.well-known/bianmin")
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["code"], answer.json["protocol"]) == (TOWNSHIP, "1")
    assert answer.headers["Content-Type"] == "application/json"


def test_a_signed_request_is_answered_with_the_sizes_of_both_streams(pair: Pair) -> None:
    answer = pair.transport.send("http://127.0.0.1:8603", _signed(pair, Request("GET", STATE)))
    assert answer.status == 200
    assert answer.value("bianmin-up") == "1 0"
    assert answer.value("bianmin-down") == "1 0"
    assert answer.value("cache-control") == "no-store"


def test_an_unsigned_request_is_refused(pair: Pair) -> None:
    answer = pair.app.test_client().get(STATE)
    assert answer.status_code in (400, 401)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "target", [f"{STATE}?x=1", STATE.replace("state", "st%61te"), STATE.replace("/v1/", "//v1/"), f"{STATE}/"]
)
def test_what_is_verified_is_the_raw_target(pair: Pair, target: str) -> None:
    signed = _signed(pair, Request("GET", STATE))
    answer = pair.app.test_client().open(target, method="GET", headers=list(signed.headers))
    assert answer.status_code in (400, 401, 404)
    assert "Location" not in answer.headers


def test_a_request_in_the_absolute_form_is_the_same_request(pair: Pair) -> None:
    signed = _signed(pair, Request("GET", STATE))
    answer = pair.app.test_client().get(
        STATE,
        headers=list(signed.headers),
        environ_overrides={"REQUEST_URI": f"http://county.example{STATE}"},
    )
    assert answer.status_code == 200


def test_a_method_the_path_does_not_know_is_malformed(pair: Pair) -> None:
    answer = pair.app.test_client().put("/.well-known/bianmin")
    assert (answer.status_code, _problem(answer.data)) == (400, "malformed")


def test_a_body_of_an_unknown_key_is_not_read(pair: Pair) -> None:
    class Unread(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    answer = pair.app.test_client().post(
        UP, input_stream=Unread(), headers={"Content-Length": "1000", "Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code in (400, 401)


def test_a_body_that_ends_early_is_malformed(pair: Pair) -> None:
    signed = _signed(
        pair, Request("POST", UP, headers=(("Content-Type", "application/x-ndjson"),), body=b"{}\n")
    )
    answer = pair.app.test_client().post(
        UP,
        input_stream=io.BytesIO(b"{}"),
        headers=list(signed.headers),
        environ_overrides={"CONTENT_LENGTH": "3"},
    )
    assert (answer.status_code, _problem(answer.data)) == (400, "malformed")


def test_a_database_that_is_busy_answers_busy_and_changes_nothing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: Request) -> None:
        raise Problem("database-busy", "忙", "busy", 503)

    monkeypatch.setattr(pair.township.server, "handle", refuse)
    answer = pair.app.test_client().get("/.well-known/bianmin")
    assert (answer.status_code, _problem(answer.data)) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0


def test_two_first_pushes_at_once_are_told_busy_not_broken(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clash(_request: Request) -> None:
        raise IntegrityError("INSERT", {}, Exception("the index exists"))

    monkeypatch.setattr(pair.township.server, "handle", clash)
    answer = pair.app.test_client().get("/.well-known/bianmin")
    assert (answer.status_code, _problem(answer.data)) == (503, "busy")


def test_what_no_receiver_would_take_is_not_written(pair: Pair) -> None:
    pair.turn()
    with pair.village.database.transaction() as session:
        pair.village.queue(
            session, destination=TOWNSHIP, subject="s", type="case.withdrawn.v1", data={"case": "s"}
        )
    pair.turn()
    overview = pair.village.administration.overview()
    assert overview.parent is not None
    assert (overview.parent.out.receipted, overview.depth) == (0, 0)
    assert "entry-unwritable" in [alert.code for alert in overview.alerts]


def test_a_request_from_the_past_is_told_the_difference(pair: Pair) -> None:
    signed = _signed(pair, Request("GET", STATE))
    pair.clock.advance(timedelta(hours=1))
    answer = pair.transport.send("http://127.0.0.1:8603", signed)
    assert (answer.status, _problem(answer.body)) == (401, "skew")
    assert json.loads(answer.body)["delta_s"] == 3600


def test_a_wrong_clock_is_corrected_once_and_remembered(pair: Pair) -> None:
    pair.turn()
    behind = type(pair.clock)(pair.clock.now() - timedelta(minutes=30))
    object.__setattr__(pair.village.client, "_clock", behind)
    uplink = pair.village.client._uplink  # type: ignore[union-attr]
    object.__setattr__(uplink, "_clock", behind)
    assert pair.village.client is not None
    pair.village.client.check_state()
    assert pair.village.client.delta_s == 1800
    pair.later(31)
    pair.turn()
    assert pair.village.administration.overview().clock_delta_s is not None


def test_every_endpoint_is_declared_as_the_federations(pair: Pair) -> None:
    marks = [access for endpoint, access in declared(pair.app).items() if endpoint.startswith("federation.")]
    assert len(marks) == len(ROUTES)
    assert {access.kind for access in marks if access is not None} == {Kind.FEDERATION}


def test_a_process_for_staff_does_not_serve_other_nodes(pair: Pair) -> None:
    app: Flask = create_app(pair.township, "staff")
    assert app.test_client().get("/.well-known/bianmin").status_code == 404
