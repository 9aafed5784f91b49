"""Where a bench ran."""

from __future__ import annotations

from pathlib import Path

from demo.bench_surroundings import MEMORY_FILE_SYSTEMS, fdatasync_ms, file_system_of, versions


def test_a_folder_in_memory_is_known_as_such() -> None:
    assert file_system_of(Path("/dev/shm")) in MEMORY_FILE_SYSTEMS
    assert file_system_of(Path("/proc")) == "proc"


def test_the_disk_is_probed_and_left_clean(tmp_path: Path) -> None:
    assert fdatasync_ms(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []


def test_the_versions_of_everything_that_takes_part_are_told() -> None:
    assert {"python", "sqlite", "SQLAlchemy", "cryptography"} <= set(versions())
