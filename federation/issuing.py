"""A parent's acts: inviting, enrolling, re-keying, renewing and rotating its children (federation.md §3).

Each works in the caller's transaction and writes, together: the statement, the history of keys, the invitation, the
event to the top, alerts. Nothing else comes into being; logs begin with their first entry.

Life of an invitation:

    issued ──enrol──▶ used by these four keys ──the same again──▶ the same answer, until it expires
    issued with replace ──enrol──▶ waiting (202) ──operator confirms the thumbprint──▶ used; the old keys end

Wire refusals are `ProtocolError`; an operator's mistakes are `TrustError` with a code of their own. A refused enrolment
has written nothing but a count and an alert, and those must stay: catch the refusal inside the transaction, answer
after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from federation import canonical
from federation.announcing import announce_statement, spread_revocation
from federation.enrolment import (
    INVITATION_LIFETIME,
    EnrolmentRequest,
    JoinInvitation,
    KeyRequest,
    check_new_keys,
    check_parent_url,
    check_proofs,
    new_token,
    token_hash,
)
from federation.errors import FederationError, ProtocolError, TrustError
from federation.founding import (
    found_top,
    own_chain,
    previous_after,
    renew_own,
    restated,
    rotate_own,
    still_previous,
)
from federation.history import Reason, record_revocation, record_statement
from federation.keys import Identity, KeySet
from federation.names import node_name, origin_ledger
from federation.ports import Alert, Invitation, LogState, Member, Tx
from federation.revoking import MembershipError, child_of, revoke, state_successor
from federation.routing import check_scope, check_siblings, scope_of
from federation.statements import (
    StatedClaims,
    Subject,
    check_may_issue,
    issue_statement,
    read_key_table,
    read_statement,
)

__all__ = [
    "MembershipError",
    "confirm_rekey",
    "enrol",
    "found_top",
    "invite",
    "own_chain",
    "record_revocation",
    "record_statement",
    "renew",
    "renew_own",
    "revoke",
    "rotate",
    "rotate_own",
    "spread_revocation",
    "state_successor",
    "waiting_rekeys",
]

WRONG_TOKENS_AN_HOUR = 20
SLOW_DOWN_S = 3600
REPEAT_PERIOD = timedelta(minutes=5)
"""A renewal asked for again within this time, with nothing changed, is answered with the same statement."""


# --- inviting ------------------------------------------------------------------------------------------------


def invite(
    tx: Tx,
    identity: Identity,
    *,
    code: str,
    level: str,
    name: str,
    parent_url: str,
    anchor: str,
    now: datetime,
    scope: Sequence[str] | None = None,
    replace: bool = False,
) -> JoinInvitation:
    """Promise to enrol a code. The token is in what is returned, and nowhere else.

    Args:
        tx: the caller's transaction.
        identity: of this node.
        code, level, name: of the child to be.
        parent_url: where the child dials: scheme, host and port.
        anchor: the thumbprint this node is pinned to.
        now: the invitation is good for 72 hours from then.
        scope: prefixes; by default the code without trailing zero groups.
        replace: give a code that has a node new keys.

    Raises:
        TrustError: `scope` or `level`: this node may not state that; `invitation`: the address is none; `has-node`,
            `no-node`: `replace` does not fit; `elsewhere`: another parent's.
    """
    issuer = read_statement(own_chain(tx, identity)[-1])
    check_parent_url(parent_url, allow_plain_http=True)
    prefixes = scope_of(code, level) if scope is None else check_scope(scope)
    subject = Subject(
        subject=node_name(identity.network, code),
        level=level,
        scope=prefixes,
        display_name=name,
        keys=identity.keys.public,  # stands in; the child's are not known yet
    )
    check_may_issue(issuer, subject)
    _check_siblings(tx, code, prefixes)
    _check_vacancy(tx, code, replace=replace)
    token = new_token()
    expires = (now + INVITATION_LIFETIME).replace(microsecond=0)
    tx.members.put_invitation(Invitation(token_hash(token), code, level, name, prefixes, expires, replace))
    return JoinInvitation(
        parent_url=parent_url,
        network=identity.network,
        anchor=anchor,
        parent=identity.name,
        parent_key=identity.kid,
        code=code,
        level=level,
        name=name,
        token=token,
        expires=expires,
    )


def _check_vacancy(tx: Tx, code: str, *, replace: bool) -> None:
    member = tx.members.get(code)
    if member is not None and member.direct != "child" and not member.revoked:
        raise MembershipError(f"{code} is another parent's, or stands above", code="elsewhere")
    has_node = member is not None and member.direct == "child"
    if has_node and not replace:
        raise MembershipError(f"{code} has a node; new keys for it need `replace`", code="has-node")
    if replace and not has_node:
        raise MembershipError(f"{code} has no node yet; leave `replace` out", code="no-node")


def _check_siblings(tx: Tx, code: str, scope: Sequence[str]) -> None:
    others = {
        child.code: child.scope for child in tx.members.children() if child.code != code and not child.revoked
    }
    check_siblings(scope, others)


# --- enrolling -----------------------------------------------------------------------------------------------


def enrol(tx: Tx, identity: Identity, request: EnrolmentRequest, now: datetime) -> list[str] | None:
    """Spend a token: the request's signature and audience held.

    Returns:
        The child's chain (201); None while a re-key waits for the operator (202).

    Raises:
        ProtocolError: `token` (403), `slow-down` (429), `signature` (401, a proof of possession does not hold),
            `malformed` (400, a key was known before), `revoked` (403), `scope` (403). To be caught inside the
            transaction: see above.
    """
    invitation = tx.members.invitation(token_hash(request.token))
    if invitation is None:
        raise _count_wrong_token(tx, now)
    if now >= invitation.expires:
        raise ProtocolError("token", 403, "the invitation is over 72 hours old; ask for another")
    check_proofs(request, node_name(identity.network, invitation.code))
    if invitation.used_by != "":
        return _repeat(tx, identity, invitation, request, now)
    member = tx.members.get(invitation.code)
    has_node = member is not None and member.direct == "child"
    if has_node != invitation.replace:
        raise ProtocolError("token", 403, "the invitation does not fit this code any more; ask for another")
    _check_unknown(tx, identity, request.keys)
    used = replace(invitation, used_by=request.keys.node.kid, enrolment=_keep(request.keys))
    detail = {"kid": request.keys.node.kid}
    if invitation.replace:
        tx.members.put_invitation(used)
        tx.alert(Alert("rekey-waiting", "warning", invitation.code, detail), now)
        return None
    chain = _state(tx, identity, used, request.keys, "join", now)
    tx.members.put_invitation(used)  # a refusal above has not spent it
    _await_ledger(tx, identity, invitation.code)
    tx.alert(Alert("member-joined", "info", invitation.code, detail), now)
    return chain


def _await_ledger(tx: Tx, identity: Identity, code: str) -> None:
    """The witness's row of the child's ledger stands before its first head can come: of two first heads at once, the
    second waits for the first, and is judged against it."""
    if tx.logs.find("peer-ledger", code) is None:
        tx.logs.put(LogState(origin_ledger(node_name(identity.network, code), 1), "peer-ledger", code, 1))


def _count_wrong_token(tx: Tx, now: datetime) -> ProtocolError:
    count = tx.members.wrong_token(now)
    if count <= WRONG_TOKENS_AN_HOUR:
        return ProtocolError("token", 403, "no such invitation")
    tx.alert(Alert("wrong-tokens", "critical"), now)
    return ProtocolError("slow-down", 429, "too many wrong tokens", retry_after_s=SLOW_DOWN_S)


def _keep(keys: KeySet) -> str:
    return canonical.dump({"jwks": keys.jwks, "keys": dict(keys.kids)}).decode("utf-8")


def _kept(invitation: Invitation) -> KeySet:
    value = canonical.load_object(invitation.enrolment.encode("utf-8"))
    return read_key_table(value["jwks"], value["keys"])[0]


def _repeat(
    tx: Tx, identity: Identity, invitation: Invitation, request: EnrolmentRequest, now: datetime
) -> list[str] | None:
    """A used token again: the same answer to the same keys, nothing to others."""
    if _kept(invitation) != request.keys:
        detail = {"used_by": invitation.used_by, "asked_by": request.keys.node.kid}
        tx.alert(Alert("token-reused", "critical", invitation.code, detail), now)
        raise ProtocolError("token", 403, "the token was used with other keys")
    if invitation.replace and not invitation.confirmed:
        return None
    child = child_of(tx, invitation.code)
    if child.revoked:
        raise ProtocolError("revoked", 403, "this node's keys are revoked")
    if read_statement(child.statement).keys != request.keys:
        raise ProtocolError("token", 403, "the node has other keys by now")
    return [*own_chain(tx, identity), child.statement]


def _check_unknown(tx: Tx, identity: Identity, keys: KeySet, stated: KeySet | None = None) -> None:
    own = set(identity.keys.public.kids.values()) | set(identity.seal_keys)
    try:
        check_new_keys(keys, lambda kid: kid in own or tx.members.key(kid) is not None, stated)
    except TrustError as error:
        raise ProtocolError("malformed", 400, f"{error.detail}; make new keys") from error


def _state(
    tx: Tx, identity: Identity, invitation: Invitation, keys: KeySet, reason: Reason, now: datetime
) -> list[str]:
    """Issue what an invitation promised."""
    subject = Subject(
        subject=node_name(identity.network, invitation.code),
        level=invitation.level,
        scope=invitation.scope,
        display_name=invitation.name,
        keys=keys,
        successor_of=_successor_of(tx, invitation.code),
    )
    try:
        _check_siblings(tx, invitation.code, invitation.scope)
        return _issue(tx, identity, subject, reason, now)
    except TrustError as error:
        raise _refusal(error) from error


def _refusal(error: TrustError) -> FederationError:
    """What this node may not state is the wire's `scope`; anything else is its own trouble and stays what it is."""
    if error.code in ("scope", "level", "network"):
        return ProtocolError("scope", 403, error.detail)
    return error


