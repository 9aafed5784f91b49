"""What a look at a node can tell without asking anybody: clock, statement, queue, logs, calendar, disk; pure.

`bianmin doctor` and the network page say the same sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from node.exchange.alert_words import alert_words
from node.exchange.overview import Overview

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


def check_clock(delta_s: int | None) -> Finding:
    """Args: delta_s: the parent's clock minus this machine's, None when never told."""
    if delta_s is None or abs(delta_s) < CLOCK_NOTED_S:
        return Finding("clock", "good", "时钟正常。", "The clock is right.")
    return Finding(
        "clock",
        "bad" if abs(delta_s) >= CLOCK_BAD_S else "warning",
        f"本机时钟与上级相差 {delta_s} 秒,请校准系统时间。",
        f"This machine's clock differs from the parent's by {delta_s} s; set the system time.",
    )


def check_statement(found: Overview) -> Finding:
    """How long the node's own statement is good."""
    own = found.own
    if own is None:
        return Finding("statement", "bad", "没有成员证明。", "There is no statement about this node.")
    days = own.statement_days_left
    if days < 0:
        return Finding(
            "statement", "bad", "成员证明已过期,请联系上级。", "The statement has expired; ask the parent."
        )
    return Finding(
        "statement",
        "warning" if days < DAYS_LOW else "good",
        f"成员证明还有 {days} 天。",
        f"The statement is good for {days} more days.",
    )


def check_disk(free_bytes: int) -> Finding:
    """Space left where the data lie."""
    state: State = "bad" if free_bytes < FREE_BAD else "warning" if free_bytes < FREE_LOW else "good"
    gb = free_bytes / 1024**3
    advice_zh = "" if state == "good" else ",请清理或扩容"
    advice_en = "" if state == "good" else "; free some or enlarge it"
    return Finding(
        "disk", state, f"磁盘剩余 {gb:.1f} GB{advice_zh}。", f"{gb:.1f} GB of disk are free{advice_en}."
    )


def check_calendar(year: int, *, is_official: bool) -> Finding:
    """Whether the State Council's notice of a year has been imported."""
    if is_official:
        return Finding(
            "calendar", "good", f"{year} 年工作日历已按通知导入。", f"The calendar of {year} is official."
        )
    return Finding(
        "calendar",
        "warning",
        f"{year} 年工作日历是推定的,请用 bianmin calendar import 导入国务院通知。",
        f"The calendar of {year} is provisional; import the official notice with bianmin calendar import.",
    )


def check_queue(found: Overview) -> Finding:
    """What waits to be sent, and for how long."""
    oldest = [one.out.oldest_at for one in found.neighbours if one.out.oldest_at is not None]
    if not oldest:
        return Finding("queue", "good", "没有待发内容。", "Nothing waits to be sent.")
    age = found.at - min(oldest)
    minutes = int(age.total_seconds() // 60)
    return Finding(
        "queue",
        "warning" if age >= QUEUE_OLD else "good",
        f"待发 {found.depth} 条,最早的已等 {minutes} 分钟。",
        f"{found.depth} entries wait to be sent, the oldest for {minutes} minutes.",
    )


def check_alerts(found: Overview) -> list[Finding]:
    """What nobody has closed yet, each kind of alert once; nothing where there is none."""
    counts: dict[str, int] = {}
    for alert in found.alerts:
        if alert.severity != "info":
            counts[alert.code] = counts.get(alert.code, 0) + 1
    findings = []
    for code, count in counts.items():
        zh, en = alert_words(code)
        times_zh, times_en = ("", "") if count == 1 else (f"({count} 起)", f" ({count} of them)")
        findings.append(Finding("alert", "warning", f"告警{times_zh}:{zh}", f"Alert{times_en}: {en}"))
    return findings


def check_logs(found: Overview) -> list[Finding]:
    """Halted logs and set-aside entries."""
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
