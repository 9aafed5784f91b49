"""The text of a slip's QR code, as phones and people hand it over."""

from __future__ import annotations

import base64

import pytest

from node.kernel.problems import Problem
from node.portal.checking import read_slip_code

ORIGIN, LEAF = "nantong.example/320623101001/ledger/1", bytes(range(32))
PACKED = base64.urlsafe_b64encode(LEAF).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        f"https://above.example/verify?o={ORIGIN}&l={PACKED}",
        f"o={ORIGIN}&l={PACKED}",
        f"  ?l={PACKED}&o={ORIGIN}\n",
        f"http://above.example:8604/verify?o={ORIGIN.replace('/', '%2F')}&l={PACKED}",
    ],
)
def test_a_code_is_read_in_each_of_its_forms(text: str) -> None:
    code = read_slip_code(text)
    assert (code.origin, code.leaf, code.owner, code.packed) == (ORIGIN, LEAF, "320623101001", PACKED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        f"o={ORIGIN}",
        f"o={ORIGIN}&l=AA",
        f"o={ORIGIN}&l={PACKED}AAAA",
        f"o={ORIGIN}&l={'é' * 43}",
        f"o=nantong.example/320623101001/up/1&l={PACKED}",
        f"o=no origin&l={PACKED}",
        "http://[",
    ],
)
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(Problem, match="slip-code-unreadable"):
        read_slip_code(text)