def _successor_of(tx: Tx, code: str) -> tuple[str, ...]:
    member = tx.members.get(code)
    return () if member is None else read_statement(member.statement).successor_of


def _issue(tx: Tx, identity: Identity, subject: Subject, reason: Reason, now: datetime) -> list[str]:
    """Sign a statement about a child, write it down, tell the top. Returns the child's chain."""
    chain = own_chain(tx, identity)
    jws = issue_statement(identity.keys.node, read_statement(chain[-1]), subject, now)
    record_statement(tx.members, read_statement(jws), now, reason, "child", issued_here=True)
    announce_statement(tx, identity, jws, reason, now)
    return [*chain, jws]


def waiting_rekeys(tx: Tx, now: datetime) -> list[Invitation]:
    """Re-keys that an operator has to confirm; `used_by` is the thumbprint to compare over the telephone."""
    return [
        invitation
        for invitation in tx.members.invitations()
        if invitation.replace
        and invitation.used_by != ""
        and not invitation.confirmed
        and now < invitation.expires
    ]


def confirm_rekey(tx: Tx, identity: Identity, code: str, thumbprint: str, now: datetime) -> list[str]:
    """The operator has compared the new node key's thumbprint: the old keys end, the new ones are stated.

    The child's token stays good for another 72 hours, so that it can fetch the answer.

    Raises:
        TrustError: `no-request`: nothing waits; `thumbprint`: another key asked.
        ProtocolError: the statement may no longer be issued (`scope`, `malformed`).
    """
    waiting = [entry for entry in waiting_rekeys(tx, now) if entry.code == code]
    if len(waiting) == 0:
        raise MembershipError(f"nobody asks for new keys for {code}", code="no-request")
    asked = next((entry for entry in waiting if entry.used_by == thumbprint), None)
    if asked is None:
        raise MembershipError(f"not the thumbprint of who asks for {code}", code="thumbprint")
    keys = _kept(asked)
    _check_unknown(tx, identity, keys)
    chain = _state(tx, identity, asked, keys, "rekey", now)
    expires = max(asked.expires, (now + INVITATION_LIFETIME).replace(microsecond=0))
    tx.members.put_invitation(replace(asked, confirmed=True, expires=expires))
    tx.alert(Alert("member-rekeyed", "warning", code, {"kid": thumbprint}), now)
    return chain


