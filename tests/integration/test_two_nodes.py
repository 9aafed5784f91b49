"""Two nodes as an operator sets them up: init, invite, join, serve; one entry each way; stopped and checked."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from config.loading import load_settings
from node.container import build
from tests.support.processes import eventually, free_port, run, serving

TOWNSHIP, VILLAGE = "320623101000", "320623101001"
FAST = ("--set", "pull_interval_s=1", "--set", "ledger_interval_s=1", "--set", "push_interval_s=1")


def _neighbour(data: Path, code: str) -> dict[str, Any]:
    found = run("status", "--data", str(data))
    return next(one for one in found["neighbours"] if one["code"] == code)


def _send(data: Path, destination: str) -> None:
    node = build(load_settings(data, {}))
    try:
        with node.database.transaction() as session:
            node.queue(
                session, destination=destination, subject="greeting", type="test.greeting.v1", data={"n": 1}
            )
    finally:
        node.close()


@pytest.mark.slow
def test_two_processes_join_and_an_entry_travels_each_way(tmp_path: Path) -> None:
    township, village = tmp_path / "township", tmp_path / "village"
    founded = run(
        *("init", "--data", str(township), "--network", "nantong.example", "--code", TOWNSHIP),
        *("--level", "township", "--name", "洋口镇", "--port", str(free_port()), *FAST),
    )
    assert founded["anchor"] == founded["node_key"]
    assert founded["operator"]["login"] == "operator"
    prepared = run("init", "--data", str(village), "--port", str(free_port()), *FAST)
    assert prepared["joined"] is False
    invited = run(
        *(
            "invite",
            "--data",
            str(township),
            "--code",
            VILLAGE,
            "--level",
            "village",
            "--name",
            "四海社区居委会",
        )
    )
    with serving(township) as upper:
        joined = run("join", "--data", str(village), invited["invitation"])
        assert joined["parent"] == f"nantong.example/{TOWNSHIP}"
        assert joined["parent_key"] == founded["node_key"]
        assert joined["node_key"] == prepared["node_key"]
        again = run("join", "--data", str(tmp_path / "other"), invited["invitation"], expect=7)
        assert again["type"] == "urn:bianmin:problem:token"
        with serving(village) as lower:
            with urllib.request.urlopen(f"{upper.url}/.well-known/bianmin") as answer:
                assert json.load(answer)["code"] == TOWNSHIP
            _send(village, TOWNSHIP)
            _send(township, VILLAGE)
            assert eventually(lambda: _neighbour(village, TOWNSHIP)["receipted"] == 1)
            assert eventually(lambda: _neighbour(township, VILLAGE)["applied"] == 1)
            assert eventually(lambda: _neighbour(village, TOWNSHIP)["applied"] == 1)
            assert eventually(lambda: _neighbour(township, VILLAGE)["receipted"] == 1)
            checked = run("doctor", "--data", str(village))
            assert {one["check"]: one["state"] for one in checked["checks"]}["parent"] == "good"
            assert lower.stop() == 0
        assert upper.stop() == 0
    for data in (township, village):
        assert run("fsck", "--data", str(data))["holds"] is True
