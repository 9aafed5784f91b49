"""P4: how long until an escalation is safe above, against one bare durable commit.

**One hop** begins when the village's agent sends the call that creates the escalation (`POST …/acts/offer`) and ends
when the entry is durable in the township's database: web request, one transaction at the village, its place in the
signed log, head file, signed push, the township's transaction. **Three hops** ends when the relayed entry is durable at
the city. **Bare commit**: one row of an entry's size inserted and committed on the same disk, same PRAGMAs.

All three are measured in turn within every round; the figure of a round is the quotient of medians.
Source: docs/performance.md P4.
"""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from demo.bench_figures import Figure, Side
from demo.bench_ingest import BareTable
from demo.bench_network import ITEM_ONE_UP, ITEM_THREE_UP, BenchNetwork, StreamReader

ESCALATIONS = 5
COMMITS = 4
"""Escalations of each kind in a round, and bare commits before each of them."""
ROW_BYTES = 4096
ONE_HOP_GOAL, THREE_HOPS_GOAL = 20.0, 3.5


@dataclass(frozen=True, slots=True)
class Round:
    """Medians of one round, milliseconds."""

    bare: float
    one_hop: float
    three_hops: float
    answered: float


def measure_latency(
    bench: BenchNetwork, folder: Path, rounds: int, tell: Callable[[str, str], None]
) -> list[Figure]:
    """P4.

    Args:
        bench: a quiet network of four levels.
        folder: on the nodes' disk, for the bare commits.
    """
    bare = BareTable(folder)
    try:
        found = []
        for number in range(rounds):
            tell(f"P4 第 {number + 1} 轮", f"P4 round {number + 1}")
            found.append(_one_round(bench, bare, number))
    finally:
        bare.close()
    return _figures(found)


def _one_round(bench: BenchNetwork, bare: BareTable, number: int) -> Round:
    commits: list[float] = []
    near: list[float] = []
    far: list[float] = []
    answers: list[float] = []
    for place in range(ESCALATIONS):
        first = (number * ESCALATIONS + place) * 2 * COMMITS
        for item, level, taken, offset in (
            (ITEM_ONE_UP, "township", near, 0),
            (ITEM_THREE_UP, "city", far, COMMITS),
        ):
            commits += [_bare_commit(bare, first + offset + one) for one in range(COMMITS)]
            total, answered = escalate(bench, item, level)
            taken.append(total)
            answers.append(answered)
    return Round(*(statistics.median(values) * 1000 for values in (commits, near, far, answers)))


def _bare_commit(bare: BareTable, index: int) -> float:
    row = (1, index, secrets.token_bytes(ROW_BYTES), secrets.token_bytes(32), 0)
    began = time.perf_counter()
    bare.insert([row])
    return time.perf_counter() - began


def escalate(bench: BenchNetwork, item: str, level: str) -> tuple[float, float]:
    """Create one escalation on a quiet network.

    Returns:
        Seconds until it is durable at the node of that level, and until the village answered its agent.
    """
    escalation = bench.register(item)
    bench.calm()
    with closing(StreamReader(bench.data(level), "peer-up")) as above:
        start = above.size()
        began = time.perf_counter()
        bench.offer(escalation)
        answered = time.perf_counter() - began
        return above.wait_for(start, escalation.case_id) - began, answered


def _figures(rounds: Sequence[Round]) -> list[Figure]:
    one = Side("上送一级到落盘", "one hop until durable", "ms", [each.one_hop for each in rounds])
    far = Side("村到市三级到落盘", "three hops until durable", "ms", [each.three_hops for each in rounds])
    bare = Side("直接提交一行", "bare one-row commit", "ms", [each.bare for each in rounds])
    answered = statistics.median(each.answered for each in rounds)
    return [
        Figure("P4", "one hop", one, bare, ONE_HOP_GOAL, beside={"answered_ms": answered}),
        Figure("P4", "three hops", far, one, THREE_HOPS_GOAL),
    ]
