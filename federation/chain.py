"""Chains of statements, from the top down to a node, and their verification (federation.md §3).

A chain is valid when the first statement is signed by the anchor, each `iss` is the `sub` before it, each signature
verifies with the node key just stated (within 30 days of a rotation also with the one just replaced), every code and
scope lies within the scope before, levels strictly descend, and nothing is expired or revoked.

**Succession of the anchor.** At the front may stand statements in which the anchor states its successor: self-issued,
signed by the old anchor, stating the new node key. Their `exp` and level are not judged. Whoever is pinned to the old
anchor verifies from there and moves its pin to `VerifiedChain.anchor`; whoever is pinned to the new one begins at the
first statement that its pin signed, and what stands before must only lead there.

    [ S: A0 states A1 ]  [ T: A1 states A1, the top's own ]  [ county, by A1 ]  [ township, by the county ] …

Times: expiry and revocation are judged at `at` (the time of a receipt, see `federation.dating`), `iat` at `now`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from federation.errors import SignatureError, TrustError
from federation.keys import KeySet, PublicKey, Role
from federation.routing import lies_within
from federation.statements import (
    ROTATION_PERIOD,
    StatedClaims,
    Statement,
    check_may_issue,
    check_signature,
    currency,
    read_statement,
)

CHAIN_LENGTH = 16  # statements: four levels and room for a dozen successions
CLOCK_SLACK = timedelta(hours=24)
"""How far ahead of the judge's clock an `iat` may lie: it alerts up to here and is refused beyond (§4)."""


class ChainError(TrustError):
    """A chain does not hold. `code`: `chain`, `anchor`, `issuer`, `signature`, `scope`, `level`, `network`, `subject`,
    `expired`, `revoked`, `not-yet`, `parent`, `keys`."""

    code = "chain"


@dataclass(frozen=True, slots=True)
class ChainAlert:
    """Something in a valid chain that an operator should see.

    Attributes:
        code: `expired-ancestor`, `expired-with-issuer`, `issued-ahead` or `outlives-issuer`.
        subject: node name of the statement concerned.
    """

    code: Literal["expired-ancestor", "expired-with-issuer", "issued-ahead", "outlives-issuer"]
    subject: str


@dataclass(frozen=True)
class VerifiedChain:
    """Statements that held, from the top's own to the node's.

    Attributes:
        statements: at least one; the top's own first. Successions are not among them.
        successions: the anchor's, oldest first; usually none.
        anchor: thumbprint of the node key that signed the top's own statement: where the pin moves to.
        alerts: what was let pass.
    """

    statements: tuple[Statement, ...]
    successions: tuple[StatedClaims, ...]
    anchor: str
    alerts: tuple[ChainAlert, ...] = ()

    @property
    def node(self) -> Statement:
        """The last statement: the node the chain is about."""
        return self.statements[-1]

    @property
    def parent(self) -> Statement | None:
        """The statement before it; None for the top."""
        return self.statements[-2] if len(self.statements) > 1 else None

    @property
    def top(self) -> Statement:
        """The top's own statement."""
        return self.statements[0]

    @property
    def jws(self) -> list[str]:
        """The chain as it travels, successions in front."""
        return [entry.jws for entry in (*self.successions, *self.statements)]

    def of(self, name: str) -> Statement | None:
        """The statement about a node name, or None."""
        return next((entry for entry in self.statements if entry.subject == name), None)

    def is_ancestor(self, name: str) -> bool:
        """Whether a node name stands above the chain's node."""
        return any(entry.subject == name for entry in self.statements[:-1])

    def keys_at(self, name: str, role: Role, at: datetime) -> tuple[PublicKey, ...]:
        """The keys of a node of this chain that are good at an instant, newest first; empty when it is not in it."""
        statement = self.of(name)
        return () if statement is None else statement.good_keys(role, at)


RevokedAt = Callable[[str], "datetime | None"]
"""From which instant a thumbprint is revoked; None when it is not."""


def nothing_revoked(kid: str) -> datetime | None:
    """A RevokedAt for readers that know of no revocation."""
    return None


