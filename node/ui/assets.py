"""Style and script of the pages: a few files, joined once, named by their content and cached for ever.

`static/css/` is kept in five parts for people; browsers get one `ui.css`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import Response, request

from node.ui.problems import page_unknown

STYLE_PARTS = ("tokens", "base", "layout", "components", "print")
TYPES = {"ui.css": "text/css; charset=utf-8", "keys.js": "text/javascript; charset=utf-8"}
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def asset(name: str) -> bytes:
    """The content of an asset.

    Raises:
        Problem: `page-unknown`.
    """
    folder = resources.files("node.ui").joinpath("static")
    if name == "ui.css":
        parts = [folder.joinpath(f"css/{part}.css").read_text(encoding="utf-8") for part in STYLE_PARTS]
        return "\n".join(parts).encode()
    if name not in TYPES:
        raise page_unknown()
    return folder.joinpath(name).read_bytes()


@cache
def asset_url(name: str) -> str:
    """Its address, with the beginning of its hash, so that a new release is fetched at once."""
    return f"/static/{name}?v={hashlib.sha256(asset(name)).hexdigest()[:10]}"


def serve_asset(name: str) -> Response:
    """`/static/<name>`."""
    answer = Response(asset(name), content_type=TYPES.get(name))
    answer.headers["Cache-Control"] = _FOR_EVER if "v" in request.args else "no-cache"
    return answer
