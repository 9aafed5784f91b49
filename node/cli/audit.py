"""`bianmin audit`: a round on a ledger below, from the commitment to what it found.

The command opens the round in the running node's database; the node's own worker sends, seals, reveals and judges.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import click

from node.audit.reading import RoundView, read_round, round_document
from node.audit.rules import State
from node.audit.service import open_round
from node.audit.words import OUTCOMES, STATES
from node.cli.opening import opened
from node.cli.output import Console, data_option, speaking
from node.container import Container
from node.exchange.administration import COMMAND_LINE
from node.kernel.problems import EXIT_FALSE, EXIT_TRY_LATER

LOOK_EVERY_S = 0.5
_LIST = re.compile(r"\s*(?:[0-9]{1,15}(?:\s*,\s*[0-9]{1,15})*)?\s*")


def _indices(_context: click.Context, _option: click.Parameter, text: str) -> list[int]:
    if _LIST.fullmatch(text) is None:
        raise click.BadParameter("3,17")
    return [int(part) for part in text.split(",") if part.strip()]


@click.command("audit")
@data_option
@click.option("--target", help="下级单位代码 / code of the node below")
@click.option("--count", type=int, default=5, show_default=True, help="抽取条数 / entries to draw")
@click.option(
    "--indices",
    callback=_indices,
    default="",
    help="投诉点名的账本序号,从 0 起,如 3,17 / indices a complaint names, from 0",
)
@click.option(
    "--wait", "wait_s", type=float, default=60.0, show_default=True, help="最多等几秒 / seconds to wait"
)
@click.option("--round", "round_id", help="查看已有的一轮 / look at a round instead of opening one")
@speaking
def audit(
    console: Console,
    data_dir: Path,
    target: str | None,
    count: int,
    indices: list[int],
    wait_s: float,
    round_id: str | None,
) -> None:
    """抽查一个下级的账本 / Audit the ledger of a node below."""
    if (target is None) == (round_id is None):
        raise click.UsageError("--target | --round")
    with opened(data_dir) as node:
        if round_id is None:
            round_id = _begin(node, target or "", count, indices)
            console.note(
                "种子已承诺,等待对方封存和出示。", "The seed is committed; waiting for the other side."
            )
        view = _await_end(node, round_id, wait_s)
    _tell(console, view)
    console.document(round_document(view))
    if view.row.state != State.JUDGED.value:
        console.note(
            f"这一轮还没有结束。稍后运行 bianmin audit --round {round_id} 查看。",
            f"The round is not over. Look again later with bianmin audit --round {round_id}.",
        )
        sys.exit(EXIT_TRY_LATER)
    if not view.is_clean:
        sys.exit(EXIT_FALSE)


def _begin(node: Container, target: str, count: int, indices: list[int]) -> str:
    with node.database.transaction() as session:
        return open_round(node.audit, session, target, count, indices=indices, post=COMMAND_LINE).id


def _await_end(node: Container, round_id: str, wait_s: float) -> RoundView:
    """The round when it is judged, or as it stands when the wait is over."""
    until = time.monotonic() + wait_s
    while True:
        with node.database.reading() as session:
            view = read_round(node.audit, session, round_id)
        if view.row.state == State.JUDGED.value or time.monotonic() >= until:
            return view
        time.sleep(LOOK_EVERY_S)


def _tell(console: Console, view: RoundView) -> None:
    words = console.words
    console.say(
        f"{view.target_name}({view.row.target})· {view.row.origin} · {STATES[view.row.state][0]}",
        f"{view.target_name} ({view.row.target}) · {view.row.origin} · {STATES[view.row.state][1]}",
    )
    console.table(
        [words("环节", "station"), words("时间", "time"), words("签名", "signed by"), words("指纹", "hash")],
        [
            [
                words(*one.words),
                "—" if one.at is None else one.at.isoformat(timespec="seconds"),
                " · ".join(one.signers) if one.at is not None else "",
                one.hash[:16],
            ]
            for one in view.stations
        ],
    )
    if any(one.outcome for one in view.leaves):
        console.table(
            [words("序号", "index"), words("登记", "entry"), words("结果", "outcome")],
            [
                [one.index, one.type or "—", words(*OUTCOMES[one.outcome])]
                for one in view.leaves
                if one.outcome
            ],
        )
    for found in view.findings:
        console.say(f"✗ {found.words[0]}", f"✗ {found.words[1]}")
    if view.is_clean:
        console.say(
            f"✓ 出示的 {len(view.leaves)} 条全部属实。", f"✓ All {len(view.leaves)} entries shown hold."
        )


COMMANDS = (audit,)
