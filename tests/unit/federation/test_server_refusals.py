"""Every refusal of §3–§5 and §7: its name and status, the order in which they are told, and that nothing changed."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPSignatureComponentResolver, algorithms
from requests.structures import CaseInsensitiveDict

from federation.httpsig import content_digest
from federation.keys import NodeKeys
from federation.ports import Request
from federation.stream import encode_checkpoint
from tests.unit.federation.members import CITY, DAY, NOW, TOWNSHIP, VILLAGE, keys_of, name_of
from tests.unit.federation.parent import (
    BLOB,
    SIBLING,
    STRANGER,
    Make,
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


def pushed(**more: object) -> Make:
    return lambda parent: good_push(parent, **more)


def altered(name: str, value: str | None, *, twice: bool = False) -> Make:
    return lambda parent: with_header(good_push(parent), name, value, twice=twice)


def other_body(parent: Parent) -> Request:
    return replace(good_push(parent), body=b"c\n")


def longer_body(parent: Parent) -> Request:
    request = good_push(parent)
    return replace(request, body=request.body + b"c\n")


def chunked(parent: Parent) -> Request:
    return with_header(with_header(good_push(parent), "Content-Length", None), "Transfer-Encoding", "chunked")


def by_receipt_key(parent: Parent) -> Request:
    keys = keys_of(VILLAGE)
    return parent.request("GET", "state", keys=replace(keys, node=keys.receipt, receipt=keys.node))


NEW = NodeKeys.from_seed(b"nobody")

REFUSALS: list[tuple[str, Make, int, str]] = [
    # known keyid, named fields
    ("unknown key", get("state", keys=NEW), 401, "unknown-key"),
    ("a receipt key", by_receipt_key, 401, "unknown-key"),
    ("no signature", altered("Signature", None), 400, "malformed"),
    ("no signature input", altered("Signature-Input", None), 400, "malformed"),
    ("no audience", altered("Bianmin-Audience", None), 400, "malformed"),
    ("signature twice", altered("Signature", "bianmin=:AAAA:", twice=True), 400, "malformed"),
    ("start twice", altered("Tlog-Start", "1", twice=True), 400, "malformed"),
    ("escapes in the path", lambda p: replace(p.request("GET", "state"), path="/federation/v1/%6eodes"), 400, "malformed"),
    # length and digest
    ("no length", chunked, 411, "length"),
    ("a length that is no number", altered("Content-Length", "x"), 400, "malformed"),
    ("too long by its field", altered("Content-Length", "4194305"), 413, "too-large"),
    ("too long for a renewal", post("statement", headers=[("Content-Type", "application/json")], body=b"x" * 16385), 413, "too-large"),
    ("more body than announced", longer_body, 400, "malformed"),
    ("another body", other_body, 400, "digest"),
    ("no digest", altered("Content-Digest", None), 400, "digest"),
    # signature
    ("an altered field", altered("Tlog-Start", "2"), 401, "signature"),
    ("an altered query", lambda p: replace(p.request("GET", "down", query="start=0"), query="start=1"), 401, "signature"),
    ("an uncovered field", lambda p: with_header(p.request("GET", "state"), "Upload-Offset", "0"), 401, "signature"),
    ("expires too late", get("state", lifetime_s=301), 401, "signature"),
    # freshness
    ("from the future", get("state", at=NOW + timedelta(seconds=61)), 401, "skew"),
    ("from the past", get("state", at=NOW - timedelta(seconds=301)), 401, "skew"),
    ("over", get("state", at=NOW - timedelta(seconds=100), lifetime_s=60), 401, "skew"),
    # audience, path
    ("another audience", get("state", audience=name_of(CITY)), 403, "audience"),
    ("another's code", get(f"/federation/v1/nodes/{SIBLING}/state"), 403, "scope"),
    ("a code nobody has", get("/federation/v1/nodes/320623101777/state"), 403, "scope"),
    ("a node further away", get("state", code=STRANGER), 403, "scope"),
    ("a stranger's blob", get(BLOB, code=STRANGER), 403, "scope"),
    ("no such endpoint", get("nothing"), 404, "not-found"),
    ("no such path", get("/federation/v2/state"), 404, "not-found"),
    ("a blob with no name", get("/federation/v1/blobs/xyz"), 404, "not-found"),
    ("another method", lambda p: p.request("DELETE", "up"), 400, "malformed"),
    ("another method on a blob", lambda p: p.request("POST", BLOB), 400, "malformed"),
    # unpacking and parsing
    ("no start", pushed(fields={"Tlog-Start": None}), 400, "malformed"),
    ("a start with zeros", pushed(fields={"Tlog-Start": "01"}), 400, "malformed"),
    ("a start below zero", pushed(fields={"Tlog-Start": "-1"}), 400, "malformed"),
    ("a start of 2^53", pushed(fields={"Tlog-Start": str(2**53)}), 400, "malformed"),
    ("no checkpoint", pushed(fields={"Tlog-Checkpoint": None}), 400, "malformed"),
    ("a checkpoint that is no byte sequence", pushed(fields={"Tlog-Checkpoint": "bm90ZQ=="}), 400, "malformed"),
    ("another type", pushed(fields={"Content-Type": "application/json"}), 415, "media-type"),
    ("another packing", pushed(fields={"Content-Encoding": "br"}), 415, "media-type"),
    ("what is no gzip", pushed(fields={"Content-Encoding": "gzip"}), 400, "malformed"),
    ("gzip cut off", pushed(fields={"Content-Encoding": "gzip"}, body=gzip.compress(b"b\n")[:-1]), 400, "malformed"),
    ("gzip and more", pushed(fields={"Content-Encoding": "gzip"}, body=gzip.compress(b"b\n") + b"x"), 400, "malformed"),
    ("a gzip bomb", pushed(fields={"Content-Encoding": "gzip"}, body=gzip.compress(b"b\n" * 2_097_153)), 413, "too-large"),
    ("no final newline", pushed(body=b"b"), 400, "malformed"),
    ("too many lines", pushed(body=b"b\n" * 1001), 413, "too-large"),
    ("a query", pushed(query="start=1"), 400, "malformed"),
    ("no range", get("down"), 400, "malformed"),
    ("a limit of 0", get("down", query="start=0&limit=0"), 400, "malformed"),
    ("a start twice in the query", get("up", query="start=0&start=1"), 400, "malformed"),
    ("a start with a sign", get("up", query="start=+1"), 400, "malformed"),
    ("a state with a query", get("state", query="a=1"), 400, "malformed"),
    ("a receipt without a note", post("down/receipt"), 400, "malformed"),
    ("a rotation that is no JSON", post("statement", headers=[("Content-Type", "application/json")], body=b"{"), 400, "malformed"),
    ("a rotation of another type", post("statement", headers=[("Content-Type", "text/plain")], body=b"{}"), 415, "media-type"),
    # the batch
    ("no note", pushed(note="none"), 422, "checkpoint"),
    ("another's log", pushed(note=signed_note([b"a", b"b"], origin=f"{name_of(SIBLING)}/up/1")), 422, "checkpoint"),
    ("another's signature", pushed(note=signed_note([b"a", b"b"], keys=keys_of(SIBLING))), 422, "checkpoint"),
    ("another size", pushed(note=signed_note([b"a", b"b"], size=3)), 422, "checkpoint"),
    ("a note over 4096 bytes", pushed(note=signed_note([b"a", b"b"]) + "— x " + "A" * 4096 + "\n"), 422, "checkpoint"),
    ("an epoch that is not open", pushed(query="epoch=2"), 422, "checkpoint"),
    ("another start", pushed(fields={"Tlog-Start": "2"}, note=signed_note([], size=3)), 409, "size 1"),
    ("no line", pushed(body=b"", note=signed_note([b"a"]), fields={"Content-Type": None}), 422, "line"),
    ("an empty line", pushed(body=b"b\n\n", note=signed_note([b"a", b"b", b""])), 422, "line"),
    ("a line that is not UTF-8", pushed(body=b"\xff\n"), 422, "line"),
    ("a line of 65536 bytes", pushed(body=b"x" * 65536 + b"\n"), 422, "line"),
    # ranges, blobs
    ("a range beyond", get("down", query="start=9"), 409, "size 1"),
    ("a blob nobody has", get(BLOB), 404, "not-found"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "status", "name"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_a_refusal_has_its_name_and_changes_nothing(
    parent: Parent, make: Make, status: int, name: str
) -> None:
    request, before = make(parent), parent.snapshot()
    response = parent.server.handle(request)
    assert (response.status, problem(response)) == (status, name)
    assert parent.snapshot() == before
    assert parent.server.refusals() == {name.split(" ")[0]: 1}


def test_a_bad_line_is_named_by_its_index(parent: Parent) -> None:
    response = parent.server.handle(good_push(parent, body=b"b\n\n", note=signed_note([b"a", b"b", b""])))
    assert json.loads(response.body)["index"] == 1


def test_a_skew_tells_the_time(parent: Parent) -> None:
    response = parent.ask("GET", "state", at=NOW - timedelta(seconds=1000))
    value = json.loads(response.body)
    assert (value["server_time"], value["delta_s"]) == ("2026-11-24T06:30:00Z", 1000)


def test_no_time_is_told_to_who_did_not_sign(parent: Parent) -> None:
    request = parent.request("GET", "state", at=NOW - timedelta(seconds=1000))
    response = parent.server.handle(with_header(request, "Signature", "bianmin=:AAAA:"))
    assert problem(response) == "signature"
    assert b"delta_s" not in response.body


# --- nonces --------------------------------------------------------------------------------------------------


def test_a_repeated_request_is_refused_across_restarts(parent: Parent) -> None:
    request = good_push(parent)
    assert parent.server.handle(request).status == 200
    parent.start()
    response = parent.server.handle(request)
    assert (response.status, problem(response)) == (401, "replay")
    assert response.value("bianmin-up") is None


def test_the_nonce_of_a_refused_request_is_spent_once_its_signature_held(parent: Parent) -> None:
    request = good_push(parent, audience=name_of(CITY))
    assert problem(parent.server.handle(request)) == "audience"
    assert problem(parent.server.handle(request)) == "replay"
    forged = with_header(good_push(parent), "Signature", "bianmin=:AAAA:")
    assert problem(parent.server.handle(forged)) == "signature"
    assert problem(parent.server.handle(forged)) == "signature"


def test_a_get_may_be_repeated(parent: Parent) -> None:
    request = parent.request("GET", "state")
    assert [parent.server.handle(request).status for _ in range(2)] == [200, 200]


def test_answers_carry_the_streams_once_signature_nonce_and_path_held(parent: Parent) -> None:
    for make, told in [
        (pushed(fields={"Tlog-Start": None}), "1 1"),
        (get("state", query="x=1"), "1 1"),
        (get("state", audience=name_of(CITY)), None),
        (get(f"/federation/v1/nodes/{SIBLING}/state"), None),
        (get("nothing"), None),
    ]:
        response = parent.server.handle(make(parent))
        assert response.value("bianmin-up") == response.value("bianmin-down") == told


# --- before the body -----------------------------------------------------------------------------------------


def without_body(request: Request) -> Request:
    return replace(request, body=b"")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (get("state", keys=NEW), "unknown-key"),
        (altered("Content-Length", "4194305"), "too-large"),
        (chunked, "length"),
        (altered("Signature", None), "malformed"),
    ],
)
def test_what_can_be_refused_before_the_body_is(parent: Parent, make: Make, name: str) -> None:
    response = parent.server.before_body(without_body(make(parent)))
    assert response is not None
    assert problem(response) == name


def test_the_rest_waits_for_the_body(parent: Parent) -> None:
    for make in (good_push, other_body, get("state", at=NOW - DAY)):
        assert parent.server.before_body(without_body(make(parent))) is None
    assert parent.server.before_body(Request("GET", "/.well-known/bianmin")) is None
    large = (("Content-Length", "65537"),)
    for path in ("/federation/v1/enrolment", "/witness/add-checkpoint"):
        response = parent.server.before_body(Request("POST", path, "", large))
        assert response is not None
        assert problem(response) == "too-large"


# --- an independent signer -----------------------------------------------------------------------------------


class Components(HTTPSignatureComponentResolver):
    def get_query(self, *args: object, **kwargs: object) -> str:
        return "?"


class Keys:
    def resolve_private_key(self, key_id: str) -> object:
        return keys_of(VILLAGE).node

    def resolve_public_key(self, key_id: str) -> object:
        return keys_of(VILLAGE).node.public_key()


def test_a_push_signed_by_another_implementation_is_taken(parent: Parent) -> None:
    body, path = b"b\n", f"/federation/v1/nodes/{VILLAGE}/up"
    headers = {
        "Bianmin-Audience": name_of(TOWNSHIP),
        "Content-Type": "application/x-ndjson",
        "Content-Digest": content_digest(body),
        "Content-Length": "2",
        "Tlog-Start": "1",
        "Tlog-Checkpoint": encode_checkpoint(signed_note([b"a", b"b"])),
    }
    message = SimpleNamespace(
        method="POST", url=f"https://x.example{path}", headers=CaseInsensitiveDict(headers), body=body
    )
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519, key_resolver=Keys(), component_resolver_class=Components
    )
    signer.sign(
        message,
        key_id=keys_of(VILLAGE).public.node.kid,
        created=NOW,
        expires=NOW + timedelta(seconds=300),
        nonce="0123456789abcdefghij_-",
        label="bianmin",
        tag="bianmin/1",
        use_existing_digest=True,
        covered_component_ids=(
            "@method", "@path", "@query", "bianmin-audience", "content-digest", "content-type", "tlog-start",
            "tlog-checkpoint",
        ),
    )  # fmt: skip
    request = Request("POST", path, "", tuple(message.headers.items()), body)
    assert parent.server.handle(request).status == 200
