"""`verify` and `fsck`: does a citizen's proof hold, do this node's own logs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from node.cli.opening import opened
from node.cli.output import Console, data_option, speaking
from node.kernel.problems import EXIT_FALSE


@click.command("fsck")
@data_option
@speaking
def fsck(console: Console, data_dir: Path) -> None:
    """由条目重算每个日志,核对检查点和头文件 / Recompute every log from its entries, against notes and head file."""
    with opened(data_dir) as node:
        found = node.repair.check()
    console.say(
        f"核对 {found.logs} 个日志、{found.entries} 条,{'全部成立' if found.holds else f'{len(found.faults)} 处不符'}。",
        f"{found.logs} logs, {found.entries} entries: {'all hold' if found.holds else f'{len(found.faults)} faults'}.",
    )
    for fault in found.faults:
        place = "" if fault.index < 0 else f" #{fault.index}"
        console.say(f"{fault.origin}{place}:{fault.zh}", f"{fault.origin}{place}: {fault.en}")
    console.document(
        {
            "logs": found.logs,
            "entries": found.entries,
            "holds": found.holds,
            "faults": [
                {"origin": one.origin, "kind": one.kind, "index": one.index, "zh": one.zh, "en": one.en}
                for one in found.faults
            ],
        }
    )
    if not found.holds:
        sys.exit(EXIT_FALSE)


COMMANDS = (fsck,)
