"""Slip and service ledger as JSON values."""

from __future__ import annotations

from typing import Any

from node.cases.service_ledger import ServiceLedger
from node.cases.slip import Slip
from node.cases.view import day, instant, words


def plain_slip(slip: Slip) -> dict[str, Any]:
    """The slip."""
    return {
        "institution": slip.institution,
        "address": slip.address,
        "number": slip.number,
        "item": words(slip.item),
        "materials": list(slip.taken_in),
        "missing": list(slip.missing),
        "next": words(slip.next),
        "next_on": day(slip.next_on),
        "post": slip.post,
        "phone": slip.phone,
        "query_code": slip.query_code,
        "qr": slip.qr,
        "fingerprint": slip.fingerprint,
        "registered_at": slip.registered_at.isoformat(),
    }


def plain_ledger(ledger: ServiceLedger) -> dict[str, Any]:
    """The service ledger."""
    return {
        "period": {"first": day(ledger.first), "last": day(ledger.last)},
        "rows": [
            {
                "place": line.place,
                "at": line.at.isoformat(),
                "number": line.number,
                "item": words(line.item),
                "applicant": line.applicant,
                "channel": line.channel,
                "handling": line.handling,
                "status": line.status,
                "status_words": words(line.status_words),
                "travelled": line.travelled,
                "custodian": line.custodian,
                "post": line.post,
                "closed_at": instant(line.closed_at),
                "index": line.index,
                "leaf": line.leaf,
            }
            for line in ledger.lines
        ],
        "totals": dict(ledger.totals),
    }
