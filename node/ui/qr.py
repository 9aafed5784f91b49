"""QR codes as SVG in the page: no script, no request, sharp on paper (ui.md picture 4: version ≤ 10, level M)."""

from __future__ import annotations

import segno
from markupsafe import Markup, escape
from segno.encoder import DataOverflowError

QUIET_ZONE = 4
"""Modules left white around a code."""


def qr_svg(text: str, label: str) -> Markup:
    """A QR code, as wide as its box.

    Args:
        text: what it holds.
        label: what it is, for people who do not see it.
    """
    try:
        code = segno.make(text, error="m", version=None, boost_error=False, micro=False)
    except DataOverflowError:
        code = segno.make(text, error="l", boost_error=False, micro=False)
    side = code.symbol_size(border=QUIET_ZONE)[0]
    path = "".join(_runs(code.matrix))
    return Markup(
        '<svg class="qr" viewBox="0 0 {side} {side}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path stroke="#000" d="{path}"/></svg>'
    ).format(side=side, label=escape(label), path=path)


def _runs(matrix: tuple[bytearray, ...]) -> list[str]:
    """Dark modules as horizontal strokes."""
    strokes = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            strokes.append(f"M{start + QUIET_ZONE} {y + QUIET_ZONE}.5h{x - start}")
    return strokes
