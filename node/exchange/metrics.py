"""Figures of the network for Prometheus, read when they are asked for; names and units are in each line below.

Peers stand by their node code. Nothing personal is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from node.exchange.overview import Neighbour, Overview
from node.kernel.problems import Problem


class NetworkCollector(Collector):
    """Collects from one look at the network.

    Args:
        look: reads the overview; where the database does not answer, nothing of it is told.
        refusals: requests of other nodes refused by this process, by the wire's problem name.
    """

    def __init__(self, look: Callable[[], Overview], refusals: Callable[[], Mapping[str, int]]) -> None:
        self._look = look
        self._refusals = refusals

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: registering asks no database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The figures now."""
        refused = CounterMetricFamily("bianmin_refusals", "Requests of other nodes refused", labels=["name"])
        for name, count in sorted(self._refusals().items()):
            refused.add_metric([name], count)
        yield refused
        try:
            found = self._look()
        except Problem:
            return
        yield from _streams([one for one in found.neighbours if one.direct in ("child", "parent")], found.at)
        yield from _node(found)


def _streams(near: list[Neighbour], now: datetime) -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "bianmin_queue_entries", "Entries that wait to be sent or receipted", labels=["peer", "state"]
    )
    oldest = GaugeMetricFamily(
        "bianmin_queue_oldest_seconds", "Age of the oldest entry that waits; 0: none", labels=["peer"]
    )
    receipt = GaugeMetricFamily(
        "bianmin_receipt_age_seconds", "Age of the newest receipt of a neighbour", labels=["peer"]
    )
    waiting = GaugeMetricFamily(
        "bianmin_unapplied_entries", "Received entries not dealt with yet", labels=["peer"]
    )
    expires = GaugeMetricFamily(
        "bianmin_statement_expires_seconds", "Until a neighbour's statement expires", labels=["peer"]
    )
    for one in near:
        queue.add_metric([one.code, "queued"], one.out.queued)
        queue.add_metric([one.code, "unsent"], one.out.unsent)
        oldest.add_metric([one.code], _age(one.out.oldest_at, now))
        if one.out.receipted_at is not None:
            receipt.add_metric([one.code], _age(one.out.receipted_at, now))
        waiting.add_metric([one.code], one.received - one.applied)
        expires.add_metric([one.code], (one.statement_expires - now).total_seconds())
    yield from (queue, oldest, receipt, waiting, expires)


def _node(found: Overview) -> Iterator[Metric]:
    yield GaugeMetricFamily("bianmin_set_aside_entries", "Entries set aside", len(found.set_aside))
    yield GaugeMetricFamily("bianmin_unknown_entries", "Entries of unknown types", found.unknown)
    yield GaugeMetricFamily("bianmin_ledger_entries", "Facts in the open ledger", found.ledger_size)
    yield GaugeMetricFamily(
        "bianmin_ledger_witnessed_entries", "Facts under the parent's cosignature", found.ledger_witnessed
    )
    yield GaugeMetricFamily("bianmin_halted_logs", "Logs that may not be written", len(found.foreign))
    own = found.own
    if own is not None:
        left = (own.statement_expires - found.at).total_seconds()
        yield GaugeMetricFamily(
            "bianmin_own_statement_expires_seconds", "Until the own statement expires", left
        )
    if found.clock_delta_s is not None:
        yield GaugeMetricFamily(
            "bianmin_clock_delta_seconds", "The parent's clock minus this one", found.clock_delta_s
        )
    alerts = GaugeMetricFamily("bianmin_alerts", "Alerts nobody has closed", labels=["code", "severity"])
    counts: dict[tuple[str, str], int] = {}
    for alert in found.alerts:
        key = (alert.code, alert.severity)
        counts[key] = counts.get(key, 0) + 1
    for (code, severity), count in sorted(counts.items()):
        alerts.add_metric([code, severity], count)
    yield alerts
    links = GaugeMetricFamily(
        "bianmin_link_failures", "Failures in a row towards the parent", labels=["link"]
    )
    for name, link in sorted(found.links.items()):
        links.add_metric([name], link.failures)
    yield links


def _age(at: datetime | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())