# --- renewal and rotation ------------------------------------------------------------------------------------


def _standing_child(tx: Tx, code: str) -> tuple[Member, StatedClaims]:
    member = tx.members.get(code)
    if member is None or member.direct != "child":
        raise ProtocolError("unknown-key", 401, "no child of this node")
    if member.revoked:
        raise ProtocolError("revoked", 403, "this node's keys are revoked")
    return member, read_statement(member.statement)


def renew(tx: Tx, identity: Identity, code: str, now: datetime) -> list[str]:
    """State a child's keys anew, for another 90 days; allowed when its statement is expired.

    Returns:
        The child's chain.

    Raises:
        ProtocolError: `revoked`, `unknown-key`, `scope`.
    """
    member, claims = _standing_child(tx, code)
    chain = own_chain(tx, identity)
    previous = still_previous(tx.members, claims, now)
    if (
        timedelta(0) <= now - claims.issued_at < REPEAT_PERIOD
        and claims.signed_by == identity.kid
        and claims.issued_at > read_statement(chain[-1]).issued_at
        and dict(claims.previous) == previous
    ):
        return [*chain, member.statement]
    return _reissue(tx, identity, restated(claims, previous=previous), "renewal", now)


def rotate(tx: Tx, identity: Identity, code: str, request: KeyRequest, now: datetime) -> list[str]:
    """State a child's new keys, and for 30 days the replaced ones beside them. Both signatures held.

    Asked again with the keys that are stated already, it answers with the same statement.

    Returns:
        The child's chain.

    Raises:
        ProtocolError: `signature` (401, a proof of possession), `malformed` (400, a key was known before), `revoked`,
            `unknown-key`, `scope`.
    """
    member, claims = _standing_child(tx, code)
    check_proofs(request, claims.subject)
    if claims.keys == request.keys:
        return [*own_chain(tx, identity), member.statement]
    _check_unknown(tx, identity, request.keys, claims.keys)
    previous = previous_after(tx.members, claims, request.keys, now)
    subject = restated(claims, keys=request.keys, previous=previous)
    chain = _reissue(tx, identity, subject, "rotation", now)
    tx.alert(Alert("member-rotated", "info", code, {"kid": request.keys.node.kid}), now)
    return chain


def _reissue(tx: Tx, identity: Identity, subject: Subject, reason: Reason, now: datetime) -> list[str]:
    try:
        return _issue(tx, identity, subject, reason, now)
    except TrustError as error:
        raise _refusal(error) from error
