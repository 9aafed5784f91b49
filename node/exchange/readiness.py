"""Why a process of this node could not work: its keys, its disk, its schema; asked by `/readyz`."""

from __future__ import annotations

import shutil

from config.settings import Settings
from federation.errors import FederationError
from node.exchange.checks import FREE_BAD
from node.exchange.identity import NodeFolder
from node.kernel.database import Database
from node.kernel.migrate import require_current
from node.kernel.problems import Problem
from node.ui.wiring import use


def keys_readable() -> None:
    """The keys are there and open.

    Raises:
        Problem: `keys-unreadable`.
    """
    try:
        use(NodeFolder).identity()
    except FederationError as error:
        raise Problem(
            "keys-unreadable",
            "读不到本节点的密钥:请检查数据文件夹和口令文件。",
            "The keys cannot be read: check the data folder and the passphrase file.",
            503,
        ) from error


def disk_has_room() -> None:
    """There is room to write.

    Raises:
        Problem: `disk-low`.
    """
    free = shutil.disk_usage(use(Settings).data_dir).free
    if free < FREE_BAD:
        raise Problem(
            "disk-low",
            f"磁盘只剩 {free // 1024**2} MB,请清理或扩容。",
            f"Only {free // 1024**2} MB of disk are free; free some or enlarge it.",
            503,
        )


def schema_current() -> None:
    """The database has the schema this program needs.

    Raises:
        Problem: `database-outdated`, `database-newer`.
    """
    require_current(use(Database).engine)


READY = {"keys": keys_readable, "disk": disk_has_room, "schema": schema_current}
