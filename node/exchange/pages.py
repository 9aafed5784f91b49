"""What exchange contributes to the web: the federation's endpoints, the operator's calls, readiness."""

from __future__ import annotations

from node.exchange.api import api
from node.exchange.endpoints import federation
from node.ui.parts import WebPart

part = WebPart(federation=(federation,), api=(api,))
