"""What `doctor` looks at, one finding each: a sentence that says what is so, and what to do where it is not good."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from federation.errors import FederationError, ProtocolError
from node.container import Container
from node.exchange.overview import Overview
from node.kernel.clock import local_date

State = Literal["good", "warning", "bad"]
FREE_BAD = 200 * 1024 * 1024
FREE_LOW = 2 * 1024 * 1024 * 1024
CLOCK_NOTED_S = 5
CLOCK_BAD_S = 300
DAYS_LOW = 30
QUEUE_OLD = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and how it came out."""

    check: str
    state: State
    zh: str
    en: str


Check = Callable[[Container, Overview], list[Finding]]


def examine(node: Container) -> list[Finding]:
    """Every check, in the order an operator would make them. Asks the parent; changes nothing but what that brings."""
    parent = _parent(node)
    found = node.administration.overview()
    findings = [*parent]
    for check in (_clock, _keys, _statement, _disk, _calendar, _queue, _logs):
        findings += check(node, found)
    return findings


def _parent(node: Container) -> list[Finding]:
    if node.client is None:
        return [
            Finding("parent", "good", "本节点是顶级节点,没有上级。", "This node is a top; it has no parent.")
        ]
    trust = node.folder.read_trust()
    url = "" if trust is None else trust.parent_url
    try:
        node.client.check_state()
    except ProtocolError as error:
        zh = f"上级 {url} 拒绝了本节点({error.code})。"
        return [Finding("parent", "bad", zh, f"The parent {url} refused this node ({error.code}).")]
    except FederationError as error:
        zh = f"联系不上上级 {url}:请检查网络和地址(bianmin parent)。"
        en = f"The parent {url} cannot be reached: check the network and the address. ({error.code})"
        return [Finding("parent", "bad", zh, en)]
    return [Finding("parent", "good", f"上级 {url} 可以联系。", f"The parent {url} answers.")]


def _clock(node: Container, found: Overview) -> list[Finding]:
    delta = found.clock_delta_s if node.client is None else node.client.delta_s
    if delta is None or abs(delta) < CLOCK_NOTED_S:
        return [Finding("clock", "good", "时钟正常。", "The clock is right.")]
    state: State = "bad" if abs(delta) >= CLOCK_BAD_S else "warning"
    return [
        Finding(
            "clock",
            state,
            f"本机时钟与上级相差 {delta} 秒,请校准系统时间。",
            f"This machine's clock differs from the parent's by {delta} s; set the system time.",
        )
    ]


def _keys(node: Container, _found: Overview) -> list[Finding]:
    kid = node.identity.kid
    if node.settings.passphrase_file is None:
        return [
            Finding(
                "keys",
                "warning",
                f"密钥可用({kid}),但未加口令保护;可配置 passphrase_file。",
                f"The keys work ({kid}) but have no passphrase; passphrase_file can name one.",
            )
        ]
    return [
        Finding(
            "keys", "good", f"密钥可用({kid}),有口令保护。", f"The keys work ({kid}), under a passphrase."
        )
    ]


def _statement(_node: Container, found: Overview) -> list[Finding]:
    own = found.own
    if own is None:
        return [Finding("statement", "bad", "没有成员证明。", "There is no statement about this node.")]
    days = own.statement_days_left
    if days < 0:
        return [
            Finding(
                "statement",
                "bad",
                "成员证明已过期,请联系上级。",
                "The statement has expired; ask the parent.",
            )
        ]
    state: State = "warning" if days < DAYS_LOW else "good"
    return [
        Finding(
            "statement", state, f"成员证明还有 {days} 天。", f"The statement is good for {days} more days."
        )
    ]


def _disk(node: Container, _found: Overview) -> list[Finding]:
    free = shutil.disk_usage(node.settings.data_dir).free
    state: State = "bad" if free < FREE_BAD else "warning" if free < FREE_LOW else "good"
    gb = free / 1024**3
    advice_zh = "" if state == "good" else ",请清理或扩容"
    advice_en = "" if state == "good" else "; free some or enlarge it"
    return [
        Finding(
            "disk", state, f"磁盘剩余 {gb:.1f} GB{advice_zh}。", f"{gb:.1f} GB of disk are free{advice_en}."
        )
    ]


def _calendar(node: Container, found: Overview) -> list[Finding]:
    year = local_date(found.at).year
    if node.calendar.is_official(year):
        return [
            Finding(
                "calendar", "good", f"{year} 年工作日历已按通知导入。", f"The calendar of {year} is official."
            )
        ]
    return [
        Finding(
            "calendar",
            "warning",
            f"{year} 年工作日历是推定的,请用 bianmin calendar import 导入国务院通知。",
            f"The calendar of {year} is provisional; import the official notice with bianmin calendar import.",
        )
    ]


def _queue(_node: Container, found: Overview) -> list[Finding]:
    oldest = [one.out.oldest_at for one in found.neighbours if one.out.oldest_at is not None]
    if not oldest:
        return [Finding("queue", "good", "没有待发内容。", "Nothing waits to be sent.")]
    age = found.at - min(oldest)
    state: State = "warning" if age >= QUEUE_OLD else "good"
    minutes = int(age.total_seconds() // 60)
    return [
        Finding(
            "queue",
            state,
            f"待发 {found.depth} 条,最早的已等 {minutes} 分钟。",
            f"{found.depth} entries wait to be sent, the oldest for {minutes} minutes.",
        )
    ]


def _logs(_node: Container, found: Overview) -> list[Finding]:
    findings = [
        Finding(
            "logs",
            "bad",
            f"日志 {log.origin} 已停写({log.halted}),请按网络页的提示处理。",
            f"The log {log.origin} is halted ({log.halted}); the network page says what to do.",
        )
        for log in found.foreign
    ]
    if found.set_aside:
        count = len(found.set_aside)
        findings.append(
            Finding(
                "set-aside",
                "warning",
                f"有 {count} 条来文被搁置,请用 bianmin release 处理。",
                f"{count} entries are set aside; see bianmin release.",
            )
        )
    return findings or [Finding("logs", "good", "日志正常。", "The logs are in order.")]
