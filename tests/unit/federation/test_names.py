"""Names of networks, nodes and logs (federation.md §2)."""

from __future__ import annotations

import pytest

from federation.errors import TrustError
from federation.names import (
    Origin,
    node_name,
    origin_down,
    origin_ledger,
    origin_up,
    parse_node_name,
    parse_origin,
)

NAME = "nantong.example/320623101001"


def test_names_and_origins_are_spelled_as_the_contract_says() -> None:
    assert node_name("nantong.example", "320623101001") == NAME
    assert origin_up(NAME) == f"{NAME}/up/1"
    assert origin_ledger(NAME, 3) == f"{NAME}/ledger/3"
    assert (
        origin_down("nantong.example/320623101000", "320623101001", 2)
        == "nantong.example/320623101000/down/320623101001/2"
    )


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (f"{NAME}/up/1", Origin("nantong.example", "320623101001", "up", "", 1)),
        (f"{NAME}/ledger/12", Origin("nantong.example", "320623101001", "ledger", "", 12)),
        (f"{NAME}/down/320623101002/7", Origin("nantong.example", "320623101001", "down", "320623101002", 7)),
    ],
)
def test_an_origin_reads_back_as_it_was_written(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin
    assert str(origin) == text
    assert origin.owner == NAME


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        f"{NAME}/up",
        f"{NAME}/up/0",
        f"{NAME}/up/01",
        f"{NAME}/up/-1",
        f"{NAME}/up/１",
        f"{NAME}/up/1/",
        f"{NAME}/up/1 ",
        f"{NAME}/side/1",
        f"{NAME}/down/1",
        f"{NAME}/down/32062310100/1",
        f"{NAME}/ledger/320623101002/1",
        f"https://{NAME}/up/1",
        "Nantong.example/320623101001/up/1",
        "nantong..example/320623101001/up/1",
        "-nantong.example/320623101001/up/1",
        "nantong.example/32062310100１/up/1",
        f"{NAME}/up/9999999999",
    ],
)
def test_anything_else_is_no_origin(text: str) -> None:
    with pytest.raises(TrustError) as caught:
        parse_origin(text)
    assert caught.value.code == "name"


@pytest.mark.parametrize(
    "name",
    ["nantong.example", "nantong.example/", "/320623101001", "nantong.example/320623101001/x", "a" * 254],
)
def test_anything_else_is_no_node_name(name: str) -> None:
    with pytest.raises(TrustError):
        parse_node_name(name)


def test_epochs_count_from_one() -> None:
    with pytest.raises(TrustError, match="count from 1"):
        origin_up(NAME, 0)
