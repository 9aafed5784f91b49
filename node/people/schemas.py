"""What the API of people takes and gives."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from node.ui.openapi import Strict


class TokenAsked(Strict):
    """Account and password for a token."""

    login = fields.String(required=True, validate=validate.Length(1, 40))
    password = fields.String(required=True, validate=validate.Length(1, 1024))
    name = fields.String(
        load_default="", validate=validate.Length(max=60), metadata={"description": "用途 / what for"}
    )


class TokenGiven(Schema):
    """A token, shown once."""

    token = fields.String(required=True)
    type = fields.String(required=True, metadata={"description": "Bearer"})


class PostHeld(Schema):
    """A post the person holds today."""

    name = fields.String(required=True)
    role = fields.String(required=True)
    backup = fields.Boolean(required=True)


class Me(Schema):
    """Whom a token acts as."""

    person_id = fields.String(required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    level = fields.String(required=True)
    node = fields.String(required=True)
    institution = fields.String(required=True)
    posts = fields.List(fields.Nested(PostHeld), required=True)
    acts = fields.List(fields.String(), required=True)


class StaffMember(Schema):
    """A line of the staff list."""

    person_id = fields.String(required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    posts = fields.List(fields.String(), required=True)
    disabled = fields.Boolean(required=True)
    last_seen_at = fields.AwareDateTime(format="iso", allow_none=True, required=True)


class StaffAsked(Strict):
    """A person to be added; without a password one is made and given back once."""

    login = fields.String(required=True, validate=validate.Length(2, 40))
    name = fields.String(required=True, validate=validate.Length(1, 60))
    posts = fields.List(
        fields.String(validate=validate.Length(1, 120)), required=True, validate=validate.Length(max=20)
    )
    phone = fields.String(load_default="", validate=validate.Length(max=40))
    password = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=1024))


class StaffAdded(Schema):
    """Who was added; `initial_password` is "" when one was chosen."""

    person_id = fields.String(required=True)
    login = fields.String(required=True)
    name = fields.String(required=True)
    posts = fields.List(fields.String(), required=True)
    initial_password = fields.String(required=True)
