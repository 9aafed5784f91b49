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


def install_headers(app: Flask) -> None:
    """Adds them after every request; a view's own Cache-Control stands."""
    secure = bool(app.config["SESSION_COOKIE_SECURE"])

    def add(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if secure:
            answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        answer.headers["X-Request-Id"] = request_number()
        answer.headers.setdefault("Cache-Control", "private, no-cache" if _is_public() else "no-store")
        return answer

    app.after_request(add)


def _is_public() -> bool:
    access = getattr(current_app.view_functions.get(request.endpoint or ""), MARK, None)
    return access is not None and access.kind is Kind.PUBLIC
