"""Where a bench ran: versions, PRAGMAs of the database, and how long the disk takes to make a write durable."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import text

from node.kernel.database import Database

PROBES = 60
PROBE_BYTES = 4096
PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "wal_autocheckpoint", "page_size")
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")
PACKAGES = ("bianmin", "SQLAlchemy", "cryptography", "msgspec", "Flask", "waitress", "requests")
MEMORY_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})


def fdatasync_ms(folder: Path) -> float:
    """Median of appending a page to a file of that folder and making it durable, milliseconds."""
    path = folder / "fdatasync-probe"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    taken = []
    try:
        for _ in range(PROBES):
            os.write(descriptor, bytes(PROBE_BYTES))
            began = time.perf_counter()
            os.fdatasync(descriptor)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(taken) * 1000


def file_system_of(folder: Path) -> str:
    """The type of the file system a folder lies on; "" where it cannot be told."""
    here, best = str(folder.resolve()), ("", "")
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in mounts:
        _, point, kind, *_ = line.split(" ")
        inside = here == point or here.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best[0]):
            best = (point, kind)
    return best[1]


def pragmas_of(database: Database) -> dict[str, Any]:
    """The PRAGMAs that a node's database runs with."""
    with database.reading() as session:
        found = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in PRAGMAS}
    found["synchronous"] = SYNCHRONOUS[int(str(found["synchronous"]))]
    return found


def versions() -> dict[str, str]:
    """What took part."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "system": f"{platform.system()} {platform.release()}",
        "cores": str(os.cpu_count()),
        **{name: version(name) for name in PACKAGES},
    }


def surroundings(folder: Path, database: Database) -> dict[str, Any]:
    """The document that stands before the figures."""
    return {
        "versions": versions(),
        "pragmas": pragmas_of(database),
        "file_system": file_system_of(folder),
        "fdatasync_p50_ms": round(fdatasync_ms(folder), 3),
        "load_1min": round(os.getloadavg()[0], 2),
    }
