"""Style and script of the pages: a few files, joined once, named by their content and cached for ever.

`static/css/` is kept in parts for people; browsers get one `ui.css`, and `matter.css` where a matter is shown.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import Response, request

from node.ui.problems import page_unknown

STYLE_PARTS = ("tokens", "base", "layout", "components", "print")
BUNDLES = {"ui.css": STYLE_PARTS, "matter.css": ("matter",)}
"""`ui.css` is on every page; `matter.css` on those that show a matter, a slip or a ledger (their block `head`)."""
STYLE, SCRIPT = "text/css; charset=utf-8", "text/javascript; charset=utf-8"
TYPES = {"ui.css": STYLE, "matter.css": STYLE, "keys.js": SCRIPT}
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def asset(name: str) -> bytes:
    """The content of an asset.

    Raises:
        Problem: `page-unknown`.
    """
    folder = resources.files("node.ui").joinpath("static")
    if name in BUNDLES:
        parts = [folder.joinpath(f"css/{part}.css").read_text(encoding="utf-8") for part in BUNDLES[name]]
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
