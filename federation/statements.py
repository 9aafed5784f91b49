"""Membership statements: what a parent says about a child, signed (federation.md §3).

A statement is a compact JWS, header exactly `alg` (`Ed25519`) `typ` (`entity-statement+jwt`) `kid`. Its claims:

    iss, sub   node names of the issuer and of the node stated; the same for the top
    iat, exp   whole seconds; exp is 90 days later by default, never after the issuer's own
    jwks       {"keys":[…]}: exactly the JWKs of `keys` and `previous`
    bianmin    {"level","scope","name","keys":{"node","receipt","witness","seal"},"previous"?,"successor_of"?}
    crit       ["bianmin"]

`previous` has the form of `keys`, with only the roles that a rotation changed. `successor_of` lists the codes of the
nodes this one succeeds. Reading a statement gives `StatedClaims`; only `check_signature` makes a `Statement` of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation import canonical
from federation.errors import TrustError
from federation.jose import read_jws, sign_jws, verify_jws
from federation.keys import ROLES, KeySet, PublicKey, Role, public_from_jwk, public_of
from federation.names import is_code, parse_node_name
from federation.routing import check_scope, covers, descends, level_index, lies_within

STATEMENT_TYP = "entity-statement+jwt"
DEFAULT_LIFETIME = timedelta(days=90)
ROTATION_PERIOD = timedelta(days=30)
"""How long after a rotation the keys just replaced are still good."""
STATEMENT_LENGTH = 16_384  # characters of one compact JWS
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z


class StatementError(TrustError):
    """A statement is malformed, or the issuer may not say it."""

    code = "statement"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is said about a node.

    Attributes:
        subject: its node name.
        level: one of `routing.LEVELS`.
        scope: prefixes it may issue statements within.
        display_name: for people.
        keys: its four public keys.
        previous: keys just replaced, by role; only the roles that changed.
        successor_of: codes of the nodes whose home and custodian it becomes.
    """

    subject: str
    level: str
    scope: tuple[str, ...]
    display_name: str
    keys: KeySet
    previous: Mapping[Role, PublicKey] = field(default_factory=dict)
    successor_of: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The node code."""
        return parse_node_name(self.subject)[1]

    @property
    def network(self) -> str:
        """The network's name."""
        return parse_node_name(self.subject)[0]


@dataclass(frozen=True, kw_only=True)
class StatedClaims(Subject):
    """A statement as read: well formed, not verified.

    Attributes:
        jws: the compact serialisation.
        signed_by: `kid` of the header.
        issuer: node name.
        issued_at, expires_at: aware, UTC, whole seconds.
    """

    jws: str
    signed_by: str
    issuer: str
    issued_at: datetime
    expires_at: datetime

    @property
    def is_self_issued(self) -> bool:
        """Whether a top says it of itself."""
        return self.issuer == self.subject

    @property
    def is_succession(self) -> bool:
        """Whether an anchor states its successor: self-issued, signed by another key than it states."""
        return self.is_self_issued and self.signed_by != self.keys.node.kid


@dataclass(frozen=True, kw_only=True)
class Statement(StatedClaims):
    """A statement whose signature held under a key that the reader trusted for it."""

    def good_keys(self, role: Role, at: datetime) -> tuple[PublicKey, ...]:
        """The keys of a role that are good at an instant, newest first.

        The replaced one stays good for 30 days from `issued_at` of the statement that names it. Expiry and
        revocation are not judged here: see `federation.dating`.
        """
        replaced = self.previous.get(role)
        if replaced is None or at > self.issued_at + ROTATION_PERIOD:
            return (self.keys.get(role),)
        return (self.keys.get(role), replaced)


def _claims_of(subject: Subject) -> dict[str, object]:
    stated: dict[str, object] = {
        "level": subject.level,
        "scope": list(subject.scope),
        "name": subject.display_name,
        "keys": dict(subject.keys.kids),
    }
    if len(subject.previous) > 0:
        stated["previous"] = {role: key.kid for role, key in subject.previous.items()}
    if len(subject.successor_of) > 0:
        stated["successor_of"] = list(subject.successor_of)
    return stated


def _sign(
    private: Ed25519PrivateKey, issuer: str, subject: Subject, issued_at: datetime, expires_at: datetime
) -> str:
    jwks = [*subject.keys.jwks["keys"], *(key.jwk for key in subject.previous.values())]
    claims = {
        "iss": issuer,
        "sub": subject.subject,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jwks": {"keys": jwks},
        "bianmin": _claims_of(subject),
        "crit": ["bianmin"],
    }
    text = sign_jws(STATEMENT_TYP, canonical.dump(claims), private)
    read_statement(text)  # what the reader would refuse is never signed away
    return text


