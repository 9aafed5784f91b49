"""Migrations lead to exactly the tables the program declares, on both databases; all or none; never backwards unseen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from node.kernel.database import Database, build_engine
from node.kernel.migrate import (
    alembic_config,
    current_revision,
    head_revision,
    require_current,
    upgrade,
)
from node.kernel.problems import Problem
from node.migrations.regenerate import VERSIONS, regenerate
from node.migrations.schema import node_metadata, owned_tables

LINE_LIMIT = 400


def shape(engine: Engine) -> dict[str, Any]:
    """Everything the database itself says about its tables."""
    found = inspect(engine)
    return {
        table: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], str(column["default"]))
                for column in found.get_columns(table)
            ],
            "key": found.get_pk_constraint(table),
            "foreign": sorted(found.get_foreign_keys(table), key=lambda one: str(one["name"])),
            "unique": sorted(found.get_unique_constraints(table), key=lambda one: str(one["name"])),
            "indexes": sorted(
                (str(one["name"]), one["column_names"], one["unique"], _conditions(one))
                for one in found.get_indexes(table)
            ),
            "counts_up": engine.dialect.name == "sqlite" and _counts_up(engine, table),
        }
        for table in sorted(found.get_table_names())
        if table != "alembic_version"
    }


def _conditions(index: Any) -> dict[str, str]:
    options = index.get("dialect_options", {})
    return {key: str(value) for key, value in options.items() if key.endswith("_where")}


def _counts_up(engine: Engine, table: str) -> bool:
    with engine.connect() as connection:
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    return "AUTOINCREMENT" in made


def test_the_migrated_schema_is_the_declared_one(empty_database: Database) -> None:
    assert upgrade(empty_database.engine)
    migrated = shape(empty_database.engine)
    node_metadata().drop_all(empty_database.engine)
    node_metadata().create_all(empty_database.engine)
    assert migrated == shape(empty_database.engine)
    assert set(migrated) == {table.name for tables in owned_tables().values() for table in tables}


def test_alembic_itself_sees_no_difference(empty_database: Database) -> None:
    upgrade(empty_database.engine)
    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, node_metadata()) == []


def test_the_files_are_what_regenerating_them_gives(tmp_path: Path) -> None:
    written = regenerate(tmp_path)
    generated = {path.name: path.read_text(encoding="utf-8") for path in written}
    kept = {path.name: path.read_text(encoding="utf-8") for path in VERSIONS.glob("*.py")}
    assert generated == kept, "python -m node.migrations.regenerate, and commit what it writes"
    assert max(text.count("\n") for text in kept.values()) <= LINE_LIMIT


def test_upgrading_twice_does_nothing_the_second_time(empty_database: Database) -> None:
    assert current_revision(empty_database.engine) is None
    assert upgrade(empty_database.engine)
    assert not upgrade(empty_database.engine)
    assert current_revision(empty_database.engine) == head_revision()
    require_current(empty_database.engine)


def test_rows_survive_the_later_steps(empty_database: Database) -> None:
    first = next(iter(ScriptDirectory.from_config(alembic_config()).walk_revisions("base", "0001"))).revision
    assert first == "0001"
    config = alembic_config()
    with empty_database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO lease (name, holder, until) VALUES ('a', 'b', '2026-11-24')"))
    with pytest.raises(Problem) as caught:
        require_current(empty_database.engine)
    assert caught.value.code == "database-outdated"
    assert upgrade(empty_database.engine)
    with empty_database.engine.connect() as connection:
        assert connection.scalar(text("SELECT holder FROM lease")) == "b"


def test_a_database_of_a_later_program_is_left_alone(empty_database: Database) -> None:
    upgrade(empty_database.engine)
    with empty_database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (upgrade, require_current):
        with pytest.raises(Problem) as caught:
            attempt(empty_database.engine)
        assert caught.value.code == "database-newer"
    assert current_revision(empty_database.engine) == "9999"


def test_a_step_that_fails_leaves_nothing_behind(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty_database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE fact (id INTEGER)"))  # in the way of a later step
    with pytest.raises(Exception, match="fact"):
        upgrade(empty_database.engine)
    assert inspect(empty_database.engine).get_table_names() == ["fact"]


def test_two_processes_upgrade_once(empty_database: Database, database_url: str, field_keys: Any) -> None:
    done: list[bool] = []
    engines = [build_engine(database_url, field_keys) for _ in range(3)]

    threads = [
        threading.Thread(target=lambda engine=engine: done.append(upgrade(engine))) for engine in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.dispose()
    assert sorted(done) == [False, False, True]


def test_foreign_keys_are_on_again_afterwards(sqlite_url: str) -> None:
    engine = build_engine(sqlite_url)
    upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_every_step_can_be_taken_back(empty_database: Database) -> None:
    upgrade(empty_database.engine)
    config = alembic_config()
    with empty_database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(empty_database.engine).get_table_names() == ["alembic_version"]
