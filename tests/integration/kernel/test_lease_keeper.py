"""Leases held over many steps, on both databases."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta

from node.kernel.clock import FixedClock
from node.kernel.database import Database
from node.kernel.lease_keeper import LeaseKeeper, is_gone
from node.kernel.leases import LeaseRow, acquire

NOW = "2026-11-24T01:00:00+00:00"


def _keeper(database: Database, clock: FixedClock) -> LeaseKeeper:
    return LeaseKeeper(database, clock)


def test_a_lease_is_held_by_one_and_renewed_while_it_works(database: Database) -> None:
    clock = FixedClock(NOW)
    first, second = _keeper(database, clock), _keeper(database, clock)
    for _ in range(10):
        assert first.hold("work")
        assert not second.hold("work")
        clock.advance(seconds=20)


def test_a_lease_given_back_is_free_at_once(database: Database) -> None:
    clock = FixedClock(NOW)
    first, second = _keeper(database, clock), _keeper(database, clock)
    assert first.hold("work")
    first.give_back()
    assert second.hold("work")


def test_a_lease_nobody_renews_is_free_after_its_time(database: Database) -> None:
    clock = FixedClock(NOW)
    first, second = _keeper(database, clock), _keeper(database, clock)
    assert first.hold("work")
    clock.advance(seconds=31)
    assert second.hold("work")
    assert not first.hold("work")


def test_a_process_that_is_gone_holds_nothing_up_on_one_machine(database: Database) -> None:
    code = "import os; print(os.getpid())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    gone = f"{socket.gethostname()[:40]}:{int(done.stdout)}:abcd"
    clock = FixedClock(NOW)
    keeper = _keeper(database, clock)
    with database.transaction() as session:
        assert acquire(session, "work", gone, clock.now(), timedelta(hours=1))
    assert keeper.hold("work") is (database.engine.dialect.name == "sqlite")
    with database.reading() as session:
        assert session.get(LeaseRow, "work") is not None


def test_only_a_process_of_this_machine_can_be_known_to_be_gone() -> None:
    assert not is_gone("elsewhere:1:abcd")
    assert not is_gone("nonsense")
    assert not is_gone(LeaseKeeper.__name__)
