"""Pages of a list by cursor: what comes after the last one seen, never "page 7" of a list that moves."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

LIMIT_MAX = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page is asked for: after `cursor` (None: from the beginning), at most `limit` lines."""

    cursor: str | None
    limit: int


def asked(limit: int = 50) -> Asked:
    """The page this request asks for by `?cursor=…`."""
    return Asked(request.args.get("cursor") or None, min(limit, LIMIT_MAX))
