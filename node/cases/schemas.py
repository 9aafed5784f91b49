"""What the API of cases asks and answers; the shapes of answers are those of `view`."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from node.cases.desk import LISTS
from node.cases.register import CHANNELS
from node.ui.openapi import PageQuery, Strict, Words

MATERIAL = validate.Length(1, 8)
CODE = validate.Regexp(r"[0-9]{12}\Z")
LONG_TEXT = validate.Length(max=2000)


class NewOnlineCase(Strict):
    """A matter handed in: the applicant block, the item's own form, the materials that are there."""

    item = fields.String(required=True, validate=validate.Length(1, 36))
    applicant = fields.Dict(keys=fields.String(), required=True)
    agent = fields.Dict(keys=fields.String())
    form = fields.Dict(keys=fields.String(), load_default=dict)
    materials = fields.List(fields.String(validate=MATERIAL), load_default=list)


class NewCase(NewOnlineCase):
    """The same at a desk."""

    channel = fields.String(load_default="window", validate=validate.OneOf(CHANNELS))


class CaseQuery(PageQuery):
    """Which matters."""

    list = fields.String(load_default="due", validate=validate.OneOf(sorted(LISTS)))
    status = fields.String(load_default=None, allow_none=True)
    item = fields.String(load_default=None, allow_none=True)


class OutsideDecisionBody(Strict):
    """A decision of the province as its paper states it."""

    reference = fields.String(required=True, validate=validate.Length(1, 200))
    decided_on = fields.Date(required=True)


class ActBody(Strict):
    """What an act needs; each act takes its own members, see the description of the call."""

    missing = fields.List(fields.String(validate=MATERIAL))
    materials = fields.List(fields.String(validate=MATERIAL))
    opinion = fields.String(validate=LONG_TEXT)
    text = fields.String(validate=LONG_TEXT)
    grounds = fields.String(validate=LONG_TEXT)
    basis = fields.String(validate=LONG_TEXT)
    competent = fields.String(validate=LONG_TEXT)
    organ = fields.String(validate=validate.Length(max=200))
    reference = fields.String(validate=validate.Length(max=200))
    by = fields.String(validate=validate.Length(max=200))
    purpose = fields.String(validate=validate.Length(max=20))
    entrustment_signed = fields.Boolean(truthy={True}, falsy={False})
    destination = fields.String(validate=CODE)
    outside = fields.Nested(OutsideDecisionBody)


class OfferDeclineBody(Strict):
    """Why an offer is declined."""

    reason = fields.String(
        required=True, validate=validate.OneOf(["missing", "not_competent", "not_in_force"])
    )
    missing = fields.List(fields.String(validate=MATERIAL), load_default=list)


class TakeBody(Strict):
    """Nothing more is asked."""


class CaseFileSchema(Schema):
    """The bytes of a file, not JSON."""


class LedgerPeriodQuery(Strict):
    """A day or a month; today when neither is given."""

    day = fields.String(load_default=None, allow_none=True)
    month = fields.String(load_default=None, allow_none=True)

    @validates_schema
    def not_both(self, data: dict[str, object], **_: object) -> None:
        """A day and a month exclude each other."""
        if data.get("day") and data.get("month"):
            raise ValidationError("day or month, not both")


class QueryCodeQuery(Strict):
    """The twelve digits of the slip."""

    query_code = fields.String(required=True, validate=validate.Length(12, 20))


class CaseLineSchema(Schema):
    """A matter in a list."""

    number = fields.String(required=True)
    item = fields.String(required=True)
    item_name = fields.Nested(Words, required=True)
    handling = fields.String(required=True)
    status = fields.String(required=True)
    status_words = fields.Nested(Words, required=True)
    custodian = fields.String(required=True)
    custodian_name = fields.String(required=True)
    home = fields.String(required=True)
    home_name = fields.String(required=True)
    custody_state = fields.String(required=True)
    due_on = fields.String(allow_none=True)
    overdue = fields.Boolean(required=True)
    received_on = fields.String(required=True)
    as_of = fields.String(required=True)
    truth = fields.String(required=True)
    truth_words = fields.Nested(Words, required=True)


