"""What the API of the catalogue takes and gives; a guide's own shape is `guide.plain_guide`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from node.catalogue.guide import HANDLING_WORDS, SUBJECT_WORDS
from node.catalogue.rules import LEVELS
from node.ui.openapi import PageQuery, Strict, Words


class ItemQuery(PageQuery):
    """Which items."""

    q = fields.String(
        load_default="", validate=validate.Length(max=80), metadata={"description": "查找 / search"}
    )
    level = fields.String(
        load_default=None,
        validate=validate.OneOf(LEVELS),
        metadata={"description": "可在此层级收件 / taken in at"},
    )
    theme = fields.String(load_default=None, validate=validate.Length(max=40))
    handling = fields.String(load_default=None, validate=validate.OneOf([str(one) for one in HANDLING_WORDS]))
    subject = fields.String(load_default=None, validate=validate.OneOf(list(SUBJECT_WORDS)))


class ItemLineSchema(Schema):
    """An item as a list shows it."""

    code = fields.String(required=True)
    version = fields.String(
        required=True, metadata={"description": "SHA-256 of the version's canonical form"}
    )
    name = fields.Nested(Words, required=True)
    theme = fields.Nested(Words, required=True)
    type = fields.String(required=True)
    handling = fields.String(required=True)
    home_level = fields.String(required=True)
    intake_levels = fields.List(fields.String(), required=True)
    proxy_levels = fields.List(fields.String(), required=True)
    deciding_level = fields.String(required=True)
    promised_days = fields.Integer(required=True)
    statutory_days = fields.Integer(required=True, allow_none=True)
    charged = fields.Boolean(required=True)


class GuideSchema(Schema):
    """An item's whole guide, with its form; the lists are given as `guide.plain_guide` makes them."""

    code = fields.String(required=True)
    version = fields.String(required=True)
    name = fields.Nested(Words, required=True)
    type = fields.Nested(Words, required=True)
    theme = fields.Nested(Words, required=True)
    handling = fields.String(required=True)
    home_level = fields.String(required=True)
    intake_levels = fields.List(fields.String(), required=True)
    proxy_levels = fields.List(fields.String(), required=True)
    deciding_level = fields.String(required=True)
    promised_days = fields.Integer(required=True)
    statutory_days = fields.Integer(required=True, allow_none=True)
    handling_words = fields.Nested(Words)
    subjects = fields.List(fields.Nested(Words))
    decided_by = fields.Nested(Words)
    first_review_level = fields.String(allow_none=True)
    promise = fields.Nested(Words)
    statutory = fields.Nested(Words)
    extension = fields.Nested(Words, allow_none=True)
    online = fields.String()
    visits = fields.Integer()
    conditions = fields.List(fields.String())
    materials = fields.List(fields.Dict())
    steps = fields.List(fields.Dict())
    special_procedures = fields.List(fields.Dict())
    fee = fields.Dict()
    result = fields.Dict()
    legal_basis = fields.List(fields.Dict())
    sensitive = fields.List(fields.String())
    notes = fields.String()
    form = fields.Dict(required=True)


class ImportAsked(Strict):
    """A catalogue to import: its text, or the one shipped with the program."""

    text = fields.String(
        load_default=None, allow_none=True, metadata={"description": "YAML; default: the shipped one"}
    )
    effective_on = fields.Date(load_default=None, allow_none=True)


class ImportDone(Schema):
    """What an import did, in numbers of items."""

    import_id = fields.Integer(required=True)
    effective_on = fields.Date(required=True)
    added = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    cancelled = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
