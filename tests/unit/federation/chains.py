"""Chains that hold: what the tests of chains share."""

from __future__ import annotations

from datetime import datetime

import pytest

from federation.chain import verify_chain
from federation.errors import TrustError
from federation.keys import NodeKeys
from federation.statements import replaced_keys
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    NOW,
    TOWNSHIP,
    Line,
    anchor_of,
    forge,
    keys_of,
    subject_of,
    village_chain,
)

ANCHOR = anchor_of()
CHAIN = village_chain()
ROTATED_CITY = keys_of(CITY, 1)


def refused(chain: list[str], anchor: str = ANCHOR, now: datetime = NOW, **more: object) -> str:
    with pytest.raises(TrustError) as caught:
        verify_chain(chain, anchor, now, **more)  # type: ignore[arg-type]
    return caught.value.code


def replaced(index: int, changes: dict[str, object], signer: NodeKeys | None = None) -> list[str]:
    """The village's chain with one statement changed and signed again, by its rightful issuer unless said."""
    issuers = (CITY, CITY, COUNTY, TOWNSHIP)
    jws = forge(CHAIN[index], changes, keys_of(issuers[index]) if signer is None else signer)
    return [*CHAIN[:index], jws, *CHAIN[index + 1 :]]


def rotate(line: Line, code: str, now: datetime) -> Line:
    """The chain with the last node's keys replaced by its next generation."""
    old, new = keys_of(code), keys_of(code, 1)
    above = Line(line.statements[:-1], keys_of(line.last.issuer.partition("/")[2]))
    subject = subject_of(code, keys=new.public, previous=replaced_keys(old.public, new.public))
    return above.below(subject, new, now)