@dataclass(frozen=True, slots=True)
class _Judge:
    """The circumstances under which a chain is read."""

    now: datetime
    at: datetime
    revoked_at: RevokedAt
    neighbours: bool

    def refuse_revoked(self, kid: str, whose: str) -> None:
        since = self.revoked_at(kid)
        if since is not None and self.at >= since:
            raise ChainError(f"a key of {whose} is revoked", code="revoked")

    def dates(self, claims: StatedClaims, issuer: StatedClaims | None, *, last: bool) -> Iterator[ChainAlert]:
        if claims.issued_at > self.now + CLOCK_SLACK:
            raise ChainError(f"the statement of {claims.subject} is from the future", code="not-yet")
        if claims.issued_at > self.now:
            yield ChainAlert("issued-ahead", claims.subject)
        if issuer is not None and claims.expires_at > issuer.expires_at:
            yield ChainAlert("outlives-issuer", claims.subject)
        state = currency(claims, issuer, self.at)
        if state == "good":
            return
        if not self.neighbours or (last and state == "expired"):
            raise ChainError(f"the statement of {claims.subject} is expired", code="expired")
        yield ChainAlert("expired-with-issuer" if last else "expired-ancestor", claims.subject)


def _split(claims: Sequence[StatedClaims], anchor: str) -> tuple[int, int]:
    """Where trust begins, and where the top's own statement stands.

    Returns:
        (index of the first statement the anchor signed, index of the top's own statement).
    """
    own = 0
    while own < len(claims) and claims[own].is_succession:
        own += 1
    if own == len(claims) or not claims[own].is_self_issued:
        raise ChainError("the top's own statement is missing")
    for index in range(own):
        if claims[index + 1].signed_by != claims[index].keys.node.kid:
            raise ChainError("a succession does not lead to the next statement", code="anchor")
        if claims[index + 1].subject != claims[index].subject:
            raise ChainError("a succession is another top's", code="issuer")
    start = next((index for index in range(own + 1) if claims[index].signed_by == anchor), None)
    if start is None:
        raise ChainError("nothing at the front is signed by the anchor", code="anchor")
    return start, own


def _issuer_key(issuer: StatedClaims, claims: StatedClaims, judge: _Judge) -> PublicKey:
    """The node key of the issuer that signed: the one just stated, or the one just replaced while it is good."""
    replaced = issuer.previous.get("node")
    if (
        replaced is not None
        and claims.signed_by == replaced.kid
        and not issuer.is_succession
        and judge.at <= issuer.issued_at + ROTATION_PERIOD
    ):
        return replaced
    return issuer.keys.node


def _verify(claims: StatedClaims, key: PublicKey) -> Statement:
    try:
        return check_signature(claims, key)
    except (SignatureError, TrustError) as error:
        raise ChainError(f"{claims.subject}: {error.detail}", code="signature") from error


def _first_key(claims: StatedClaims, anchor: str) -> PublicKey:
    """The anchor's key, as the first statement it signed shows it (its thumbprint is the pin)."""
    candidates = (claims.keys.node, claims.previous.get("node"))
    for key in candidates:
        if key is not None and key.kid == anchor:
            return key
    raise ChainError("the first statement does not show the anchor's key", code="anchor")


def _link(issuer: StatedClaims, claims: StatedClaims, judge: _Judge) -> Statement:
    """Verify one statement below another."""
    if claims.issuer != issuer.subject:
        raise ChainError(f"{claims.subject} is not stated by {issuer.subject}", code="issuer")
    key = _issuer_key(issuer, claims, judge)
    statement = _verify(claims, key)
    judge.refuse_revoked(key.kid, issuer.subject)
    try:
        check_may_issue(issuer, statement)
    except TrustError as error:
        raise ChainError(f"{claims.subject}: {error.detail}", code=error.code) from error
    return statement


