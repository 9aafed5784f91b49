"""A small network for tests: a city, a county, a township, a village, with their keys and statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from federation import canonical
from federation.jose import read_jws, sign_jws
from federation.keys import KeySet, NodeKeys, PublicKey, Role
from federation.routing import scope_of
from federation.statements import (
    STATEMENT_TYP,
    StatedClaims,
    Subject,
    issue_own_statement,
    issue_statement,
    read_statement,
)

NETWORK = "nantong.example"
CITY, COUNTY, TOWNSHIP, VILLAGE = "320600000000", "320623000000", "320623101000", "320623101001"
OTHER_COUNTY = "320681000000"
LEVEL_OF = {
    CITY: "city", COUNTY: "county", OTHER_COUNTY: "county", TOWNSHIP: "township", VILLAGE: "village",
}  # fmt: skip
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def name_of(code: str) -> str:
    """Node name of a code of the test network."""
    return f"{NETWORK}/{code}"


def keys_of(code: str, generation: int = 0) -> NodeKeys:
    """The same keys for the same code and generation, every time."""
    return NodeKeys.from_seed(f"{code}/{generation}".encode())


def subject_of(
    code: str,
    *,
    keys: KeySet | None = None,
    previous: Mapping[Role, PublicKey] | None = None,
    scope: Sequence[str] | None = None,
    level: str | None = None,
    successor_of: tuple[str, ...] = (),
) -> Subject:
    """What the tests say about a node when they do not say otherwise."""
    chosen = LEVEL_OF[code] if level is None else level
    return Subject(
        subject=name_of(code),
        level=chosen,
        scope=scope_of(code, chosen) if scope is None else tuple(scope),
        display_name="便民服务中心",
        keys=keys_of(code).public if keys is None else keys,
        previous={} if previous is None else previous,
        successor_of=successor_of,
    )


@dataclass(frozen=True)
class Line:
    """A chain under construction: statements with the keys that signed the next one."""

    statements: tuple[str, ...]
    keys: NodeKeys

    @property
    def last(self) -> StatedClaims:
        return read_statement(self.statements[-1])

    def below(
        self, subject: Subject, keys: NodeKeys, now: datetime = NOW, *, lifetime: timedelta = 90 * DAY
    ) -> Line:
        """The chain with one more statement, issued by the last node."""
        jws = issue_statement(self.keys.node, self.last, subject, now, lifetime=lifetime)
        return Line((*self.statements, jws), keys)


def city_line(now: datetime = NOW, *, lifetime: timedelta = 90 * DAY) -> Line:
    """The chain of the top alone."""
    keys = keys_of(CITY)
    return Line((issue_own_statement(keys.node, subject_of(CITY), now, lifetime=lifetime),), keys)


def line_to(code: str, now: datetime = NOW) -> Line:
    """The chain from the city down to a node."""
    line = city_line(now)
    for step in (COUNTY, TOWNSHIP, VILLAGE):
        if line.last.code == code:
            break
        line = line.below(subject_of(step), keys_of(step), now)
    return line


def village_chain(now: datetime = NOW) -> list[str]:
    """City, county, township, village: four statements issued at `now`."""
    return list(line_to(VILLAGE, now).statements)


def anchor_of(line: Line | None = None) -> str:
    """Thumbprint of the city's first node key."""
    return keys_of(CITY).public.node.kid if line is None else read_statement(line.statements[0]).signed_by


def forge(jws: str, changes: Mapping[str, object], signer: NodeKeys, *, typ: str = STATEMENT_TYP) -> str:
    """The statement with other claims, signed all the same.

    Args:
        jws: what to begin with.
        changes: claims to replace; `bianmin.x` replaces a member of `bianmin`; a value of None drops it.
        signer: whose node key signs.
        typ: header type.
    """
    _, claims = read_jws(jws, STATEMENT_TYP)
    for path, value in changes.items():
        target = claims
        *way, leaf = path.split(".")
        for step in way:
            inner = target[step]
            assert isinstance(inner, dict)
            target = inner
        if value is None:
            del target[leaf]
        else:
            target[leaf] = value
    return sign_jws(typ, canonical.dump(claims), signer.node)


def with_previous(subject: Subject, previous: Mapping[Role, PublicKey]) -> Subject:
    """The subject, naming replaced keys."""
    return replace(subject, previous=previous)
