"""What must hold over all nodes at once, whatever happened (requirements.md §4.3, federation.md §9)."""

from __future__ import annotations

import itertools
import json
from typing import Any

from sqlalchemy import select

from node.cases.states import is_legal_step
from node.cases.tables import CaseChangeRow, CaseRow
from tests.integration.cases.network import Network, Node
from tests.integration.cases.stories import SECRETS


def check_network(network: Network) -> None:
    """One custodian a case, mirrors as prefixes of its history, and nothing personal in the open."""
    cases: dict[str, dict[str, CaseRow]] = {}
    for code, node in network.nodes.items():
        with node.database.reading() as session:
            for row in session.scalars(select(CaseRow)):
                cases.setdefault(row.id, {})[code] = row
    for case_id, rows in cases.items():
        _one_custodian(rows)
        _mirrors_are_prefixes(network, case_id, rows)
    _nothing_personal_in_the_open(network)


def _one_custodian(rows: dict[str, CaseRow]) -> None:
    holders = [code for code, row in rows.items() if row.custodian == code]
    assert len(holders) == 1, f"{len(holders)} nodes think they hold {next(iter(rows.values())).number}"


def _mirrors_are_prefixes(network: Network, case_id: str, rows: dict[str, CaseRow]) -> None:
    histories = {code: _history(network[code], case_id) for code in rows}
    longest = max(histories.values(), key=len)
    for code, history in histories.items():
        assert history == longest[: len(history)], f"{code} has another history of {case_id}"
        assert rows[code].seq == len(history)
        assert rows[code].status == history[-1][2]
    assert [seq for seq, _, _ in longest] == list(range(1, len(longest) + 1))
    assert all(is_legal_step_of(source, target) for _, source, target in longest)
    assert all(after[1] == before[2] for before, after in itertools.pairwise(longest))


def is_legal_step_of(source: str, target: str) -> bool:
    from node.cases.states import Status

    return is_legal_step(Status(source), Status(target))


def _history(node: Node, case_id: str) -> list[tuple[int, str, str]]:
    with node.database.reading() as session:
        rows = session.scalars(
            select(CaseChangeRow).where(CaseChangeRow.case_id == case_id).order_by(CaseChangeRow.seq)
        )
        return [(row.seq, row.source, row.target) for row in rows]


def _nothing_personal_in_the_open(network: Network) -> None:
    shown: list[str] = [json.dumps(sent.data, ensure_ascii=False) for sent in network.carried]
    for node in network.nodes.values():
        shown += [line.decode() for line in node.lines()]
        shown += _stored_plain(node)
    for secret in SECRETS:
        assert not any(secret in text for text in shown), f"{secret} stands readable"


def _stored_plain(node: Node) -> list[str]:
    """Every value of every table as the database itself holds it."""
    from node.kernel.database import Base

    found: list[Any] = []
    with node.database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            for row in connection.exec_driver_sql(f'SELECT {names} FROM "{table.name}"'):
                found += [_as_text(value) for value in row]
    return found


def _as_text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", errors="ignore")
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    )
