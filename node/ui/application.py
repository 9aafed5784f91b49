"""From parts to a running web application: the kit, then whatever each capability contributes.

`build_web` is called by the program's `app` module with everything the container built. The same function serves
citizens, staff, or both (`WebSettings.audience`): blueprints of the other side are not even registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import Flask, Response, request, url_for
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from node.kernel.clock import Clock
from node.kernel.database import Database
from node.ui import gallery
from node.ui.access import MARK, allowed, check_declared, guard, public, staff
from node.ui.assets import serve_asset
from node.ui.csrf import install_csrf
from node.ui.errors import install_errors
from node.ui.headers import install_headers
from node.ui.health import Metrics, install_health
from node.ui.openapi import install_api
from node.ui.parts import Gate, Kit, Masthead, WebPart, WebSettings
from node.ui.problems import without_post
from node.ui.templating import install_templating
from node.ui.visit import change_view, go_to
from node.ui.wiring import provide, use

FORM_COOKIE = "bianmin_form"


def build_web(
    settings: WebSettings,
    *,
    gate: Gate,
    masthead: Callable[[], Masthead],
    clock: Clock,
    database: Database,
    parts: Sequence[WebPart] = (),
    services: Iterable[object] = (),
) -> Flask:
    """A web application.

    Args:
        gate: who is signed in and what they may do.
        masthead: what the head of each page says about the node; called per request.
        parts: what each capability contributes, in the order of the layers.
        services: what pages reach by `wiring.use`.

    Raises:
        RuntimeError: a route without a declared access.
    """
    app = Flask("node.ui", static_folder=None, template_folder="templates")
    _configure(app, settings)
    metrics = Metrics()
    kit = Kit(settings, gate, masthead, clock, database, tuple(parts))
    provide(app, [kit, database, metrics, *services])
    install_health(app, metrics)
    app.before_request(guard)
    install_headers(app)
    install_csrf(app)
    install_errors(app)
    install_templating(app)
    app.add_url_rule("/static/<name>", "asset", public(serve_asset))
    app.add_url_rule("/view", "view", public(change_view))
    app.add_url_rule("/start", "start", staff()(_start))
    _register(app, settings, parts)
    _limit(app, settings)
    check_declared(app)
    return app


def _configure(app: Flask, settings: WebSettings) -> None:
    if len(settings.secret_key) < 16:
        raise ValueError("the secret key of the form cookie is at least 16 characters long")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME=FORM_COOKIE,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, count, count, count)  # type: ignore[method-assign]


def _register(app: Flask, settings: WebSettings, parts: Sequence[WebPart]) -> None:
    api = install_api(app, settings.version)
    serves_public, serves_staff = settings.audience != "staff", settings.audience != "public"
    for part in parts:
        for blueprint in part.public if serves_public else ():
            app.register_blueprint(blueprint)
        for blueprint in part.staff if serves_staff else ():
            app.register_blueprint(blueprint)
        for blueprint in part.federation if serves_public else ():
            app.register_blueprint(blueprint)
        for blueprint in part.api:
            api.register_blueprint(blueprint)
    if settings.demo:
        app.register_blueprint(gallery.pages)
    if not any(rule.rule == "/" for rule in app.url_map.iter_rules()):
        app.add_url_rule("/", "root", public(_first_page(parts, settings)))


def _first_page(parts: Sequence[WebPart], settings: WebSettings) -> Callable[[], Response]:
    inside = settings.audience != "public"
    entries = [entry for part in parts for entry in (part.rail if inside else part.menu)]

    def first() -> Response:
        entry = min(entries, key=lambda one: one.order, default=None)
        return go_to(url_for(entry.endpoint) if entry is not None else "/healthz")

    return first


def _start() -> Response:
    """After signing in: the first page of the rail the person may open."""
    entries = [entry for part in use(Kit).parts for entry in part.rail if allowed(*entry.acts)]
    if not entries:
        raise without_post()
    return go_to(url_for(min(entries, key=lambda one: one.order).endpoint))


def _limit(app: Flask, settings: WebSettings) -> None:
    """Applies the rates that routes declare by `access.limited`, counted per address in this process."""
    if not settings.rate_limits:
        return
    limiter = Limiter(
        lambda: request.remote_addr or "", app=app, storage_uri="memory://", headers_enabled=True
    )
    for endpoint, view in list(app.view_functions.items()):
        access = getattr(view, MARK, None)
        if access is not None and access.rate:
            limited: Any = limiter.limit(access.rate)(view)
            app.view_functions[endpoint] = limited