def check_may_issue(issuer: Subject, subject: Subject) -> None:
    """Refuse what a node may not say: another network, a code or scope outside its own, a level not below.

    Raises:
        ScopeError: (code `scope`) the code, the scope or a predecessor lies outside the issuer's scope.
        StatementError: code `level` or `network`.
    """
    if subject.network != issuer.network:
        raise StatementError("a statement stays within its network", code="network")
    if not descends(issuer.level, subject.level):
        raise StatementError(f"{subject.level} is not below {issuer.level}", code="level")
    outside = [code for code in (subject.code, *subject.successor_of) if not covers(issuer.scope, code)]
    if len(outside) > 0 or not lies_within(subject.scope, issuer.scope):
        raise StatementError("the code or scope lies outside the issuer's scope", code="scope")


def issue_statement(
    private: Ed25519PrivateKey,
    issuer: StatedClaims,
    subject: Subject,
    now: datetime,
    *,
    lifetime: timedelta = DEFAULT_LIFETIME,
) -> str:
    """Issue a statement about a direct child.

    Args:
        private: the issuer's node key, the one its own statement states.
        issuer: the issuer's own newest statement; it caps `exp`. When that is past, so is the new one's, from
            birth: such a statement expired only because its issuer's did.
        subject: what is said. Whether siblings' scopes collide is the caller's check (`routing.check_siblings`).
        now: the time of issue.
        lifetime: 90 days by default.

    Raises:
        StatementError: the issuer may not say that, or the key is not the stated one.
    """
    if public_of(private).kid != issuer.keys.node.kid:
        raise StatementError("the key is not the one the issuer's own statement names", code="key")
    check_may_issue(issuer, subject)
    return _sign(private, issuer.subject, subject, now, min(now + lifetime, issuer.expires_at))


def issue_own_statement(
    private: Ed25519PrivateKey, subject: Subject, now: datetime, *, lifetime: timedelta = DEFAULT_LIFETIME
) -> str:
    """Issue the top's statement about itself.

    With the key that `subject` states as its node key it is the top's own statement; with the anchor that is being
    replaced it is the succession, which stays at the front of every chain from then on (`subject.previous` should
    then name the old anchor).
    """
    return _sign(private, subject.subject, subject, now, now + lifetime)


# --- reading -------------------------------------------------------------------------------------------------


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise StatementError(f"{what} must be text")
    return value