def _verify_top(
    claims: Sequence[StatedClaims], start: int, own: int, anchor: str, judge: _Judge
) -> Statement:
    """Verify the successions from `start` on and the top's own statement."""
    key = _first_key(claims[start], anchor)
    judge.refuse_revoked(key.kid, claims[start].subject)
    statement = _verify(claims[start], key)
    for index in range(start + 1, own + 1):
        before = claims[index - 1]
        statement = _verify(claims[index], before.keys.node)
        judge.refuse_revoked(before.keys.node.kid, statement.subject)
        if not lies_within(statement.scope, before.scope):
            raise ChainError("the top's scope lies outside the succession's", code="scope")
    return statement


def _read(chain: Sequence[str]) -> list[StatedClaims]:
    if not 0 < len(chain) <= CHAIN_LENGTH:
        raise ChainError(f"a chain has 1 to {CHAIN_LENGTH} statements")
    return [read_statement(jws) for jws in chain]


def verify_chain(
    chain: Sequence[str],
    anchor: str,
    now: datetime,
    *,
    at: datetime | None = None,
    network: str | None = None,
    subject: str | None = None,
    revoked_at: RevokedAt = nothing_revoked,
    neighbours: bool = False,
) -> VerifiedChain:
    """Verify a chain against the pinned anchor.

    Args:
        chain: compact JWS, from the top down.
        anchor: the pinned thumbprint.
        now: the judge's clock (corrected by `delta_s` where a child judges its parent).
        at: the instant at which expiry and revocation are judged; `now` when None.
        network: the network it must be of, when given.
        subject: node name the chain must be about, when given.
        revoked_at: revocations the judge knows.
        neighbours: between direct neighbours an expired ancestor, or a statement that expired only because its
            issuer's did, alerts and does not refuse.

    Raises:
        TrustError: it does not hold; `code` says which rule.
    """
    claims = _read(chain)
    start, own = _split(claims, anchor)
    judge = _Judge(now, now if at is None else at, revoked_at, neighbours)
    top = _verify_top(claims, start, own, anchor, judge)
    if network is not None and top.network != network:
        raise ChainError(f"a chain of {top.network}, not of {network}", code="network")
    statements, alerts = [top], list(judge.dates(top, None, last=own == len(claims) - 1))
    for index in range(own + 1, len(claims)):
        issuer = statements[-1]
        statement = _link(issuer, claims[index], judge)
        alerts += judge.dates(statement, issuer, last=index == len(claims) - 1)
        statements.append(statement)
    for statement in statements:
        for _, key in statement.keys.items():
            judge.refuse_revoked(key.kid, statement.subject)
    if subject is not None and statements[-1].subject != subject:
        raise ChainError(f"a chain about {statements[-1].subject}, not {subject}", code="subject")
    return VerifiedChain(tuple(statements), tuple(claims[:own]), top.keys.node.kid, tuple(alerts))


def accept_own_chain(
    chain: Sequence[str],
    anchor: str,
    now: datetime,
    *,
    name: str,
    keys: KeySet,
    parent: str,
    parent_key: str | None = None,
    revoked_at: RevokedAt = nothing_revoked,
) -> VerifiedChain:
    """Verify the chain a parent answers to an enrolment, a renewal or a rotation.

    Args:
        chain: from the answer.
        anchor: the pin, or the invitation's anchor.
        now: the child's corrected clock.
        name: the child's own node name.
        keys: the keys it asked to have stated.
        parent: node name of the parent that was invited by, or is known.
        parent_key: thumbprint out of the invitation; None at a renewal.
        revoked_at: revocations the child knows.

    Raises:
        TrustError: the chain does not hold, or names another node, parent, parent key or other keys.
    """
    network = name.partition("/")[0]
    held = verify_chain(
        chain, anchor, now, network=network, subject=name, revoked_at=revoked_at, neighbours=True
    )
    above = held.parent
    if above is None or above.subject != parent:
        raise ChainError(f"the chain does not pass through {parent}", code="parent")
    if parent_key is not None and parent_key not in {key.kid for key in above.good_keys("node", now)}:
        raise ChainError("the parent's key is not the invited one", code="parent")
    if held.node.keys != keys:
        raise ChainError("the statement names other keys", code="keys")
    return held
