"""A child accepts the chain it was invited to, and no other."""

from __future__ import annotations

import pytest

from federation.chain import accept_own_chain
from federation.errors import TrustError
from federation.keys import KeySet, NodeKeys
from federation.statements import issue_own_statement
from tests.unit.federation.chains import ANCHOR, CHAIN, rotate
from tests.unit.federation.members import (
    CITY,
    COUNTY,
    NOW,
    TOWNSHIP,
    VILLAGE,
    keys_of,
    line_to,
    name_of,
    subject_of,
)

PUBLIC = keys_of(VILLAGE).public
PARENT_KEY = keys_of(TOWNSHIP).public.node.kid


def accept(chain: list[str], **changes: object) -> str:
    known: dict[str, object] = {
        "name": name_of(VILLAGE),
        "keys": PUBLIC,
        "parent": name_of(TOWNSHIP),
        "parent_key": PARENT_KEY,
    }
    try:
        accept_own_chain(chain, ANCHOR, NOW, **{**known, **changes})  # type: ignore[arg-type]
    except TrustError as error:
        return error.code
    return "accepted"


def test_a_child_accepts_the_chain_it_was_invited_to() -> None:
    assert accept(CHAIN) == "accepted"
    assert accept(CHAIN, parent_key=None) == "accepted"


@pytest.mark.parametrize(
    ("why", "changes", "code"),
    [
        ("another parent", {"parent": name_of("320623102000")}, "parent"),
        ("the grandparent", {"parent": name_of(COUNTY)}, "parent"),
        ("another parent's key", {"parent_key": keys_of(COUNTY).public.node.kid}, "parent"),
        ("another name", {"name": name_of("320623101002")}, "subject"),
        ("another network", {"name": f"suzhou.example/{VILLAGE}"}, "network"),
        ("other keys", {"keys": keys_of(VILLAGE, 1).public}, "keys"),
        (
            "one key swapped",
            {"keys": KeySet(PUBLIC.node, PUBLIC.witness, PUBLIC.receipt, PUBLIC.seal)},
            "keys",
        ),
    ],
)
def test_a_child_refuses_any_other_chain(why: str, changes: dict[str, object], code: str) -> None:
    assert accept(CHAIN, **changes) == code


def test_a_child_refuses_a_chain_from_another_anchor_and_a_chain_without_a_parent() -> None:
    keys = NodeKeys.from_seed(b"other top")
    own = issue_own_statement(keys.node, subject_of(CITY, keys=keys.public), NOW)
    assert accept([own, *CHAIN[1:]]) == "anchor"
    assert accept(CHAIN[:1], name=name_of(CITY)) == "parent"


def test_a_parent_that_rotated_between_invitation_and_joining_is_still_the_invited_one() -> None:
    rotated = rotate(line_to(TOWNSHIP), TOWNSHIP, NOW)
    chain = list(rotated.below(subject_of(VILLAGE), keys_of(VILLAGE)).statements)
    assert accept(chain) == "accepted"
    assert accept(chain, parent_key=keys_of(TOWNSHIP, 1).public.node.kid) == "accepted"
