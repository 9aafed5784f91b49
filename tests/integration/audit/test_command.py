"""`bianmin audit` between two running processes: clean first, then with one row of the village's ledger changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.support.processes import free_port, run, serving

TOWNSHIP, VILLAGE = "320623101000", "320623101001"
FAST = ("--set", "pull_interval_s=1", "--set", "ledger_interval_s=1", "--set", "push_interval_s=1")


def _network(folder: Path) -> tuple[Path, Path, str]:
    township, village = folder / "township", folder / "village"
    run(
        *("init", "--data", str(township), "--network", "nantong.example", "--code", TOWNSHIP),
        *("--level", "township", "--name", "洋口镇", "--port", str(free_port()), *FAST),
    )
    run("init", "--data", str(village), "--port", str(free_port()), *FAST)
    child = ("--code", VILLAGE, "--level", "village", "--name", "四海社区居委会")
    return township, village, str(run("invite", "--data", str(township), *child)["invitation"])


def _change_a_row(village: Path, index: int) -> None:
    """What somebody with the disk in their hands does."""
    database = sqlite3.connect(village / "node.db", timeout=20)
    with database:
        changed = database.execute(
            "UPDATE stream_entry SET line = replace(CAST(line AS TEXT), '\"v\":1', '\"v\":2') WHERE idx = ? AND log_id ="
            " (SELECT log_id FROM stream_log WHERE role = 'own-ledger')",
            (index,),
        )
        assert changed.rowcount == 1
    database.close()


@pytest.mark.slow
def test_a_changed_row_is_named_by_the_next_round(tmp_path: Path) -> None:
    township, village, invitation = _network(tmp_path)
    with serving(township):
        run("join", "--data", str(village), invitation)
        with serving(village):
            _check_rounds(township, village)


def _check_rounds(township: Path, village: Path) -> None:
    look = ("audit", "--data", str(township), "--target", VILLAGE, "--count", "3", "--wait", "100")
    first = run(*look)
    assert (first["state"], first["clean"], first["findings"]) == ("JUDGED", True, [])
    assert [one["station"] for one in first["stations"] if one["at"]] == [
        "committed",
        "sealed",
        "revealed",
        "drawn",
        "judged",
    ]
    assert {one["outcome"] for one in first["leaves"]} == {"good"}
    _change_a_row(village, 0)
    second = run(*look, "--indices", "0", expect=8)
    assert [(one["code"], one["index"]) for one in second["findings"]] == [("bad-proof", 0)]
    assert second["findings"][0]["zh"].startswith("第 1 条与封存的账本不符")
    again = run("audit", "--data", str(township), "--round", second["round"], expect=8)
    assert again["findings"] == second["findings"]
    refused = run("audit", "--data", str(township), "--target", "320623101999", expect=4)
    assert refused["type"] == "urn:bianmin:problem:audit-target-unknown"
