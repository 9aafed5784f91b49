"""Shapes of the operator's calls under `/api/v1/network`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from node.ui.openapi import Strict

CODE = validate.Regexp("^[0-9]{12}$")
LEVEL = validate.OneOf(["city", "county", "township", "village"])
THUMBPRINT = validate.Regexp("^[A-Za-z0-9_-]{43}$")
REASON = validate.Length(1, 500)


class NetworkQueueSchema(Schema):
    """What waits to be sent to a neighbour."""

    queued = fields.Integer(required=True)
    unsent = fields.Integer(required=True)
    depth = fields.Integer(required=True)
    oldest_at = fields.AwareDateTime(allow_none=True)
    receipted = fields.Integer(required=True)
    receipted_at = fields.AwareDateTime(allow_none=True)
    halted = fields.String()


class NeighbourSchema(Schema):
    """A node whose statement is known here."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    direct = fields.String(required=True, metadata={"description": "self, parent, child or empty"})
    node_key = fields.String(required=True)
    statement_expires = fields.AwareDateTime(required=True)
    statement_days_left = fields.Integer(required=True)
    revoked = fields.Boolean(required=True)
    last_heard = fields.AwareDateTime(allow_none=True)
    out = fields.Nested(NetworkQueueSchema, required=True)
    received = fields.Integer(required=True)
    applied = fields.Integer(required=True)
    ledger_size = fields.Integer(required=True)


class NetworkLinkSchema(Schema):
    """How one thing that is kept trying goes."""

    failures = fields.Integer(required=True)
    due_at = fields.AwareDateTime(required=True)
    succeeded_at = fields.AwareDateTime(allow_none=True)
    failed_at = fields.AwareDateTime(allow_none=True)
    code = fields.String()
    refused = fields.Boolean()


class NetworkSetAsideSchema(Schema):
    """An entry that was stored and not applied."""

    origin = fields.String(required=True)
    index = fields.Integer(required=True)
    reason = fields.String(required=True)
    inner_source = fields.String()
    subject = fields.String()
    detail = fields.String()


class NetworkAlertSchema(Schema):
    """Something an operator must see."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    severity = fields.String(required=True)
    peer = fields.String()
    detail = fields.Dict(keys=fields.String())
    first_at = fields.AwareDateTime(required=True)
    last_at = fields.AwareDateTime(required=True)
    count = fields.Integer(required=True)


class NetworkHaltedSchema(Schema):
    """A log nothing may be written to or applied from."""

    origin = fields.String(required=True)
    role = fields.String(required=True)
    peer = fields.String()
    halted = fields.String(required=True)


class NetworkInvitationSchema(Schema):
    """An invitation, without its token, which is kept nowhere."""

    code = fields.String(required=True)
    level = fields.String(required=True)
    name = fields.String(required=True)
    expires = fields.AwareDateTime(required=True)
    replace = fields.Boolean(required=True)
    used_by = fields.String()
    confirmed = fields.Boolean()


class NetworkSchema(Schema):
    """One look at the network from this node."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    network = fields.String(required=True)
    anchor = fields.String(required=True)
    parent_url = fields.String(required=True)
    plain_http = fields.Boolean(required=True)
    at = fields.AwareDateTime(required=True)
    clock_delta_s = fields.Integer(allow_none=True)
    neighbours = fields.List(fields.Nested(NeighbourSchema), required=True)
    links = fields.Dict(keys=fields.String(), values=fields.Nested(NetworkLinkSchema), required=True)
    ledger_size = fields.Integer(required=True)
    ledger_witnessed = fields.Integer(required=True)
    set_aside = fields.List(fields.Nested(NetworkSetAsideSchema), required=True)
    unknown_types = fields.Integer(attribute="unknown", data_key="unknown", required=True)
    foreign = fields.List(fields.Nested(NetworkHaltedSchema), required=True)
    alerts = fields.List(fields.Nested(NetworkAlertSchema), required=True)
    invitations = fields.List(fields.Nested(NetworkInvitationSchema), required=True)


class NetworkInviteSchema(Strict):
    """Whom to invite."""

    code = fields.String(required=True, validate=CODE)
    level = fields.String(required=True, validate=LEVEL)
    name = fields.String(required=True, validate=validate.Length(1, 60))
    replace = fields.Boolean(load_default=False)


class NetworkInvitedSchema(Schema):
    """What to hand over; shown once."""

    invitation = fields.String(required=True)
    code = fields.String(required=True)
    expires = fields.AwareDateTime(required=True)
    parent_key = fields.String(required=True)


class NetworkConfirmSchema(Strict):
    """The thumbprint compared by telephone."""

    code = fields.String(required=True, validate=CODE)
    thumbprint = fields.String(required=True, validate=THUMBPRINT)


class NetworkRevokeSchema(Strict):
    """Whose keys end, and why."""

    code = fields.String(required=True, validate=CODE)
    reason = fields.String(required=True, validate=REASON)


class NetworkParentSchema(Strict):
    """Where the parent is."""

    url = fields.String(required=True, validate=validate.Length(1, 300))


class NetworkReleaseSchema(Strict):
    """Which set-aside entry, and how it goes on."""

    origin = fields.String(required=True, validate=validate.Length(1, 320))
    index = fields.Integer(required=True, validate=validate.Range(min=0))
    how = fields.String(required=True, validate=validate.OneOf(["retry", "skip"]))
    reason = fields.String(required=True, validate=REASON)


class NetworkCloseAlertSchema(Strict):
    """Which alert was dealt with."""

    id = fields.Integer(required=True, validate=validate.Range(min=1))
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class NetworkFaultSchema(Schema):
    """Something that does not hold."""

    origin = fields.String(required=True)
    kind = fields.String(required=True)
    index = fields.Integer(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)


class NetworkCheckedSchema(Schema):
    """What was recomputed."""

    logs = fields.Integer(required=True)
    entries = fields.Integer(required=True)
    holds = fields.Boolean(required=True)
    faults = fields.List(fields.Nested(NetworkFaultSchema), required=True)


class NetworkKeysSchema(Schema):
    """The node's public keys, for outside tools."""

    node = fields.String(required=True)
    keys = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    jwks = fields.Dict(required=True)
    vkeys = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class NetworkSentSchema(Schema):
    """One entry this node sent about a subject, with the proof that the next node holds it."""

    origin = fields.String(required=True)
    index = fields.Integer(required=True)
    receiver = fields.String(required=True)
    entry = fields.String(required=True, allow_none=True)
    bytes = fields.Integer(required=True)
    leaf = fields.String(required=True)
    receipted_at = fields.String(required=True, allow_none=True)
    proof = fields.String(required=True)


class NetworkSentListSchema(Schema):
    """Everything this node sent about a subject."""

    items = fields.List(fields.Nested(NetworkSentSchema), required=True)


class NetworkDoneSchema(Schema):
    """It was done."""

    done = fields.Boolean(required=True)
