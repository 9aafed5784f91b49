"""What the API of audits takes and gives."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from node.audit.rules import COUNT_MOST
from node.ui.openapi import Strict

CODE = validate.Regexp("^[0-9]{12}$")
HOURS = validate.Range(1, 24 * 90)


class RoundAsked(Strict):
    """A round to be opened; indices are those a complaint names."""

    target = fields.String(required=True, validate=CODE)
    count = fields.Integer(load_default=5, validate=validate.Range(1, COUNT_MOST))
    indices = fields.List(
        fields.Integer(validate=validate.Range(min=0)),
        load_default=list,
        validate=validate.Length(max=COUNT_MOST),
    )
    period_end = fields.AwareDateTime(load_default=None, allow_none=True)
    seal_hours = fields.Integer(load_default=72, validate=HOURS)
    answer_hours = fields.Integer(load_default=168, validate=HOURS)


class RoundLineSchema(Schema):
    """A round in the list. `found`: how many findings."""

    round = fields.String(required=True)
    target = fields.String(required=True)
    target_name = fields.String(required=True)
    origin = fields.String(required=True)
    period_end = fields.String(required=True)
    count = fields.Integer(required=True)
    indices = fields.List(fields.Integer(), required=True)
    commitment = fields.String(required=True)
    state = fields.String(
        required=True, validate=validate.OneOf(["COMMITTED", "SEALED", "CHALLENGED", "ANSWERED", "JUDGED"])
    )
    created_at = fields.String(required=True)
    size = fields.Integer(required=True, allow_none=True)
    found = fields.Integer(required=True)


class StationSchema(Schema):
    """One of the five stations; `at` null: not reached."""

    station = fields.String(required=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    at = fields.String(required=True, allow_none=True)
    signers = fields.List(fields.String(), required=True)
    hash = fields.String(required=True)


class LeafSchema(Schema):
    """An entry that was asked for; `outcome` is "" before it was judged."""

    index = fields.Integer(required=True)
    named = fields.Boolean(required=True)
    outcome = fields.String(required=True)
    type = fields.String(required=True)


class FindingSchema(Schema):
    """Something found; `index` null where it is not about one entry."""

    code = fields.String(required=True)
    index = fields.Integer(required=True, allow_none=True)
    zh = fields.String(required=True)
    en = fields.String(required=True)
    record = fields.String(required=True)
    should = fields.String(required=True)
    detail = fields.String(required=True)


class RoundSchema(RoundLineSchema):
    """One round. `clean`: judged, and nothing was found."""

    start = fields.Integer(required=True, data_key="from", attribute="from")
    drawn = fields.List(fields.Integer(), required=True)
    named = fields.List(fields.Integer(), required=True)
    due = fields.String(required=True, allow_none=True)
    clean = fields.Boolean(required=True)
    stations = fields.List(fields.Nested(StationSchema), required=True)
    leaves = fields.List(fields.Nested(LeafSchema), required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)
