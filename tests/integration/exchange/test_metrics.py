"""What `/metrics` and `/readyz` tell an operator's tools."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from node.exchange.endpoints import counted_name
from tests.integration.exchange.pair import TOWNSHIP, VILLAGE, Pair, reopen_app

Usage = namedtuple("Usage", "total used free")


def figures(pair: Pair, village: bool = False) -> dict[tuple[str, ...], float]:
    """Every figure by its name and labels."""
    client = (reopen_app(pair.village) if village else pair.app).test_client()
    text = client.get("/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_queue_is_told_with_its_depth_and_age(pair: Pair) -> None:
    pair.turn()
    pair.transport.is_cut = True
    for _ in range(3):
        pair.say(pair.village, TOWNSHIP)
    pair.village.local.run()
    pair.later(120)
    found = figures(pair, village=True)
    assert found["bianmin_queue_entries", TOWNSHIP, "unsent"] == 3
    assert found["bianmin_queue_oldest_seconds", TOWNSHIP] >= 120
    pair.transport.is_cut = False
    pair.later(3600)
    pair.turn()
    pair.later(60)
    found = figures(pair, village=True)
    assert found["bianmin_queue_entries", TOWNSHIP, "unsent"] == 0
    assert found["bianmin_receipt_age_seconds", TOWNSHIP] == 60
    assert figures(pair)["bianmin_unapplied_entries", VILLAGE] == 0


def test_refusals_are_counted_by_name(pair: Pair) -> None:
    client = pair.app.test_client()
    for _ in range(2):
        client.get(f"/federation/v1/nodes/{VILLAGE}/state")
    assert figures(pair)["bianmin_refusals_total", "malformed"] == 2


def test_the_ledger_and_what_is_wrong_are_told(pair: Pair) -> None:
    found = figures(pair)
    assert found["bianmin_alerts", "member-joined", "info"] == 1
    assert found["bianmin_halted_logs",] == 0
    assert found["bianmin_ledger_entries",] >= found["bianmin_ledger_witnessed_entries",]


def test_the_time_to_answer_is_told_by_endpoint(pair: Pair) -> None:
    pair.turn()
    found = figures(pair)
    assert found["bianmin_request_seconds_count", "federation.state"] >= 1
    assert found["bianmin_request_seconds_count", "federation.down"] >= 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/.well-known/bianmin", "federation.bianmin"),
        (f"/federation/v1/nodes/{VILLAGE}/down/receipt", "federation.down.receipt"),
        (f"/federation/v1/blobs/{'a' * 64}", "federation.blobs"),
        ("/witness/add-checkpoint", "federation.witness"),
        ("/federation/v1/nodes/secret", "federation.other"),
    ],
)
def test_no_code_and_no_hash_becomes_a_name(path: str, name: str) -> None:
    assert counted_name(path) == name


def test_a_node_in_order_is_ready(pair: Pair) -> None:
    answer = pair.app.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "ready": True,
        "checks": {"database": "ok", "keys": "ok", "disk": "ok", "schema": "ok"},
    }


def test_a_full_disk_is_a_reason_in_the_readers_language(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(100, 99, 1024**2))
    answer = pair.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "磁盘只剩 1 MB" in json.loads(answer.text)["checks"]["disk"]


def test_unreadable_keys_are_a_reason(pair: Pair) -> None:
    (pair.township.settings.data_dir / "keys" / "current").unlink()
    answer = pair.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "密钥" in json.loads(answer.text)["checks"]["keys"]
