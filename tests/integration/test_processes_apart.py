"""Web and worker as processes apart, on PostgreSQL: two webs, two workers at one node, a child that dials it."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from config.loading import load_settings
from node.container import build
from tests.support.databases import fresh_postgres
from tests.support.processes import STOP_S, eventually, free_port, run, serving, working

TOWNSHIP, VILLAGE = "320623101000", "320623101001"
FAST = ("--set", "pull_interval_s=1", "--set", "ledger_interval_s=1", "--set", "push_interval_s=1")
WITHIN_S = 60.0


def neighbour(data: Path, code: str) -> dict[str, Any]:
    found = run("status", "--data", str(data))
    return next(one for one in found["neighbours"] if one["code"] == code)


def send(data: Path, destination: str, count: int) -> None:
    node = build(load_settings(data, {}))
    try:
        for number in range(count):
            with node.database.transaction() as session:
                node.queue(
                    session,
                    destination=destination,
                    subject=f"greeting-{number % 3}",
                    type="test.greeting.v1",
                    data={"n": number},
                )
    finally:
        node.close()


@pytest.mark.slow
def test_webs_and_workers_of_one_node_share_its_work(tmp_path: Path, postgres_server: Engine) -> None:
    township, village = tmp_path / "township", tmp_path / "village"
    with fresh_postgres(postgres_server) as upper_url, fresh_postgres(postgres_server) as lower_url:
        port = free_port()
        run(
            *("init", "--data", str(township), "--network", "nantong.example", "--code", TOWNSHIP),
            *("--level", "township", "--name", "洋口镇", "--port", str(port)),
            *("--set", f"database_url={upper_url}", *FAST),
        )
        run("init", "--data", str(village), "--set", f"database_url={lower_url}", *FAST)
        named = ("--code", VILLAGE, "--level", "village", "--name", "四海社区居委会")
        invited = run("invite", "--data", str(township), *named)
        with (
            serving(township, "--public", command="web") as public,
            serving(township, "--staff", "--port", "0", command="web") as staff,
            working(township) as first,
            working(township),
        ):
            run("join", "--data", str(village), invited["invitation"])
            with serving(village, "--port", "0", command="web"), working(village) as below:
                send(village, TOWNSHIP, 5)
                send(township, VILLAGE, 5)
                assert eventually(lambda: neighbour(village, TOWNSHIP)["receipted"] == 5, WITHIN_S)
                assert eventually(lambda: neighbour(township, VILLAGE)["applied"] == 5, WITHIN_S)
                assert eventually(lambda: neighbour(village, TOWNSHIP)["applied"] == 5, WITHIN_S)
                first.kill()
                first.wait(STOP_S)
                send(township, VILLAGE, 3)
                assert eventually(lambda: neighbour(village, TOWNSHIP)["applied"] == 8, 2 * WITHIN_S)
                below.send_signal(signal.SIGTERM)
                assert below.wait(STOP_S) == 0
            with urllib.request.urlopen(f"{public.url}/.well-known/bianmin") as answer:
                assert json.load(answer)["code"] == TOWNSHIP
            with urllib.request.urlopen(f"{staff.url}/metrics") as answer:
                assert "bianmin_queue_entries" in answer.read().decode()
        for data in (township, village):
            assert run("fsck", "--data", str(data))["holds"] is True
