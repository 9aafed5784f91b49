"""From an error to an answer: a page for people, problem details (RFC 9457) for programs.

Every error has a number: it stands on the page, in `X-Request-Id`, in `instance`, and in the log.
"""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from federation.errors import FederationError
from node.kernel.problems import Problem, from_federation, problem_document
from node.ui.problems import (
    body_too_large,
    broken,
    fields_invalid,
    method_unknown,
    page_unknown,
    too_many,
)
from node.ui.visit import language, request_number

LOG = logging.getLogger("bianmin.web")


def install_errors(app: Flask) -> None:
    """One handler for everything that is raised."""
    app.register_error_handler(Problem, answer_problem)
    app.register_error_handler(FederationError, lambda error: answer_problem(from_federation(error)))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_crash)


def answer_problem(problem: Problem, headers: Any = None) -> Response:
    """The answer to a refusal, as a page or as problem details."""
    if _speaks_json():
        document = problem_document(problem, language(), f"urn:bianmin:request:{request_number()}")
        answer = jsonify(document)
        answer.content_type = "application/problem+json"
    else:
        answer = make_response(_page(problem))
    answer.status_code = problem.status
    if problem.status == 401 and _speaks_json():
        answer.headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after_s is not None:
        answer.headers["Retry-After"] = str(problem.retry_after_s)
    for name, value in headers or ():
        if name.lower() == "allow":
            answer.headers[name] = value
    answer.headers["Content-Language"] = "en" if language() == "en" else "zh-CN"
    return answer


def _page(problem: Problem) -> str:
    return render_template("ui/problem.html", problem=problem, number=request_number())


def _answer_http(error: HTTPException) -> Response:
    if error.code is not None and error.code < 400:
        return make_response(error.get_response())
    return answer_problem(_problem_of(error), error.get_headers())


def _problem_of(error: HTTPException) -> Problem:
    code = error.code or 500
    if code == 404:
        return page_unknown()
    if code == 405:
        return method_unknown()
    if code == 413:
        return body_too_large(current_app.config["MAX_CONTENT_LENGTH"] or 0)
    if code == 422:
        return fields_invalid(getattr(error, "data", {}).get("messages", {}))
    if code == 429:
        return too_many()
    if code >= 500:
        return broken(request_number())
    return Problem(
        "request-invalid",
        "这个请求看不懂,请返回上一页重试。",
        "The request could not be understood; please go back and try again.",
        code,
        {"detail_en": error.description} if error.description else None,
    )


def _answer_crash(error: Exception) -> Response:
    LOG.error("request %s %s %s failed", request_number(), request.method, request.endpoint, exc_info=error)
    problem = broken(request_number())
    try:
        return answer_problem(problem)
    except Exception:  # the frame itself is broken: say it without the frame
        LOG.exception("request %s: the error page failed", request_number())
        g.pop("inside", None)
        answer = Response(problem.sentence(language()), 500, content_type="text/plain; charset=utf-8")
        answer.headers["X-Request-Id"] = request_number()
        return answer


def _speaks_json() -> bool:
    if request.path.startswith(("/api/", "/federation/", "/.well-known/", "/witness")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"
