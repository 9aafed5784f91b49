"""`status`, `doctor`: how the node stands, and what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from node.cli.doctor import examine
from node.cli.opening import opened
from node.cli.output import Console, data_option, speaking
from node.exchange.alert_words import alert_words
from node.exchange.overview import Neighbour, Overview
from node.kernel.problems import EXIT_REFUSED


def overview_document(found: Overview) -> dict[str, Any]:
    """What `status --json` prints."""
    return {
        "code": found.code,
        "name": found.name,
        "level": found.level,
        "network": found.network,
        "anchor": found.anchor,
        "parent_url": found.parent_url or None,
        "clock_delta_s": found.clock_delta_s,
        "queue": {"depth": found.depth},
        "ledger": {"size": found.ledger_size, "witnessed": found.ledger_witnessed},
        "neighbours": [_neighbour(one) for one in found.neighbours],
        "links": {
            name: {
                "failures": link.failures,
                "due_at": link.due_at,
                "succeeded_at": link.succeeded_at,
                "failed_at": link.failed_at,
                "code": link.code,
                "refused": link.refused,
            }
            for name, link in found.links.items()
        },
        "set_aside": [
            {"origin": one.origin, "index": one.index, "reason": one.reason, "subject": one.subject}
            for one in found.set_aside
        ],
        "unknown": found.unknown,
        "halted": [{"origin": log.origin, "why": log.halted} for log in found.foreign],
        "alerts": [
            {
                "id": one.id,
                "code": one.code,
                "severity": one.severity,
                "peer": one.peer,
                "count": one.count,
                "zh": alert_words(one.code)[0],
                "en": alert_words(one.code)[1],
            }
            for one in found.alerts
        ],
    }


def _neighbour(one: Neighbour) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "level": one.level,
        "direct": one.direct,
        "node_key": one.node_key,
        "statement_expires": one.statement_expires,
        "statement_days_left": one.statement_days_left,
        "revoked": one.revoked,
        "last_heard": one.last_heard,
        "queued": one.out.queued,
        "unsent": one.out.unsent,
        "oldest_at": one.out.oldest_at,
        "receipted": one.out.receipted,
        "received": one.received,
        "applied": one.applied,
        "ledger_size": one.ledger_size,
    }


@click.command("status")
@data_option
@speaking
def status(console: Console, data_dir: Path) -> None:
    """查看邻居、队列、账本和告警 / Show neighbours, queues, ledger and alerts."""
    with opened(data_dir) as node:
        found = node.administration.overview()
    console.say(
        f"{found.name}({found.code})· 网络 {found.network} · 上级 {found.parent_url or '无(顶级)'}",
        f"{found.name} ({found.code}) · network {found.network} · parent {found.parent_url or 'none (a top)'}",
    )
    console.say(
        f"账本 {found.ledger_size} 条,其中 {found.ledger_witnessed} 条已见证;待上送 {found.depth} 条;"
        f"搁置 {len(found.set_aside)} 条;告警 {len(found.alerts)} 条",
        f"ledger {found.ledger_size} facts, {found.ledger_witnessed} witnessed; waiting to be sent {found.depth}; "
        f"set aside {len(found.set_aside)}; alerts {len(found.alerts)}",
    )
    words = console.words
    heads = [
        words("代码", "code"),
        words("名称", "name"),
        words("关系", "relation"),
        words("待发", "waiting"),
        words("已回执", "receipted"),
        words("收到", "received"),
        words("已办", "applied"),
        words("证明剩余天数", "days left"),
    ]
    console.table(
        heads,
        [
            [
                one.code,
                one.name,
                _relation(console, one),
                one.out.depth,
                one.out.receipted,
                one.received,
                one.applied,
                one.statement_days_left,
            ]
            for one in found.neighbours
        ],
    )
    for alert in found.alerts:
        zh, en = alert_words(alert.code)
        about = f" {alert.peer}" if alert.peer else ""
        console.say(
            f"告警{about} ×{alert.count}:{zh}",
            f"alert{about} ×{alert.count}: {en}",
        )
    console.document(overview_document(found))


def _relation(console: Console, one: Neighbour) -> str:
    if one.revoked:
        return console.words("已撤销", "revoked")
    return {
        "self": console.words("本节点", "self"),
        "parent": console.words("上级", "parent"),
        "child": console.words("下级", "child"),
        "": console.words("更远", "further"),
    }[one.direct]


@click.command("doctor")
@data_option
@speaking
def doctor(console: Console, data_dir: Path) -> None:
    """检查上级、时钟、密钥、证明、磁盘、日历、队列 / Check parent, clock, keys, statement, disk, calendar, queue."""
    with opened(data_dir) as node:
        findings = examine(node)
    marks = {"good": "✓", "warning": "!", "bad": "✗"}
    for one in findings:
        console.say(f"{marks[one.state]} {one.zh}", f"{marks[one.state]} {one.en}")
    console.document(
        {
            "healthy": all(one.state != "bad" for one in findings),
            "checks": [
                {"check": one.check, "state": one.state, "zh": one.zh, "en": one.en} for one in findings
            ],
        }
    )
    if any(one.state == "bad" for one in findings):
        sys.exit(EXIT_REFUSED)


COMMANDS = (status, doctor)
