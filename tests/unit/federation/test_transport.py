"""Requests over HTTP: what is sent, what is refused, and that no foreign exception leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
import responses
from responses import matchers

from federation.enrolment import InvitationError
from federation.errors import TransportError
from federation.ports import Request
from federation.transport import RequestsTransport

PARENT = "https://county.nantong.example"
STATE = "/federation/v1/nodes/320623101000/state"


def get(path: str = STATE, query: str = "") -> Request:
    return Request("GET", path, query, (("Bianmin-Audience", "nantong.example/320623000000"),))


@responses.activate
def test_the_answer_comes_back_whole() -> None:
    responses.get(f"{PARENT}{STATE}", body=b"{}", status=200, headers={"Bianmin-Up": "1 7"})
    answer = RequestsTransport().send(PARENT, get())
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.value("bianmin-up") == "1 7"


@responses.activate
def test_a_request_goes_out_exactly_as_it_was_signed() -> None:
    headers = {"Content-Type": "application/x-ndjson", "Tlog-Start": "3", "Content-Digest": "sha-256=:YQ==:"}
    responses.post(
        f"{PARENT}/federation/v1/nodes/320623101000/up",
        match=[matchers.header_matcher(headers), matchers.query_string_matcher("epoch=2")],
    )
    sent = Request(
        "POST", "/federation/v1/nodes/320623101000/up", "epoch=2", tuple(headers.items()), b'{"a":1}\n'
    )
    assert RequestsTransport().send(PARENT, sent).status == 200
    wire = responses.calls[0].request
    assert wire.body == b'{"a":1}\n'
    assert wire.headers["Content-Length"] == "8"
    assert wire.headers["Accept-Encoding"] == "identity"
    assert "Cookie" not in wire.headers


@responses.activate
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    responses.get(f"{PARENT}{STATE}", status=status, headers={"Location": "https://evil.example/"})
    with pytest.raises(TransportError, match="redirect"):
        RequestsTransport().send(PARENT, get())
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("refused"),
        requests.Timeout("silence"),
        requests.exceptions.SSLError("certificate"),
        OSError("no route"),
    ],
)
def test_no_foreign_exception_leaves(error: Exception) -> None:
    responses.get(f"{PARENT}{STATE}", body=error)
    with pytest.raises(TransportError) as caught:
        RequestsTransport().send(PARENT, get())
    assert caught.value.retryable


@responses.activate
def test_a_refusal_is_an_answer_and_not_an_error() -> None:
    responses.get(f"{PARENT}{STATE}", status=503, body=b"busy")
    assert RequestsTransport().send(PARENT, get()).status == 503


@responses.activate
def test_an_answer_without_end_is_cut_off() -> None:
    responses.get(f"{PARENT}{STATE}", body=b"x" * 1001)
    with pytest.raises(TransportError, match="longer than 1000 bytes"):
        RequestsTransport(answer_bytes=1000).send(PARENT, get())
    assert len(RequestsTransport(answer_bytes=1001).send(PARENT, get()).body) == 1001


@responses.activate
def test_an_answer_that_trickles_is_cut_off() -> None:
    ticks = iter([0.0, 400.0])
    responses.get(f"{PARENT}{STATE}", body=b"x")
    with pytest.raises(TransportError, match="longer than 300 s"):
        RequestsTransport(monotonic=lambda: next(ticks)).send(PARENT, get())


@responses.activate
def test_a_packed_answer_is_refused_before_it_is_unpacked() -> None:
    responses.get(f"{PARENT}{STATE}", body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    with pytest.raises(TransportError, match="packed"):
        RequestsTransport().send(PARENT, get())


@responses.activate
@pytest.mark.parametrize("url", ["http://county.nantong.example", f"{PARENT}/path", "ftp://county.example"])
def test_an_address_that_may_not_be_dialled_is_not(url: str) -> None:
    with pytest.raises(InvitationError):
        RequestsTransport().send(url, get())
    assert len(responses.calls) == 0


@responses.activate
def test_plain_http_goes_to_this_machine_or_where_it_is_allowed() -> None:
    for url in ("http://127.0.0.1:8000", "http://county.nantong.example"):
        responses.get(f"{url}{STATE}")
    assert RequestsTransport().send("http://127.0.0.1:8000", get()).status == 200
    assert RequestsTransport(allow_plain_http=True).send("http://county.nantong.example", get()).status == 200


@responses.activate
def test_nothing_comes_out_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    bundle = tmp_path / "ca.pem"
    responses.get(
        f"{PARENT}{STATE}", match=[matchers.request_kwargs_matcher({"verify": str(bundle), "proxies": {}})]
    )
    assert RequestsTransport(verify=bundle).send(PARENT, get()).status == 200
