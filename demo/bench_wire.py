"""P7: what an escalation costs on the wire, in bytes of HTTP both ways (heads included; no TCP, no TLS).

**First hop**: the village's pushes that carry offers, with their answers, divided by the packages before sealing: the open
data and the sealed part (facts, form, materials list) as JSON; attachments are none. Batch 100: a hundred offers made
while the line is down, sent when it is mended. **Relayed hop**: the whole push of the one relayed entry, each hop above
the first. **Idle**: everything over the village's line in a minute without any matter.
Source: docs/performance.md P7.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from demo.bench_figures import Figure, Side
from demo.bench_meter import Exchange
from demo.bench_network import (
    ITEM_ONE_UP,
    ITEM_THREE_UP,
    BenchNetwork,
    Stored,
    StreamReader,
    package_bytes,
)

GOALS = {1: 3.0, 100: 1.6}
RELAYED_GOAL = 9 * 1024.0
IDLE_GOAL = 6 * 1024.0
BIG_BATCH = 100
IDLE_S = 120.0
OFFERED = b'"type":"case.offered.v1"'


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of one batch of escalations: on the wire, and of their packages before sealing; pushes needed."""

    wire: float
    package: float
    pushes: int


def measure_wire(bench: BenchNetwork, rounds: int, tell: Callable[[str, str], None]) -> list[Figure]:
    """P7 on a quiet network with meters."""
    bench.settle()
    tell(f"P7 空闲 {IDLE_S:.0f} 秒", f"P7 idle for {IDLE_S:.0f} s")
    idle = [_idle(bench)]
    tell("P7 一件一批", "P7 batch 1")
    single = [_one_hop(bench, 1) for _ in range(rounds)]
    tell("P7 转送", "P7 relayed hops")
    relayed = [size for _ in range(rounds) for size in _relayed_hops(bench)]
    tell(f"P7 {BIG_BATCH} 件一批", f"P7 batch {BIG_BATCH}")
    many = [_one_hop(bench, BIG_BATCH)]
    return [
        _first_hop(1, single),
        _first_hop(BIG_BATCH, many),
        _plain("relayed hop", "转送一级多出", "what a relayed hop adds", relayed, RELAYED_GOAL),
        _plain("idle, per minute", "空闲村每分钟", "an idle village, a minute", idle, IDLE_GOAL),
    ]


def _first_hop(batch: int, weights: Sequence[Weight]) -> Figure:
    return Figure(
        "P7",
        f"first hop, batch {batch}",
        Side("线上字节", "on the wire", "B", [one.wire for one in weights]),
        Side("封装前的材料包", "packages before sealing", "B", [one.package for one in weights]),
        GOALS[batch],
        beside={"pushes": max(one.pushes for one in weights)},
    )


def _plain(name: str, zh: str, en: str, values: Sequence[float], goal: float) -> Figure:
    return Figure("P7", name, Side(zh, en, "B", values), None, goal)


def _one_hop(bench: BenchNetwork, count: int) -> Weight:
    """So many escalations to the township, in one batch where there are several."""
    matters = [bench.register(ITEM_ONE_UP) for _ in range(count)]
    bench.calm()
    line, meter = bench.network.lines["village"], bench.meters["village"]
    with closing(StreamReader(bench.data("village"), "own-up")) as own:
        start, mark = own.size(), meter.count
        if count > 1:
            line.cut()
        for matter in matters:
            bench.offer(matter)
        if count > 1:
            bench.wait_written(own, start + count)
            line.mend()
        bench.wait_receipted(own, start + count)
        entries = own.since(start)
    bench.calm()
    return weigh(entries, meter.since(mark))


def weigh(entries: Sequence[Stored], exchanges: Sequence[Exchange]) -> Weight:
    """Every push that carried one of these offers, whole; and the packages it carried."""
    offers = [entry for entry in entries if OFFERED in entry.line]
    pushes = [
        push
        for push in exchanges
        if is_push(push) and any(push.start <= offer.index < push.start + push.lines for offer in offers)
    ]
    return Weight(
        sum(push.total for push in pushes), sum(package_bytes(one.line) for one in offers), len(pushes)
    )


def is_push(exchange: Exchange) -> bool:
    """Whether it is a push that was receipted."""
    return exchange.method == "POST" and exchange.path.endswith("/up") and exchange.status == 200


def _relayed_hops(bench: BenchNetwork) -> list[float]:
    """Bytes of the push that carries one relayed escalation, for each hop above the first."""
    matter = bench.register(ITEM_THREE_UP)
    bench.calm()
    marks = {level: bench.meters[level].count for level in ("township", "county")}
    with closing(StreamReader(bench.data("city"), "peer-up")) as city:
        start = city.size()
        bench.offer(matter)
        city.wait_for(start, matter.case_id)
    time.sleep(1)  # its answers come after it
    found = []
    for level, mark in marks.items():
        first = next(push for push in bench.meters[level].since(mark) if is_push(push))
        found.append(float(first.total))
    return found


def _idle(bench: BenchNetwork) -> float:
    meter = bench.meters["village"]
    mark = meter.count
    time.sleep(IDLE_S)
    return sum(one.total for one in meter.since(mark)) * 60 / IDLE_S
