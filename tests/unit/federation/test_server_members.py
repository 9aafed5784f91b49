"""A parent's side of membership on the wire: revoked, expired, rotation, enrolment, what is public (federation.md §3)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from federation.dating import Revocation
from federation.enrolment import build_enrolment, build_rotation
from federation.history import record_revocation, record_statement
from federation.issuing import invite
from federation.keys import NodeKeys
from federation.ports import Limits, Request, Response
from federation.statements import read_statement
from tests.unit.federation.members import CITY, DAY, NOW, TOWNSHIP, VILLAGE, keys_of, line_to, name_of
from tests.unit.federation.parent import (
    BLOB,
    SIBLING,
    Parent,
    get,
    good_push,
    post,
    problem,
    signed_note,
    with_header,
)


@pytest.fixture
def parent() -> Parent:
    made = Parent()
    made.push_good(b"a")
    made.write_down("a")
    return made


# --- revoked, replaced, expired ------------------------------------------------------------------------------


def revoke(parent: Parent) -> None:
    kids = tuple(keys_of(VILLAGE).public.kids.values())
    with parent.database.transaction() as tx:
        record_revocation(tx.members, Revocation(name_of(VILLAGE), kids, NOW, "lost"))


def test_a_revoked_key_is_told_so_on_every_call(parent: Parent) -> None:
    revoke(parent)
    for make in (good_push, get("state"), get("down", query="start=0"), post("statement"), get(BLOB)):
        before = parent.snapshot()
        response = parent.server.handle(make(parent))
        assert (response.status, problem(response)) == (403, "revoked")
        assert response.value("bianmin-up") is None
        assert parent.snapshot() == before


def test_revoked_is_told_before_expired_and_audience_and_after_the_nonce(parent: Parent) -> None:
    revoke(parent)
    parent.clock.pass_time(days=91)
    request = good_push(parent, audience=name_of(CITY))
    assert problem(parent.server.handle(request)) == "revoked"
    assert problem(parent.server.handle(request)) == "replay"


def test_a_replaced_key_is_good_for_thirty_days(parent: Parent) -> None:
    new = keys_of(VILLAGE, 1)
    assert rotate(parent, new).status == 200
    parent.clock.pass_time(days=29)
    assert parent.ask("GET", "state").status == 200
    assert good_push_by(parent, keys_of(VILLAGE)).status == 200
    assert parent.ask("GET", "state", keys=new).status == 200
    parent.clock.pass_time(days=2)
    assert problem(parent.ask("GET", "state")) == "revoked"
    assert parent.ask("GET", "state", keys=new).status == 200


def good_push_by(parent: Parent, keys: NodeKeys) -> Response:
    return parent.server.handle(good_push(parent, keys=keys, note=signed_note([b"a", b"b"], keys=keys)))


def renew_own(parent: Parent) -> None:
    """The township has a newer statement than its village."""
    with parent.database.transaction() as tx:
        line = line_to(TOWNSHIP, parent.clock.now())
        tx.members.put_chain(line.statements)
        record_statement(tx.members, line.last, parent.clock.now(), "renewal", "self")


def test_an_expired_statement_is_refused_but_for_its_renewal(parent: Parent) -> None:
    parent.clock.pass_time(days=89)
    renew_own(parent)
    parent.clock.pass_time(days=2)
    for make in (good_push, get("state"), get(BLOB)):
        response = parent.server.handle(make(parent))
        assert (response.status, problem(response)) == (403, "expired")
    assert problem(parent.ask("GET", "state", audience=name_of(CITY))) == "expired"
    assert parent.ask("POST", "statement").status == 200
    assert parent.ask("GET", "state").status == 200


def test_what_expired_only_with_its_issuer_alerts_and_is_let_in(parent: Parent) -> None:
    parent.clock.pass_time(days=91)
    assert parent.ask("GET", "state").status == 200
    assert "expired-with-issuer" in parent.alerts()


# --- rotation ------------------------------------------------------------------------------------------------


def rotate(parent: Parent, new: NodeKeys, *, name: str = name_of(VILLAGE), **more: object) -> Response:
    body = build_rotation(new, name)
    return parent.ask(
        "POST",
        "statement",
        headers=[("Content-Type", "application/json")],
        body=body,
        **{"new_key": new.node, **more},  # type: ignore[arg-type]
    )


def test_a_rotation_states_the_new_keys_and_is_idempotent(parent: Parent) -> None:
    new = keys_of(VILLAGE, 1)
    first, again = rotate(parent, new), rotate(parent, new)
    assert first.status == again.status == 200
    claims = read_statement(json.loads(first.body)["chain"][-1])
    assert claims.keys == new.public
    assert claims.previous["node"] == keys_of(VILLAGE).public.node
    assert json.loads(again.body) == json.loads(first.body)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"new_key": None}, "signature"),
        ({"new_key": keys_of(VILLAGE, 2).node}, "signature"),
        ({"nonce": "A" * 22, "new_nonce_text": "A" * 22}, "signature"),
        ({"name": name_of(SIBLING)}, "signature"),
    ],
)
def test_a_rotation_without_proof_of_the_new_keys_is_refused(
    parent: Parent, more: dict[str, object], name: str
) -> None:
    before = parent.snapshot()
    assert problem(rotate(parent, keys_of(VILLAGE, 1), **more)) == name  # type: ignore[arg-type]
    assert parent.snapshot() == before


def test_keys_that_were_known_before_are_refused(parent: Parent) -> None:
    before = parent.snapshot()
    assert problem(rotate(parent, keys_of(SIBLING))) == "malformed"
    assert parent.snapshot() == before


# --- enrolment -----------------------------------------------------------------------------------------------

CHILD = "320623101005"
CHILD_KEYS = NodeKeys.from_seed(b"enrolling")


def invited(parent: Parent) -> bytes:
    with parent.database.transaction() as tx:
        invitation = invite(
            tx,
            parent.identity,
            code=CHILD,
            level="village",
            name="五村",
            parent_url="https://township.example",
            anchor=keys_of(CITY).public.node.kid,
            now=NOW,
        )
    return build_enrolment(invitation, CHILD_KEYS)


def enrolment(parent: Parent, body: bytes, **more: object) -> Request:
    return parent.request(
        "POST",
        "/federation/v1/enrolment",
        headers=[("Content-Type", "application/json")],
        body=body,
        **{"keys": CHILD_KEYS, **more},  # type: ignore[arg-type]
    )


def test_an_invited_node_is_enrolled_and_may_call(parent: Parent) -> None:
    body = invited(parent)
    response = parent.server.handle(enrolment(parent, body))
    assert response.status == 201
    chain = json.loads(response.body)["chain"]
    assert read_statement(chain[-1]).keys == CHILD_KEYS.public
    assert parent.ask("GET", "state", code=CHILD, keys=CHILD_KEYS).status == 200
    again = parent.server.handle(enrolment(parent, body))
    assert (again.status, json.loads(again.body)["chain"]) == (201, chain)


def test_a_used_token_is_refused_to_other_keys(parent: Parent) -> None:
    body = invited(parent)
    parent.server.handle(enrolment(parent, body))
    token = json.loads(body)["token"]
    other = NodeKeys.from_seed(b"thief")
    value = {**json.loads(build_rotation(other, name_of(CHILD))), "token": token}
    before = parent.snapshot()
    response = parent.server.handle(enrolment(parent, json.dumps(value).encode(), keys=other))
    assert (response.status, problem(response)) == (403, "token")
    assert parent.alerts()[-1] == "token-reused"
    changed = {name for name, table in parent.snapshot().items() if table != before[name]}
    assert changed == {"alerts"}


def test_a_wrong_token_is_counted_and_too_many_slow_down(parent: Parent) -> None:
    body = build_rotation(CHILD_KEYS, name_of(CHILD))
    wrong = json.dumps({**json.loads(body), "token": "x" * 43}).encode()
    names = [problem(parent.server.handle(enrolment(parent, wrong))) for _ in range(21)]
    assert names == ["token"] * 20 + ["slow-down"]
    assert parent.alerts()[-1] == "wrong-tokens"


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        (lambda p, b: with_header(enrolment(p, b), "Content-Digest", "sha-256=:AAAA:"), 400, "digest"),
        (lambda p, b: with_header(enrolment(p, b), "Content-Digest", None), 400, "digest"),
        (lambda p, b: enrolment(p, b"{"), 400, "malformed"),
        (lambda p, b: with_header(enrolment(p, b), "Signature", None), 400, "malformed"),
        (lambda p, b: enrolment(p, b, keys=keys_of(VILLAGE)), 401, "signature"),
        (lambda p, b: enrolment(p, b, at=NOW - DAY), 401, "skew"),
        (lambda p, b: enrolment(p, b, audience=name_of(CITY)), 403, "audience"),
        (lambda p, b: enrolment(p, b.replace(b'"token":"', b'"token":"x')), 403, "token"),
        (lambda p, b: enrolment(p, b + b" " * 16384), 413, "too-large"),
        # in this order
        (lambda p, b: with_header(enrolment(p, b"{"), "Content-Digest", None), 400, "digest"),
        (lambda p, b: enrolment(p, b, keys=keys_of(VILLAGE), at=NOW - DAY), 401, "signature"),
        (lambda p, b: enrolment(p, b, at=NOW - DAY, audience=name_of(CITY)), 401, "skew"),
        (lambda p, b: enrolment(p, b.replace(b'"token":"', b'"token":"x'), audience=name_of(CITY)), 403, "audience"),
    ],
)  # fmt: skip
def test_an_enrolment_is_refused_in_its_own_order(
    parent: Parent, change: Callable[[Parent, bytes], Request], status: int, name: str
) -> None:
    body = invited(parent)
    response = parent.server.handle(change(parent, body))
    assert (response.status, problem(response)) == (status, name)
    assert parent.server.handle(enrolment(parent, body)).status == 201


# --- what everybody may read ---------------------------------------------------------------------------------


def test_anybody_may_read_who_a_node_is(parent: Parent) -> None:
    response = parent.server.handle(Request("GET", "/.well-known/bianmin"))
    value = json.loads(response.body)
    assert (response.status, response.value("content-type")) == (200, "application/json")
    assert {name: value[name] for name in ("network", "code", "level", "protocol")} == {
        "network": "nantong.example",
        "code": TOWNSHIP,
        "level": "township",
        "protocol": "1",
    }
    assert read_statement(value["chain"][-1]).subject == name_of(TOWNSHIP)
    assert value["limits"] == {
        "entries_per_batch": 1000,
        "batch_bytes": 4_194_304,
        "blob_bytes": 67_108_864,
        "blob_bytes_per_day": 1_073_741_824,
        "entry_bytes_per_day": 268_435_456,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/witness/nothing", 404, "not-found"),
        ("POST", "/.well-known/bianmin", 400, "malformed"),
        ("GET", "/witness/add-checkpoint", 400, "malformed"),
        ("GET", "/federation/v1/enrolment", 400, "malformed"),
    ],
)
def test_other_public_paths_are_refused(
    parent: Parent, method: str, path: str, status: int, name: str
) -> None:
    response = parent.server.handle(Request(method, path))
    assert (response.status, problem(response)) == (status, name)


def test_the_witness_answers_without_a_signature(parent: Parent) -> None:
    note = signed_note([b"fact"], origin=f"{name_of(VILLAGE)}/ledger/1")
    body = b"old 0\n\n" + note.encode()
    request = Request("POST", "/witness/add-checkpoint", "", (("Content-Length", str(len(body))),), body)
    response = parent.server.handle(request)
    assert response.status == 200
    assert json.loads(parent.ask("GET", "state").body)["ledger"] == {
        "epoch": 1,
        "size": 1,
        "checkpoint": note + response.body.decode(),
    }


def test_the_limits_a_node_publishes_are_those_it_keeps() -> None:
    parent = Parent(Limits(entries_per_batch=2000))
    value = json.loads(parent.server.handle(Request("GET", "/.well-known/bianmin")).body)
    assert value["limits"]["entries_per_batch"] == 2000
    lines = [b"x"] * 1500
    assert parent.push(lines).status == 200
