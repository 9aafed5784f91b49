"""What the kit is told: settings of the web process, and the part each capability contributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from flask import Blueprint

from node.kernel.clock import Clock
from node.kernel.database import Database
from node.kernel.problems import Problem

Audience = Literal["public", "staff", "all"]


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Settings of one web process.

    Attributes:
        audience: whom it serves: citizens and other nodes (`public`), staff (`staff`), or `all`.
        secret_key: signs the form cookie; at least 16 characters, kept by the node.
        secure_cookies: cookies only over https; also sends HSTS.
        demo: shows `/dev/components` and says on every page that this is a demonstration.
        proxies: how many trusted reverse proxies stand in front (X-Forwarded-*); 0: none is believed.
        max_body_bytes: the longest request body.
        rate_limits: whether doors like sign-in are limited per address.
    """

    audience: Audience
    secret_key: str
    secure_cookies: bool = False
    demo: bool = False
    proxies: int = 0
    max_body_bytes: int = 64 * 1024 * 1024
    rate_limits: bool = True
    version: str = "0.1.0"


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the head of every page says about the node."""

    level: str
    name: str
    region: str
    phone: str = ""
    hours: str = ""


class Viewer(Protocol):
    """What the kit must know of a signed-in person; `people.rules.Actor` is one."""

    @property
    def person_id(self) -> str:
        """The person's pseudonym."""
        ...

    @property
    def name(self) -> str:
        """As written in the head of the page."""
        ...

    @property
    def post_name(self) -> str:
        """The main post, "" for a person without one."""
        ...

    @property
    def language(self) -> str:
        """`zh` or `en`."""
        ...


class Gate(Protocol):
    """Who stands behind a cookie or a token, and what that person may do; `people.gate.StaffGate` is one."""

    @property
    def sign_in_endpoint(self) -> str:
        """Where a page sends somebody who has not signed in; takes `next`."""
        ...

    @property
    def sign_out_endpoint(self) -> str:
        """A POST that ends the session."""
        ...

    @property
    def account_endpoint(self) -> str:
        """The person's own page."""
        ...

    def viewer_of_session(self, secret: str) -> Viewer | None:
        """The person of a session cookie; None when it has ended."""
        ...

    def viewer_of_token(self, token: str) -> Viewer | None:
        """The person of a bearer token; None when it is not good."""
        ...

    def refusal(self, viewer: Viewer, act: str) -> Problem | None:
        """Why the person may not do an act beside cases; None when it is allowed."""
        ...

    def record_refusal(self, viewer: Viewer, act: str) -> None:
        """Told when a person was refused at a route's door."""
        ...

    def sign_in_needed(self) -> Problem:
        """What an anonymous caller is told."""
        ...

    def detour(self, viewer: Viewer, endpoint: str) -> str | None:
        """A path the person must visit first (a first password to be changed); None: go on."""
        ...


@dataclass(frozen=True, slots=True)
class RailEntry:
    """A word of the left rail: shown to whoever may do one of `acts` (to all staff when empty)."""

    endpoint: str
    zh: str
    en: str
    acts: tuple[str, ...] = ()
    order: int = 50


@dataclass(frozen=True, slots=True)
class SearchBox:
    """Where the search box of the head leads: a GET page that takes `q`.

    With `personal` the words may name a person: they are sent in the body of a POST to the same address and stand in no
    URL, log or history (decision 9).
    """

    endpoint: str
    zh: str
    en: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """A standing notice above staff pages; `kind` is info, done, soon or bad."""

    kind: Literal["info", "done", "soon", "bad"]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class PanelProvider:
    """What a capability adds to another's page; see `panels`."""

    slot: str
    make: Callable[[Any], Any]
    order: int = 50


@dataclass(frozen=True)
class WebPart:
    """What one capability contributes to the web.

    Attributes:
        public: pages for citizens. staff: pages for staff, the sign-in page among them.
        api: flask-smorest blueprints (`openapi.ApiBlueprint`). federation: endpoints other nodes call.
        menu: words of the public pages' head.
        ready: name → raises when the node cannot work; asked by `/readyz`.
    """

    public: tuple[Blueprint, ...] = ()
    staff: tuple[Blueprint, ...] = ()
    api: tuple[Blueprint, ...] = ()
    federation: tuple[Blueprint, ...] = ()
    rail: tuple[RailEntry, ...] = ()
    menu: tuple[RailEntry, ...] = ()
    staff_search: SearchBox | None = None
    public_search: SearchBox | None = None
    banners: tuple[Callable[[], Banner | None], ...] = ()
    panels: tuple[PanelProvider, ...] = ()
    ready: Mapping[str, Callable[[], None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Kit:
    """What the kit itself works with; `use(Kit)` gives a page its clock."""

    settings: WebSettings
    gate: Gate
    masthead: Callable[[], Masthead]
    clock: Clock
    database: Database
    parts: tuple[WebPart, ...]