class CaseSchema(CaseLineSchema):
    """A matter; the applicant masked."""

    id = fields.String()
    seq = fields.Integer(required=True)
    custody = fields.Integer(required=True)
    channel = fields.String(required=True)
    via_proxy = fields.Boolean(required=True)
    entrustment = fields.String(required=True)
    acceptance = fields.String(required=True)
    pre_reviewed = fields.Boolean(required=True)
    registered_at = fields.String(required=True)
    decided_at = fields.String(allow_none=True)
    decided_by = fields.String(allow_none=True)
    closed_at = fields.String(allow_none=True)
    withdrawal_asked_at = fields.String(allow_none=True)
    post = fields.String()
    applicant = fields.Dict(required=True)
    opinion = fields.String()
    result = fields.Dict(allow_none=True)
    outside = fields.Dict(allow_none=True)
    materials = fields.List(fields.Dict(), required=True)
    attachments = fields.List(fields.Dict(), required=True)
    clocks = fields.List(fields.Dict(), required=True)
    truths = fields.Dict(required=True)
    way = fields.Dict(required=True)
    path = fields.List(fields.String(), required=True)
    history = fields.List(fields.Dict(), required=True)
    papers = fields.List(fields.Dict(), required=True)
    holds = fields.List(fields.String())
    acts = fields.List(fields.String())
    troubles = fields.List(fields.Dict())
    next = fields.Nested(Words, required=True)


class OfferSchema(Schema):
    """An offer; open values only."""

    id = fields.String(required=True)
    case = fields.String(required=True)
    number = fields.String(required=True)
    item = fields.String(required=True)
    item_name = fields.Nested(Words, required=True)
    from_ = fields.String(data_key="from", attribute="from", required=True)
    from_name = fields.String(required=True)
    to = fields.String(required=True)
    to_name = fields.String(required=True)
    mode = fields.String(required=True)
    state = fields.String(required=True)
    doubt = fields.String(required=True)
    missing = fields.List(fields.Dict(), required=True)
    offered_on = fields.String(required=True)
    stored_at = fields.String(allow_none=True)
    answered_at = fields.String(allow_none=True)


class CaseSlipSchema(Schema):
    """What the slip says."""

    institution = fields.String(required=True)
    address = fields.String(required=True)
    number = fields.String(required=True)
    item = fields.Nested(Words, required=True)
    materials = fields.List(fields.String(), required=True)
    missing = fields.List(fields.String(), required=True)
    next = fields.Nested(Words, required=True)
    next_on = fields.String(allow_none=True)
    post = fields.String(required=True)
    phone = fields.String(required=True)
    query_code = fields.String(required=True)
    qr = fields.String(required=True)
    fingerprint = fields.String(required=True)
    registered_at = fields.String(required=True)


class CaseRegisteredSchema(Schema):
    """A matter registered: its number, the query code (shown now and on the slip only), the slip."""

    number = fields.String(required=True)
    query_code = fields.String(required=True)
    slip = fields.Nested(CaseSlipSchema, required=True)
    case = fields.Nested(CaseSchema, required=True)
    notice = fields.Nested(Words, allow_none=True, required=True)


class ActDoneSchema(Schema):
    """What an act did; `done` false: it was asked for at the custodian."""

    case = fields.Nested(CaseSchema, required=True)
    offer = fields.Nested(OfferSchema, allow_none=True)
    done = fields.Boolean(required=True)
    shown = fields.Dict(allow_none=True)


class WithdrawnSchema(Schema):
    """Whether it is done now."""

    done = fields.Boolean(required=True)


class CaseTakenSchema(Schema):
    """The case taken."""

    case = fields.Nested(CaseSchema, required=True)


class OfferDeclinedSchema(Schema):
    """The offer declined."""

    offer = fields.Nested(OfferSchema, required=True)


class AttachmentSchema(Schema):
    """An attachment kept."""

    sha256 = fields.String(required=True)
    material = fields.String(required=True)
    size = fields.Integer(required=True)
    media = fields.String(required=True)
    name = fields.String(required=True)
    arrived = fields.Boolean(required=True)


class ServiceLedgerSchema(Schema):
    """The service ledger of a period."""

    period = fields.Dict(required=True)
    rows = fields.List(fields.Dict(), required=True)
    totals = fields.Dict(required=True)


class CaseCountsSchema(Schema):
    """What stands at this node, in numbers."""

    registered = fields.Integer(required=True)
    held = fields.Integer(required=True)
    away = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    stayed = fields.Integer(required=True)
    travelled = fields.Integer(required=True)
    offers_waiting = fields.Integer(required=True)
    overdue = fields.Integer(required=True)
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
