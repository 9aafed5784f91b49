"""A parent's side of membership: enrolment, renewal and rotation, and what everybody may read (federation.md §3)."""

from __future__ import annotations

from datetime import datetime

from federation.answers import Answer, answer_json
from federation.enrolment import parse_enrolment, parse_rotation
from federation.errors import ProtocolError
from federation.gate import check_length
from federation.httpsig import check_audience, check_digest, check_freshness, check_signature, read_head
from federation.issuing import enrol, renew, rotate
from federation.keys import Identity
from federation.ports import Limits, Request, Tx
from federation.serving import Call

PROTOCOL = "1"


def arrive_to_enrol(request: Request, identity: Identity, now: datetime, limits: Limits) -> Request:
    """Everything about an enrolment that needs no store, in its own order: digest, malformed, signature, skew, audience.

    The key that must have signed is the one in the body; the nonce is not kept, since the token is what is spent.

    Raises:
        ProtocolError: the first that fails.
    """
    check_length(request, limits.enrolment_body_bytes)
    check_digest(request)
    head = read_head(request)
    if request.values("content-encoding"):
        raise ProtocolError("media-type", 415, "an enrolment is sent as it is")
    wanted = parse_enrolment(request.body)
    verified = check_signature(head, request, wanted.keys.node, limits)
    check_freshness(verified, now, limits)
    check_audience(verified, identity.name)
    return request


def answer_enrolment(tx: Tx, identity: Identity, request: Request, now: datetime) -> Answer:
    """`POST /federation/v1/enrolment`, once it has arrived: spend the token.

    Raises:
        ProtocolError: `token` and the others of `issuing.enrol`; to be caught inside the transaction.
    """
    chain = enrol(tx, identity, parse_enrolment(request.body), now)
    return answer_json({}, 202) if chain is None else answer_json({"chain": chain}, 201)


def answer_statement(call: Call) -> Answer:
    """`POST …/statement`: renewal without a body, rotation with one."""
    call.query(frozenset())
    if len(call.arrival.request.body) == 0:
        return answer_json({"chain": renew(call.tx, call.identity, call.code, call.now)})
    if call.header("content-encoding") is not None:
        raise ProtocolError("media-type", 415, "a rotation is sent as it is")
    call.check_media("application/json")
    wanted = parse_rotation(call.arrival.request.body)
    call.gate.check_new_key(call.tx, call.arrival, wanted.keys.node, call.now)
    return answer_json({"chain": rotate(call.tx, call.identity, call.code, wanted, call.now)})


def answer_public(tx: Tx, identity: Identity, limits: Limits) -> Answer:
    """`GET /.well-known/bianmin`: who this node is, and its limits."""
    member = tx.members.get(identity.code)
    return answer_json(
        {
            "network": identity.network,
            "code": identity.code,
            "level": identity.level,
            "name": "" if member is None else member.name,
            "chain": tx.members.chain(),
            "limits": {
                "entries_per_batch": limits.entries_per_batch,
                "batch_bytes": limits.batch_bytes,
                "blob_bytes": limits.blob_bytes,
                "blob_bytes_per_day": limits.blob_bytes_per_day,
                "entry_bytes_per_day": limits.entry_bytes_per_day,
            },
            "protocol": PROTOCOL,
        }
    )
