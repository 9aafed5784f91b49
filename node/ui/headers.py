"""Security headers of every answer, and what may be cached."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from node.ui.access import MARK, Kind
from node.ui.visit import request_number

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


MACHINE_HEADERS = {"X-Content-Type-Options": "nosniff"}
"""Other nodes show nothing, and every byte counts on a village's line."""


def install_headers(app: Flask) -> None:
    """Adds them after every request; a view's own Cache-Control stands."""
    secure = bool(app.config["SESSION_COOKIE_SECURE"])

    def add(answer: Response) -> Response:
        kind = _kind()
        for name, value in (MACHINE_HEADERS if kind is Kind.FEDERATION else HEADERS).items():
            answer.headers.setdefault(name, value)
        if secure:
            answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        answer.headers["X-Request-Id"] = request_number()
        answer.headers.setdefault("Cache-Control", "private, no-cache" if kind is Kind.PUBLIC else "no-store")
        return answer

    app.after_request(add)


def _kind() -> Kind | None:
    """Who the route is for; None where there is no route."""
    access = getattr(current_app.view_functions.get(request.endpoint or ""), MARK, None)
    return None if access is None else access.kind
