"""`verify` and `fsck`: does a citizen's proof hold, do this node's own logs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click
import msgspec

from federation.proof import PROOF_LENGTH
from node.cli.opening import opened
from node.cli.output import Console, data_option, speaking
from node.kernel.clock import SystemClock
from node.kernel.problems import EXIT_FALSE
from node.ledger.verifying import judge_proof


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


@click.command("verify")
@data_option
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--anchor", help="信任锚指纹;不写则用本节点的 / the trust anchor; this node's when left out")
@speaking
def verify(console: Console, data_dir: Path, file: TextIO, anchor: str | None) -> None:
    """核验一份证明文件:已见证、未经见证、不属实 / Judge a proof file: witnessed, promised or false."""
    text = file.read(PROOF_LENGTH + 1)
    if anchor is not None:
        verdict = judge_proof(text, "".join(anchor.split()), SystemClock().now())
    else:
        with opened(data_dir) as node, node.database.reading() as session:
            verdict = node.proofs.judge(session, text)
    console.say(verdict.zh, verdict.en)
    fact = verdict.fact
    if fact is not None:
        console.say(
            f"{verdict.origin} 第 {verdict.index} 条:{fact.type},{fact.day},{fact.number}",
            f"entry {verdict.index} of {verdict.origin}: {fact.type}, {fact.day}, {fact.number}",
        )
    console.document(
        {
            "result": verdict.result,
            "code": verdict.code,
            "detail": verdict.detail,
            "origin": verdict.origin,
            "index": verdict.index,
            "size": verdict.size,
            "witness": verdict.witness or None,
            "witnessed_at": verdict.witnessed_at,
            "fact": None if fact is None else msgspec.to_builtins(fact),
        }
    )
    if verdict.result == "false":
        sys.exit(EXIT_FALSE)


COMMANDS = (fsck, verify)
