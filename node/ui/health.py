"""Is it alive, can it work, what does it do: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import text

from node.kernel.database import Database
from node.kernel.problems import Problem
from node.ui.access import entrance, public
from node.ui.parts import Kit
from node.ui.visit import language
from node.ui.wiring import use


class Metrics:
    """The counters of one web process; capabilities add their own to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "bianmin_requests", "Requests answered", ["endpoint", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "bianmin_request_seconds", "Time to answer", ["endpoint"], registry=self.registry
        )


def install_health(app: Flask, metrics: Metrics) -> None:
    """Adds the three endpoints and counts every request."""
    app.add_url_rule("/healthz", "healthz", public(_alive))
    app.add_url_rule("/readyz", "readyz", public(_ready))
    app.add_url_rule("/metrics", "metrics", entrance(_metrics))

    def start() -> None:
        g.started = time.perf_counter()

    def count(answer: Response) -> Response:
        endpoint = g.get("counted_as") or request.endpoint or "unknown"
        metrics.requests.labels(endpoint, request.method, str(answer.status_code)).inc()
        if "started" in g:
            metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.started)
        return answer

    app.before_request(start)
    app.after_request(count)


def count_as(endpoint: str) -> None:
    """Says under which name the running request is counted, where one view answers many addresses."""
    g.counted_as = endpoint


def collect_from(app: Flask, collector: Collector) -> None:
    """Adds what a capability counts to `/metrics`."""
    with app.app_context():
        use(Metrics).registry.register(collector)


def _alive() -> Response:
    return Response("ok\n", content_type="text/plain; charset=utf-8")


def _ready() -> Response:
    kit = use(Kit)
    checks: Mapping[str, Callable[[], None]] = {
        "database": _ask_database,
        **{name: check for part in kit.parts for name, check in part.ready.items()},
    }
    found = {name: _said(check) for name, check in checks.items()}
    answer = jsonify({"ready": not any(found.values()), "checks": {k: v or "ok" for k, v in found.items()}})
    answer.status_code = 503 if any(found.values()) else 200
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _metrics() -> Response:
    return Response(generate_latest(use(Metrics).registry), content_type=CONTENT_TYPE_LATEST)


def _ask_database() -> None:
    with use(Database).reading() as session:
        session.execute(text("SELECT 1"))


def _said(check: Callable[[], None]) -> str:
    try:
        check()
    except Problem as problem:
        return problem.sentence(language())
    return ""
