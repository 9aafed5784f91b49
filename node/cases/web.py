"""What cases contribute to the web side: the JSON calls; pages are added beside them."""

from __future__ import annotations

from node.cases.api import api
from node.ui.parts import WebPart

part = WebPart(api=(api,))
