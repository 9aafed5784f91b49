"""Forged requests: every form of a page carries a token bound to its browser.

Flask-WTF makes and checks the tokens; the guard says when, because API and federation calls carry no cookies and need
none. A macro (`form`) puts the field in, so no page can forget it.
"""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFError, CSRFProtect

from node.ui.problems import form_expired

_protect = CSRFProtect()


def install_csrf(app: Flask) -> None:
    """Prepares an application; `csrf_token()` becomes known to its templates."""
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=12 * 3600)
    _protect.init_app(app)


def check_form() -> None:
    """Checks the token of a request that changes something.

    Raises:
        Problem: `form-expired`.
    """
    try:
        _protect.protect()
    except CSRFError as error:
        raise form_expired() from error
