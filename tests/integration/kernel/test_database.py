"""Transactions on both databases: what commits, what vanishes, who waits."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import String, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Mapped, mapped_column

from node.kernel.database import Base, Database, EncryptedJSON, UtcDateTime, bound, build_engine, lock_row
from node.kernel.field_keys import FieldKeyError, FieldKeys
from node.kernel.problems import Problem


class CounterRow(Base):
    __tablename__ = "test_counter"

    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[int]
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SecretRow(Base):
    __tablename__ = "test_secret"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    label: Mapped[str] = mapped_column(String(8), default="")
    personal: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    other: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)


def test_leaving_the_block_commits_and_an_exception_rolls_everything_back(database: Database) -> None:
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=None))

    def change_and_fail() -> None:
        with database.transaction() as session:
            session.get_one(CounterRow, "a").value = 2
            session.add(CounterRow(id="b", value=1, at=None))
            session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        change_and_fail()
    with database.reading() as session:
        assert [(row.id, row.value) for row in session.scalars(select(CounterRow))] == [("a", 1)]


def test_no_update_is_lost_between_threads(database: Database) -> None:
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=0, at=None))

    def add() -> None:
        for _ in range(20):
            with database.transaction() as session:
                row = lock_row(session, CounterRow, "a")
                assert row is not None
                row.value += 1

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.get_one(CounterRow, "a").value == 160


def test_objects_stay_readable_after_the_commit(database: Database) -> None:
    with database.transaction() as session:
        row = CounterRow(id="a", value=7, at=None)
        session.add(row)
    assert row.value == 7


def test_a_second_transaction_of_the_same_thread_is_refused(database: Database) -> None:
    with (
        database.transaction(),
        pytest.raises(RuntimeError, match="pass its session on"),
        database.transaction(),
    ):
        pass
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=None))


def test_reading_inside_a_transaction_sees_only_what_was_committed(database: Database) -> None:
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=None))
        session.flush()
        with database.reading() as reader:
            assert reader.get(CounterRow, "a") is None


def test_a_reader_sees_one_state_throughout(database: Database) -> None:
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=None))
    with database.reading() as reader:
        assert reader.scalar(select(CounterRow.value)) == 1
        with database.transaction() as session:
            session.execute(update(CounterRow).values(value=2))
        assert reader.scalar(select(CounterRow.value)) == 1
    with database.reading() as reader:
        assert reader.scalar(select(CounterRow.value)) == 2


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.reading() as reader:
        reader.execute(delete(CounterRow))
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=None))


def test_instants_come_back_aware_and_in_utc(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=datetime(2026, 11, 24, 9, 30, 1, 250, tzinfo=shanghai)))
    with database.reading() as session:
        at = session.get_one(CounterRow, "a").at
    assert at == datetime(2026, 11, 24, 1, 30, 1, 250, tzinfo=UTC)
    assert at is not None
    assert at.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="needs a zone"), database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=datetime(2026, 11, 24)))


def test_an_encrypted_value_is_unreadable_in_the_table_and_comes_back_whole(database: Database) -> None:
    value = {"name": "李𠮷", "phone": "13800000000", "n": [1, None, True]}
    with database.transaction() as session:
        session.add(SecretRow(id="r1", personal=value, other=None))
    with database.reading() as session:
        raw = session.scalar(text("SELECT personal FROM test_secret"))
        row = session.get_one(SecretRow, "r1")
    assert b"138" not in bytes(raw)
    assert "李".encode() not in bytes(raw)
    assert row.personal == value
    assert row.other is None


def test_an_encrypted_value_can_be_replaced_and_erased(database: Database) -> None:
    with database.transaction() as session:
        session.add(SecretRow(id="r1", personal={"a": 1}, other={"b": 2}))
    with database.transaction() as session:
        session.get_one(SecretRow, "r1").personal = {"a": 2}
    with database.transaction() as session:
        session.get_one(SecretRow, "r1").other = None
    with database.reading() as session:
        row = session.get_one(SecretRow, "r1")
    assert (row.personal, row.other) == ({"a": 2}, None)


def test_a_value_passed_to_another_row_is_bound_to_that_row(database: Database) -> None:
    with database.transaction() as session:
        session.add(SecretRow(id="r1", personal={"a": 1}, other=None))
    with database.transaction() as session:
        session.add(SecretRow(id="r2", personal=session.get_one(SecretRow, "r1").personal, other=None))
    with database.reading() as session:
        assert session.get_one(SecretRow, "r2").personal == {"a": 1}
        assert session.get_one(SecretRow, "r1").personal == {"a": 1}


def test_a_ciphertext_moved_to_another_row_or_column_does_not_open(database: Database) -> None:
    with database.transaction() as session:
        session.add(SecretRow(id="r1", personal={"a": 1}, other=None))
        session.add(SecretRow(id="r2", personal={"a": 2}, other=None))
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE test_secret SET personal = (SELECT s.personal FROM test_secret s WHERE s.id = 'r1')"
                " WHERE id = 'r2'"
            )
        )
    with pytest.raises(FieldKeyError, match="another row"), database.reading() as session:
        session.get(SecretRow, "r2")
    with database.transaction() as session:
        session.execute(text("UPDATE test_secret SET other = personal WHERE id = 'r1'"))
    with pytest.raises(FieldKeyError, match="another place"), database.reading() as session:
        session.get(SecretRow, "r1")


def test_core_statements_write_bound_values_only(database: Database) -> None:
    with database.transaction() as session:
        session.execute(insert(SecretRow), [{"id": "r1", "label": "", "personal": bound("r1", {"a": 1})}])
    with database.reading() as session:
        assert session.get_one(SecretRow, "r1").personal == {"a": 1}
    with pytest.raises(StatementError, match="bound"), database.transaction() as session:
        session.execute(insert(SecretRow), [{"id": "r2", "label": "", "personal": {"a": 1}}])


def test_two_nodes_of_one_process_do_not_share_keys(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        session.add(SecretRow(id="r1", personal={"a": 1}, other=None))
    stranger = Database(build_engine(database_url, FieldKeys.generate()))
    with pytest.raises(FieldKeyError), stranger.reading() as session:
        session.get(SecretRow, "r1")
    stranger.close()


def test_a_broken_constraint_is_not_dressed_up_as_a_storage_problem(database: Database) -> None:
    with database.transaction() as session:
        session.add(CounterRow(id="a", value=1, at=None))
    with pytest.raises(DBAPIError) as caught, database.transaction() as session:
        session.execute(insert(CounterRow), [{"id": "a", "value": 2}])
    assert not isinstance(caught.value, Problem)


def test_a_full_disk_is_one_sentence_and_nothing_half_written(sqlite_url: str) -> None:
    database = Database(build_engine(sqlite_url))
    Base.metadata.tables["test_counter"].create(database.engine)

    def fill_the_disk() -> None:
        with database.transaction() as session:
            session.execute(text("PRAGMA max_page_count=1"))
            session.execute(insert(CounterRow), [{"id": f"c{n}", "value": n} for n in range(5000)])

    with pytest.raises(Problem) as caught:
        fill_the_disk()
    assert (caught.value.code, caught.value.status) == ("disk-full", 507)
    with database.reading() as session:
        assert session.scalars(select(CounterRow)).all() == []
    database.close()


def test_a_missing_database_is_one_sentence() -> None:
    database = Database(build_engine("sqlite:////nonexistent-folder/node.db"))
    with pytest.raises(Problem) as caught, database.reading() as session:
        session.execute(select(1))
    assert caught.value.code == "database-unreachable"


def test_an_in_memory_database_is_refused() -> None:
    with pytest.raises(ValueError, match="is a file"):
        build_engine("sqlite://")
