"""The kit's gate on the people of this node, and what pages ask of it: who is acting, what the head says."""

from __future__ import annotations

from collections.abc import Callable

from node.kernel.clock import Clock
from node.kernel.database import Database
from node.kernel.problems import Problem
from node.people.actors import the_institution
from node.people.authority import Decision, may
from node.people.problems import forbidden, sign_in_needed
from node.people.rules import Actor
from node.people.sign_in import SignIn
from node.ui.access import viewer
from node.ui.parts import Masthead, Viewer

FIRST_PASSWORD_PATH = "/me/password"  # noqa: S105  a path
FREE_OF_DETOUR = frozenset({"people.password", "people.change_password", "people.sign_out"})


class StaffGate:
    """Who stands behind a cookie or token, by the sessions and tokens of `SignIn`.

    Args:
        denied: told of every refused act, so that it becomes a fact (architecture decision 8).
    """

    sign_in_endpoint = "people.sign_in"
    sign_out_endpoint = "people.sign_out"
    account_endpoint = "people.password"

    def __init__(
        self, doors: SignIn, clock: Clock, denied: Callable[[Actor, str, Decision], None] | None = None
    ) -> None:
        self._doors = doors
        self._clock = clock
        self._denied = denied

    def viewer_of_session(self, secret: str) -> Viewer | None:
        """The actor of a session."""
        return self._doors.actor_of_session(secret)

    def viewer_of_token(self, token: str) -> Viewer | None:
        """The actor of a token; a first password must be changed before the API is used."""
        actor = self._doors.actor_of_token(token)
        return actor if actor is None or not actor.must_change_password else None

    def refusal(self, viewer: Viewer, act: str) -> Problem | None:
        """Why the actor may not do an act; None when it is allowed."""
        decision = may(_actor(viewer), act, None, self._clock.now())
        return None if decision.allowed else forbidden(decision)

    def record_refusal(self, viewer: Viewer, act: str) -> None:
        """Passes a refused act on."""
        if self._denied is not None:
            self._denied(_actor(viewer), act, may(_actor(viewer), act, None, self._clock.now()))

    def sign_in_needed(self) -> Problem:
        """What an anonymous caller is told."""
        return sign_in_needed()

    def detour(self, viewer: Viewer, endpoint: str) -> str | None:
        """Whoever still has a first password changes it before anything else."""
        if _actor(viewer).must_change_password and endpoint not in FREE_OF_DETOUR:
            return FIRST_PASSWORD_PATH
        return None


def current_actor() -> Actor:
    """The signed-in actor of this request.

    Raises:
        Problem: `sign-in-needed`.
    """
    person = viewer()
    if person is None:
        raise sign_in_needed()
    return _actor(person)


class MastheadReader:
    """What the head of each page says about this node's institution; read once, for it is set up once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Masthead | None = None

    def __call__(self) -> Masthead:
        """The head.

        Raises:
            Problem: `not-founded`.
        """
        if self._known is None:
            with self._database.reading() as session:
                found = the_institution(session)
            self._known = Masthead(found.level, found.name, found.region, found.phone, found.hours)
        return self._known


def _actor(person: Viewer) -> Actor:
    if not isinstance(person, Actor):
        raise TypeError(f"a {type(person).__name__} is no actor of this node")
    return person
