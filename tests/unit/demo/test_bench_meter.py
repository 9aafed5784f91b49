"""Counting bytes of HTTP on a line."""

from __future__ import annotations

from demo.bench_meter import Exchange, Meter
from demo.bench_network import Stored
from demo.bench_wire import is_push, weigh

PUSH = b"POST /federation/v1/nodes/1/up?epoch=1 HTTP/1.1\r\nTlog-Start: 7\r\nContent-Length: 4\r\n\r\na\nb\n"
RECEIPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PULL = b"GET /federation/v1/nodes/1/down?start=0 HTTP/1.1\r\nHost: a\r\n\r\n"
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"


def test_every_byte_of_a_call_and_its_answer_is_counted() -> None:
    meter = Meter()
    watcher = meter.watch()
    watcher.sent(PUSH)
    watcher.answered(RECEIPT)
    assert meter.since() == [
        Exchange("POST", "/federation/v1/nodes/1/up", len(PUSH), len(RECEIPT), start=7, lines=2, status=200)
    ]
    assert meter.since()[0].total == len(PUSH) + len(RECEIPT)


def test_a_call_cut_at_any_byte_is_counted_the_same() -> None:
    for cut in range(1, len(PUSH)):
        meter = Meter()
        watcher = meter.watch()
        watcher.sent(PUSH[:cut])
        watcher.sent(PUSH[cut:])
        watcher.answered(RECEIPT[: cut % len(RECEIPT) + 1])
        watcher.answered(RECEIPT[cut % len(RECEIPT) + 1 :])
        (found,) = meter.since()
        assert (found.total, found.start, found.lines) == (len(PUSH) + len(RECEIPT), 7, 2)


def test_calls_on_one_connection_are_told_apart() -> None:
    meter = Meter()
    watcher = meter.watch()
    for request, answer in ((PULL, NOTHING), (PUSH, RECEIPT), (PULL, NOTHING)):
        watcher.sent(request)
        watcher.answered(answer)
    assert [(one.method, one.total) for one in meter.since()] == [
        ("GET", len(PULL) + len(NOTHING)),
        ("POST", len(PUSH) + len(RECEIPT)),
        ("GET", len(PULL) + len(NOTHING)),
    ]
    assert [one.method for one in meter.since(2)] == ["GET"]
    assert meter.count == 3


def offer(index: int) -> Stored:
    data = '{"item":"1","sealed":"e30..AAAA.AAAAAAAA.AAAA"}'
    return Stored(index, f'{{"data":{data},"type":"case.offered.v1"}}'.encode())


def test_only_receipted_pushes_that_carried_an_offer_are_weighed() -> None:
    up = "/federation/v1/nodes/1/up"
    carried = Exchange("POST", up, 500, 100, start=3, lines=2, status=200)
    others = [
        Exchange("POST", up, 900, 100, start=5, lines=1, status=200),
        Exchange("POST", up, 700, 10, start=3, lines=2, status=503),
        Exchange("GET", "/federation/v1/nodes/1/down", 300, 200, status=204),
    ]
    assert [is_push(one) for one in [carried, *others]] == [True, True, False, False]
    weight = weigh([offer(3), offer(4), Stored(5, b'{"type":"relay.received.v1"}')], [carried, *others])
    assert (weight.wire, weight.pushes) == (600, 1)
    assert weight.package == 2 * (len('{"item":"1"}') + 6)
