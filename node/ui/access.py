"""Who may reach a route: one decorator on each, and nothing is served without.

A decorator only marks the function; `guard` reads the mark before every request. An endpoint without a mark is not
served, and `check_declared` refuses to start an application that has one (architecture decision 8). The mark is also
what the route test walks: `declared(app)`.

    @staff_pages.get("/desk")
    @staff("desk")
    def desk() -> str: ...

The mark stands below the route decorator. Source: requirements.md §2.8 (least privilege); ui.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request, url_for

from node.kernel.problems import Problem
from node.ui.csrf import check_form
from node.ui.parts import Kit, Viewer
from node.ui.problems import not_served, token_needed
from node.ui.visit import SESSION_COOKIE, go_to
from node.ui.wiring import use

View = TypeVar("View", bound=Callable[..., Any])
MARK = "bianmin_access"


class Kind(StrEnum):
    """How a route is reached."""

    PUBLIC = "public"
    """Anyone."""
    ENTRANCE = "entrance"
    """Anyone who reaches the staff side: sign-in, tokens, metrics."""
    STAFF = "staff"
    """A page for a signed-in person who may do one of the acts."""
    API = "api"
    """A call with a bearer token of a person who may do one of the acts."""
    FEDERATION = "federation"
    """Another node; the protocol checks its signature itself."""


@dataclass(frozen=True, slots=True)
class Access:
    """The declared access of a route. `acts`: one of them must be allowed; empty: being known suffices."""

    kind: Kind
    acts: tuple[str, ...] = ()
    rate: str = ""


def public(view: View) -> View:
    """Anyone may reach it: citizens' pages, the public part of the API."""
    return _mark(view, Access(Kind.PUBLIC))


def entrance(view: View) -> View:
    """Anyone may reach it, but only where staff is served."""
    return _mark(view, Access(Kind.ENTRANCE))


def staff(*acts: str) -> Callable[[View], View]:
    """A page for staff who may do one of the acts; others are sent to sign in, or told who can."""
    return lambda view: _mark(view, Access(Kind.STAFF, acts))


def api(*acts: str) -> Callable[[View], View]:
    """An API call with a bearer token of a person who may do one of the acts."""
    return lambda view: _mark(view, Access(Kind.API, acts))


def federation(view: View) -> View:
    """An endpoint other nodes call; signatures are checked by the federation's server."""
    return _mark(view, Access(Kind.FEDERATION))


def limited(rate: str) -> Callable[[View], View]:
    """At most so many calls from one address, as `20 per minute`; stands above the access mark."""

    def mark(view: View) -> View:
        access = getattr(view, MARK)
        return _mark(view, Access(access.kind, access.acts, rate))

    return mark


def declared(app: Flask) -> Mapping[str, Access | None]:
    """Endpoint → its access, None where none is declared."""
    return {endpoint: getattr(view, MARK, None) for endpoint, view in app.view_functions.items()}


def check_declared(app: Flask) -> None:
    """Refuses an application that has a route nobody decided about.

    Raises:
        RuntimeError: endpoints without a declared access.
    """
    missing = sorted(endpoint for endpoint, access in declared(app).items() if access is None)
    if missing:
        raise RuntimeError(f"routes without a declared access: {', '.join(missing)}")


def viewer() -> Viewer | None:
    """The person of this request, None for anonymous callers."""
    found: Viewer | None = g.get("viewer")
    return found


def allowed(*acts: str) -> bool:
    """Whether the person of this request may do one of the acts: for showing a link, never instead of a mark."""
    person = viewer()
    if person is None:
        return False
    gate = use(Kit).gate
    return not acts or any(gate.refusal(person, act) is None for act in acts)


def guard() -> Response | None:
    """Before every request: knows the caller, then lets the request through, redirects, or refuses.

    Raises:
        Problem: `page-unknown` (no mark, or not served here), `sign-in-needed`, `act-forbidden`, `form-expired`.
    """
    if request.endpoint is None:
        return None  # 404 and 405 come from the router
    access: Access | None = getattr(current_app.view_functions[request.endpoint], MARK, None)
    if access is None or not _served(access):
        raise not_served()
    if access.kind is Kind.FEDERATION:
        return None
    if access.kind is Kind.API or request.path.startswith("/api/"):
        _guard_api(access)
        return None
    return _guard_page(access)


def _guard_page(access: Access) -> Response | None:
    gate = use(Kit).gate
    secret = request.cookies.get(SESSION_COOKIE, "")
    person = gate.viewer_of_session(secret) if secret else None
    g.viewer = person
    if access.kind is Kind.STAFF:
        if person is None:
            if request.method in ("GET", "HEAD"):
                here = quote(request.full_path.rstrip("?"), safe="")
                return go_to(f"{url_for(gate.sign_in_endpoint)}?next={here}")
            raise gate.sign_in_needed()
        detour = gate.detour(person, request.endpoint or "")
        if detour is not None:
            return go_to(detour)
        _require(person, access.acts)
    check_form()
    return None


def _guard_api(access: Access) -> None:
    if access.kind is not Kind.API:
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    person = use(Kit).gate.viewer_of_token(token.strip()) if scheme.lower() == "bearer" else None
    if person is None:
        raise token_needed()
    g.viewer = person
    _require(person, access.acts)


def _require(person: Viewer, acts: tuple[str, ...]) -> None:
    gate = use(Kit).gate
    refusals: list[Problem] = []
    for act in acts:
        refusal = gate.refusal(person, act)
        if refusal is None:
            return
        refusals.append(refusal)
    if refusals:
        gate.record_refusal(person, acts[0])
        raise refusals[0]


def _served(access: Access) -> bool:
    audience = use(Kit).settings.audience
    if audience == "public":
        return access.kind in (Kind.PUBLIC, Kind.FEDERATION)
    return audience == "all" or access.kind is not Kind.FEDERATION


def _mark(view: View, access: Access) -> View:
    setattr(view, MARK, access)
    return view