def _texts(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise StatementError(f"{what} must be a list")
    return tuple(_text(entry, what) for entry in value)


def _instant(value: object, what: str) -> datetime:
    if type(value) is not int or not 0 <= value <= _LAST_SECOND:
        raise StatementError(f"{what} must be whole seconds")
    return datetime.fromtimestamp(value, UTC)


def _object(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise StatementError(f"{what} must be an object")
    return value


def read_key_table(
    jwks: object, keys: object, previous: object = None
) -> tuple[KeySet, dict[Role, PublicKey]]:
    """Read `jwks`, `keys` and `previous` of a statement, an enrolment or a rotation.

    The JWKs must be exactly those that `keys` and `previous` name, each with its `kid` and `use`, all different.

    Returns:
        The key set, and the replaced keys by role.

    Raises:
        TrustError: anything else.
    """
    listed = _object(jwks, "jwks").get("keys")
    if not isinstance(listed, list):
        raise StatementError("jwks must hold a list of keys")
    by_kid: dict[str, PublicKey] = {}
    for entry in listed:
        key = public_from_jwk(entry)
        if not isinstance(entry, dict) or "kid" not in entry or "use" not in entry or key.kid in by_kid:
            raise StatementError("every key needs kid and use, and stands once")
        by_kid[key.kid] = key
    current = _kids(keys, "keys")
    replaced = {} if previous is None else _kids(previous, "previous")
    if set(current) != set(ROLES) or (previous is not None and len(replaced) == 0):
        raise StatementError("keys names the four roles, previous at least one")
    named = [*current.values(), *replaced.values()]
    if sorted(named) != sorted(by_kid):
        raise StatementError("jwks must hold exactly the keys that are named")
    before = {role: by_kid[kid] for role, kid in replaced.items()}
    if any(key.curve != by_kid[current[role]].curve for role, key in before.items()):
        raise StatementError("a replaced key is of the wrong curve")
    return KeySet(*(by_kid[current[role]] for role in ROLES)), before


def _kids(value: object, what: str) -> dict[Role, str]:
    found = _object(value, what)
    if not set(found) <= set(ROLES):
        raise StatementError(f"{what} names an unknown role")
    return {role: _text(found[role], what) for role in ROLES if role in found}


def _read_subject(claims: Mapping[str, object]) -> Subject:
    stated = _object(claims["bianmin"], "bianmin")
    if not {"level", "scope", "name", "keys"} <= set(stated):
        raise StatementError("bianmin must have level, scope, name and keys")
    keys, previous = read_key_table(claims["jwks"], stated["keys"], stated.get("previous"))
    successor_of = _texts(stated.get("successor_of", []), "successor_of")
    if not all(is_code(code) for code in successor_of):
        raise StatementError("successor_of must list node codes")
    level = _text(stated["level"], "level")
    level_index(level)
    return Subject(
        subject=_text(claims["sub"], "sub"),
        level=level,
        scope=check_scope(_texts(stated["scope"], "scope")),
        display_name=_text(stated["name"], "name"),
        keys=keys,
        previous=previous,
        successor_of=successor_of,
    )


@lru_cache(maxsize=1024)
def read_statement(jws: str) -> StatedClaims:
    """Read a statement strictly; its signature is not looked at. The same text gives the same value, which is kept.

    Raises:
        TrustError: not of the form this module describes.
    """
    if len(jws) > STATEMENT_LENGTH:
        raise StatementError("a statement has at most 16384 characters")
    kid, claims = read_jws(jws, STATEMENT_TYP)
    if not {"iss", "sub", "iat", "exp", "jwks", "bianmin", "crit"} <= set(claims):
        raise StatementError("iss, sub, iat, exp, jwks, bianmin and crit are needed")
    if claims["crit"] != ["bianmin"]:
        raise StatementError('crit must be ["bianmin"]')
    subject = _read_subject(claims)
    issuer = _text(claims["iss"], "iss")
    if parse_node_name(issuer)[0] != subject.network:
        raise StatementError("a statement stays within its network", code="network")
    return StatedClaims(
        **{entry.name: getattr(subject, entry.name) for entry in fields(Subject)},
        jws=jws,
        signed_by=kid,
        issuer=issuer,
        issued_at=_instant(claims["iat"], "iat"),
        expires_at=_instant(claims["exp"], "exp"),
    )


def check_signature(claims: StatedClaims, key: PublicKey) -> Statement:
    """Make a statement of claims whose signature holds under `key`.

    Raises:
        SignatureError: it does not, or `kid` names another key.
    """
    if claims.signed_by != key.kid:
        raise StatementError(f"signed by {claims.signed_by}, not by {key.kid}", code="signature")
    verify_jws(claims.jws, key)
    return Statement(**{entry.name: getattr(claims, entry.name) for entry in fields(StatedClaims)})


# --- life of a statement -------------------------------------------------------------------------------------

Currency = Literal["good", "expired", "expired-with-issuer"]


def currency(statement: StatedClaims, issuer: StatedClaims | None, now: datetime) -> Currency:
    """Whether a child's statement is current, as its direct neighbour judges it.

    `expired-with-issuer` when it expired only because its issuer's own did: its `exp` was capped by the issuer's,
    and the issuer has not renewed. Between direct neighbours that alerts and does not refuse.

    Args:
        statement: the child's newest.
        issuer: the issuer's own newest; None when the top speaks of itself.
        now: by the judge's clock.
    """
    if now <= statement.expires_at:
        return "good"
    if issuer is not None and now > issuer.expires_at and statement.expires_at >= issuer.expires_at:
        return "expired-with-issuer"
    return "expired"


def is_renewal_due(statement: StatedClaims, now: datetime, issuer_key: str | None = None) -> bool:
    """Whether to renew: a third of the time (or less) is left, or the issuer's node key is another now.

    Args:
        statement: one's own newest.
        now: by the corrected clock.
        issuer_key: `parent_key` of `state`; None when not known.
    """
    left = statement.expires_at - now
    whole = statement.expires_at - statement.issued_at
    return left * 3 <= whole or (issuer_key is not None and issuer_key != statement.signed_by)


def replaced_keys(old: KeySet, new: KeySet) -> dict[Role, PublicKey]:
    """`previous` of the statement that follows a rotation: the old key of every role that changed."""
    return {role: key for role, key in old.items() if new.get(role) != key}


def is_previous_stated(rotated_at: datetime, now: datetime) -> bool:
    """Whether a renewal still names the replaced keys: within 30 days of the rotation."""
    return now < rotated_at + ROTATION_PERIOD
