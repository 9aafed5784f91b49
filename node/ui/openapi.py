"""The API's scaffolding: blueprints under `/api/v1`, OpenAPI 3.1, problem details, pages by cursor.

    api = ApiBlueprint("people_api", __name__, description="…")

    @api.get("/staff", StaffPageSchema, query=PageQuery)
    @access.api("staff.read")
    def list_them(query: dict[str, Any]) -> dict[str, Any]: ...

    @api.post("/staff", AddedSchema, body=NewStaffSchema)
    @access.api("staff.add")
    def add(body: dict[str, Any]) -> Response:
        return create(lambda session: …)

Bodies and queries are checked by marshmallow (unknown members refused); what does not fit is `fields-invalid`.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Flask
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema, fields, validate
from werkzeug.exceptions import HTTPException

from node.ui.access import MARK, Kind, public
from node.ui.idempotency import HEADER
from node.ui.paging import LIMIT_MAX

PREFIX = "/api/v1"
View = Callable[..., Any]
_KEY_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 8, "maxLength": 128},
    "description": "重复的请求带同一个键,得到同一个回答 / A repeated call with the same key gets the same answer.",
}


class Strict(Schema):
    """A schema that refuses what it does not know."""

    class Meta:
        """Options of marshmallow."""

        unknown = RAISE


class Words(Schema):
    """The same in Chinese and English."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class ProblemSchema(Schema):
    """Problem details, RFC 9457; further members depend on the type."""

    type = fields.String(required=True, metadata={"description": "urn:bianmin:problem:<code>"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    instance = fields.String()


class Done(Schema):
    """An act was done and there is nothing to tell."""

    done = fields.Boolean(required=True)


class PageQuery(Strict):
    """Which page of a list."""

    cursor = fields.String(load_default=None, allow_none=True, metadata={"description": "next_cursor"})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, LIMIT_MAX))


def page_of(schema: type[Schema], name: str) -> type[Schema]:
    """The schema of a page: `items`, and `next_cursor`, null at the end."""
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(schema), required=True),
            "next_cursor": fields.String(allow_none=True, required=True),
            "total": fields.Integer(),
        },
        name=name,
    )


class ApiBlueprint(Blueprint):  # type: ignore[misc]
    """A capability's calls, all under `/api/v1`."""

    def __init__(self, name: str, import_name: str, description: str) -> None:
        super().__init__(name, import_name, url_prefix=PREFIX, description=description)

    def get(
        self, rule: str, answer: type[Schema], *, query: type[Schema] | None = None
    ) -> Callable[[View], View]:
        """A reading call; its view gets the query's dict when there is a schema for it."""
        return lambda view: self._add("GET", rule, view, 200, answer, query, "query")

    def post(
        self,
        rule: str,
        answer: type[Schema],
        *,
        body: type[Schema] | None = None,
        status: int = 201,
        creates: bool | None = None,
    ) -> Callable[[View], View]:
        """A changing call.

        Args:
            creates: its view answers by `idempotency.create`, so the key is documented; by default where status is 201.
        """
        keyed = status == 201 if creates is None else creates
        return lambda view: self._add("POST", rule, view, status, answer, body, "json", keyed)

    def _add(
        self,
        method: str,
        rule: str,
        view: View,
        status: int,
        answer: type[Schema],
        asks: type[Schema] | None,
        place: str,
        keyed: bool = False,
    ) -> View:
        access = getattr(view, MARK, None)
        wrapped = self.response(status, answer)(view)
        if access is not None and access.kind is not Kind.API:
            wrapped = self.doc(security=[])(wrapped)
        if asks is not None:
            wrapped = self.arguments(asks, location=place, unknown=RAISE)(wrapped)
        if keyed:
            wrapped = self.doc(parameters=[_KEY_PARAMETER])(wrapped)
        added: View = self.route(rule, methods=[method])(wrapped)
        return added


class NodeApi(Api):  # type: ignore[misc]
    """flask-smorest without its own error handlers: `errors` answers for pages and API alike."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """None: see `errors.install_errors`."""

    def _register_responses(self) -> None:
        """Every error is a problem document."""
        content = {"application/problem+json": {"schema": ProblemSchema}}
        for status in HTTPStatus:
            self.spec.components.response(
                status.name, {"description": status.phrase, "content": content}, lazy=True
            )
        self.spec.components.response(
            "DEFAULT_ERROR", {"description": "Problem details (RFC 9457)", "content": content}, lazy=True
        )

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Never called; the handlers of `errors` are."""
        raise error


def install_api(app: Flask, version: str) -> NodeApi:
    """Prepares an application for API blueprints and serves `/api/v1/openapi.json`."""
    app.config.update(
        API_TITLE="便民 Bianmin",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {
                "description": "一级一个节点的便民服务网络 / One node per level of a network of service centres"
            },
            "security": [{"bearer": []}],
        },
    )
    api = NodeApi(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("api-docs."):
            app.view_functions[endpoint] = _open(view)
    return api


def _open(view: View) -> View:
    def answer(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return public(answer)
