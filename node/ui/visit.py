"""One visit: the session cookie, the language, the large print, the number of the request.

Cookies: `bianmin` the secret of a staff session, `lang`, `large`. All are HttpOnly and SameSite=Lax; none tracks.
"""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Response, current_app, flash, g, redirect, request

from node.kernel.problems import Language

SESSION_COOKIE = "bianmin"
LANGUAGE_COOKIE = "lang"
LARGE_COOKIE = "large"
YEAR_S = 365 * 86_400
LANGUAGES: tuple[Language, ...] = ("zh", "en")


def language() -> Language:
    """The language of this request: pages by cookie, then the person's own; the API by Accept-Language."""
    known: Language | None = g.get("language")
    if known is not None:
        return known
    if request.path.startswith(("/api/", "/federation/")):
        best = request.accept_languages.best_match(["zh", "en"], "zh")
    else:
        person = g.get("viewer")
        best = request.cookies.get(LANGUAGE_COOKIE) or (person.language if person is not None else "zh")
    g.language = "en" if best == "en" else "zh"
    return "en" if best == "en" else "zh"


def is_large() -> bool:
    """Whether this browser asked for large print."""
    return request.cookies.get(LARGE_COOKIE) == "1"


def request_number() -> str:
    """The number of this request, as shown on error pages and written in logs."""
    if "number" not in g:
        g.number = secrets.token_hex(4).upper()
    number: str = g.number
    return number


def local_path(wanted: str | None, otherwise: str = "/") -> str:
    """A path of this site somebody named as where to go next; `otherwise` when it is none of ours."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//"):
        return otherwise
    if any(ord(character) < 33 or character == "\\" for character in wanted):
        return otherwise
    parts = urlsplit(wanted)
    return wanted if not parts.scheme and not parts.netloc else otherwise


def go_to(path: str) -> Response:
    """Sends the browser on to a path of this site after a form (303: it asks with GET)."""
    answer = redirect(path, 303)
    assert isinstance(answer, Response)
    return answer


def start_session(answer: Response, secret: str) -> None:
    """Puts the secret of a staff session into the answer; it ends with the browser."""
    answer.set_cookie(SESSION_COOKIE, secret, httponly=True, samesite="Lax", secure=_secure())


def end_session(answer: Response) -> None:
    """Takes the session's cookie away."""
    answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax", secure=_secure())


def say_next(zh: str, en: str, kind: str = "done") -> None:
    """A notice on the next page this browser opens (after a redirect); nothing personal, nothing secret."""
    flash(en if language() == "en" else zh, kind)


def _remember(answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, YEAR_S, httponly=True, samesite="Lax", secure=_secure())


def _secure() -> bool:
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def change_view() -> Response:
    """`/view?lang=en&large=1&next=/…`: how this browser wants to see the pages."""
    answer = go_to(local_path(request.args.get("next")))
    wanted = request.args.get("lang", "")
    if wanted in LANGUAGES:
        _remember(answer, LANGUAGE_COOKIE, wanted)
    if request.args.get("large") in ("0", "1"):
        _remember(answer, LARGE_COOKIE, request.args["large"])
    return answer
