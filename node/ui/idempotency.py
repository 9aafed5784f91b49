"""Creating calls that may be repeated: the same `Idempotency-Key` gets the same answer, once done.

The key's row, the act and the kept answer are one transaction: after a crash either all of it happened or nothing.
Source: draft-ietf-httpapi-idempotency-key-header-07; requirements: issue 2 part 9.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from node.kernel.database import Database
from node.ui.access import viewer
from node.ui.parts import Kit
from node.ui.problems import key_form, key_reused
from node.ui.tables import ApiAnswerRow
from node.ui.wiring import use

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = timedelta(hours=48)
KEY_FORM = re.compile(r"[\x21-\x7e]{8,128}")

Creating = Callable[[Session], Mapping[str, Any]]


def create(act: Creating, status: int = 201) -> Response:
    """Runs a creating act in a transaction of its own and answers with what it returns, as JSON.

    Args:
        act: one use case on the given session; returns JSON values.

    Raises:
        Problem: `idempotency-key-form`, `idempotency-key-reused`, or what the act refuses (then nothing is kept).
    """
    key = request.headers.get(HEADER)
    if key is None:
        with use(Database).transaction() as session:
            return _answer(act(session), status)
    if KEY_FORM.fullmatch(key) is None:
        raise key_form()
    try:
        return _create_once(_name_of(key), act, status)
    except IntegrityError:
        # Another process committed the same key while this one worked: its answer is the answer.
        with use(Database).reading() as session:
            kept = session.get(ApiAnswerRow, _name_of(key))
            if kept is None:
                raise
            return _replay(kept)


def once(key: str, act: Creating) -> Mapping[str, Any]:
    """Runs a creating act of a form once for its hidden key; sent again, the first answer comes back.

    The form may differ when it is sent again (a second click on a changed page): what was done first stands.

    Args:
        act: one use case on the given session; returns JSON values.

    Raises:
        Problem: `idempotency-key-form`, or what the act refuses (then nothing is kept and the key stays fresh).
    """
    if KEY_FORM.fullmatch(key) is None:
        raise key_form()
    name = _name_of(f"form {key}")
    try:
        with use(Database).transaction() as session:
            kept = session.get(ApiAnswerRow, name)
            if kept is not None:
                return dict(kept.answer or {})
            row = ApiAnswerRow(id=name, request="", status=201, answer=None, at=use(Kit).clock.now())
            session.add(row)
            session.flush()
            made = act(session)
            row.answer = dict(made)
        return made
    except IntegrityError:
        with use(Database).reading() as session:
            kept = session.get(ApiAnswerRow, name)
            if kept is None:
                raise
            return dict(kept.answer or {})


def sweep_answers(session: Session, now: datetime) -> None:
    """Forgets answers older than the time keys are kept."""
    session.execute(delete(ApiAnswerRow).where(ApiAnswerRow.at < now - KEPT))


def _create_once(name: str, act: Creating, status: int) -> Response:
    with use(Database).transaction() as session:
        kept = session.get(ApiAnswerRow, name)
        if kept is not None:
            return _replay(kept)
        row = ApiAnswerRow(
            id=name, request=_fingerprint(), status=status, answer=None, at=use(Kit).clock.now()
        )
        session.add(row)
        session.flush()  # the second of two equal calls waits here for the first
        made = act(session)
        row.answer = dict(made)
    return _answer(made, status)


def _replay(kept: ApiAnswerRow) -> Response:
    if kept.request != _fingerprint():
        raise key_reused()
    answer = _answer(kept.answer or {}, kept.status)
    answer.headers[REPLAYED] = "true"
    return answer


def _answer(made: Mapping[str, Any], status: int) -> Response:
    answer = jsonify(dict(made))
    answer.status_code = status
    return answer


def _name_of(key: str) -> str:
    person = viewer()
    caller = person.person_id if person is not None else ""
    return hashlib.sha256(f"{caller}\n{key}".encode()).hexdigest()


def _fingerprint() -> str:
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    digest.update(request.get_data(cache=True))
    return digest.hexdigest()
