"""The right to see one matter in this browser, for a short while, once number and query code were told.

A signed cookie names the matter and when it ends; the query code is neither in it nor in any address. It is only sent
to `/matter`, opening another matter replaces it, and `shut` takes it away on a shared machine.
"""

from __future__ import annotations

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from node.ui.parts import Kit
from node.ui.wiring import use

COOKIE = "bianmin_matter"
PATH = "/matter"
OPEN_S = 1800
"""Half an hour: long enough to read, upload and print; short enough for a shared machine."""


def open_matter(answer: Response, number: str) -> Response:
    """Puts the right to a matter into an answer."""
    until = int(use(Kit).clock.now().timestamp()) + OPEN_S
    answer.set_cookie(
        COOKIE,
        str(_signer().dumps({"number": number, "until": until})),
        OPEN_S,
        path=PATH,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
    return answer


def is_open(number: str) -> bool:
    """Whether this browser may see a matter now."""
    try:
        told = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return False
    return bool(told["number"] == number and use(Kit).clock.now().timestamp() < told["until"])


def shut(answer: Response) -> Response:
    """Takes the right away."""
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax")
    return answer


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt=COOKIE)
