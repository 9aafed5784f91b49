"""The top audits the village once, over the same interfaces as everything else: commit, seal, reveal, draw, judge."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from demo.office import Office

COUNT = 5
PATIENCE_S = 120.0
PAUSE_S = 1.0
JUDGED = "JUDGED"


def audit_once(
    top: Office, village: Office, tell: Callable[[str, str], None], patience_s: float = PATIENCE_S
) -> dict[str, Any]:
    """One round, to its end or until patience runs out; returns it as the API shows it."""
    round_: dict[str, Any] = top.call(
        "POST", "/audit/rounds", {"target": village.code, "count": COUNT}, role="auditor"
    )
    deadline = time.monotonic() + patience_s
    state = ""
    while round_["state"] != JUDGED and time.monotonic() < deadline:
        if round_["state"] != state:
            state = str(round_["state"])
            tell(f"抽查:{state}", f"Audit: {state}")
        time.sleep(PAUSE_S)
        round_ = top.call("GET", f"/audit/rounds/{round_['round']}", role="auditor")
    return round_


def audit_lines(top: Office, village: Office, round_: dict[str, Any]) -> list[str]:
    """What is printed about a round."""
    drawn = [leaf for leaf in round_["leaves"] if leaf["outcome"]]
    lines = [
        "",
        f"  抽查 / audit {top.place.name} → {village.place.name}: {round_['state']}, "
        f"核验 judged {len(drawn)}, 发现 findings {round_['found']}",
        f"      {top.url}/audit/{round_['round']}",
    ]
    return lines + [f"      {finding['zh']} / {finding['en']}" for finding in round_["findings"]]
