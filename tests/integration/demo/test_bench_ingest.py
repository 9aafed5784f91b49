"""Both sides of P1 store the same rows."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from demo.bench_ingest import both_sides, event_line
from demo.places import choose_places

ROWS = "SELECT log_id, idx, line, leaf FROM {} ORDER BY idx"


def test_an_event_has_ten_fields_and_about_a_kilobyte() -> None:
    line = event_line("bench.example/320623101001", 7)
    assert len(json.loads(line)["data"]) == 10
    assert 900 <= len(line) <= 1500


def test_ingest_and_bare_insert_store_the_same_rows(tmp_path: Path) -> None:
    places = choose_places(20)
    with both_sides(tmp_path, places[-2], places[-1]) as (township, bare):
        for count in (1, 3):
            request, rows = township.prepare(count)
            township.ingest(request)
            bare.insert(rows)
    with sqlite3.connect(tmp_path / "node.db") as node, sqlite3.connect(tmp_path / "bare.db") as other:
        stored = node.execute(ROWS.format("stream_entry")).fetchall()
        assert stored == other.execute(ROWS.format("bare")).fetchall()
        assert [row[1] for row in stored] == [0, 1, 2, 3]
        assert node.execute("SELECT size, receipted_size FROM stream_log").fetchall() == [(4, 4)]
        assert node.execute("SELECT count(*) FROM spent_nonce").fetchone() == (2,)
    node.close()
    other.close()
