"""What each setting may be: one marshmallow schema; every field carries its rule as a pair of phrases.

Values come from TOML with their types and from the environment as text, so a number may be `8604` or `"8604"`. A rule
is a phrase that ends a sentence: 「listen_port 须为 0 至 65535 的整数」, "listen_port must be a whole number from 0 to 65535".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from marshmallow import RAISE, Schema, ValidationError, fields

from config.settings import LEVELS

NETWORK = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
CODE = re.compile("[0-9]{12}")
HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}")
NAME_MAX = 60
BLOB_BYTES = 67_108_864 - 28
"""Longest attachment whose ciphertext still fits into a blob (federation.md §3; nonce 12 and tag 16 bytes)."""
LEDGER_INTERVAL_MAX_S = 900
"""A growing ledger is witnessed at least every 15 minutes (federation.md §6)."""
SHORTEST_S = 0.05
"""Shortest interval between two looks for work."""
TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
SECRET_KEYS = frozenset({"database_url", "smtp_url"})
"""Values that may hold a password: never repeated in a message."""


class Text(fields.Field[str]):
    """Text without outer space and control characters."""

    def __init__(self, zh: str, en: str, accepts: Callable[[str], bool], **more: Any) -> None:
        super().__init__(metadata={"zh": zh, "en": en}, **more)
        self._accepts = accepts

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if not isinstance(value, str) or not value.isprintable() or not self._accepts(value.strip()):
            raise ValidationError("rule")
        return value.strip()


class Number(fields.Field[float]):
    """A number within bounds; whole unless `fraction`."""

    def __init__(self, low: float, high: int, *, fraction: bool = False) -> None:
        kind_zh, kind_en = ("数", "number") if fraction else ("整数", "whole number")
        super().__init__(
            metadata={
                "zh": f"须为 {low} 至 {high} 的{kind_zh}",
                "en": f"must be a {kind_en} from {low} to {high}",
            }
        )
        self._low, self._high, self._fraction = low, high, fraction

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError(value)
            number = float(value) if self._fraction else int(value)
            if not self._low <= number <= self._high or (not self._fraction and isinstance(value, float)):
                raise ValueError(value)
        except ValueError as error:
            raise ValidationError("rule") from error
        return number


class Flag(fields.Field[bool]):
    """true or false; 1, 0, yes, no, on, off too."""

    def __init__(self) -> None:
        super().__init__(metadata={"zh": "须为 true 或 false", "en": "must be true or false"})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in TRUE | FALSE:
            raise ValidationError("rule")
        return word in TRUE


def _one_of(*words: str) -> Text:
    return Text(
        f"须为 {'、'.join(words)} 之一", f"must be one of {', '.join(words)}", lambda text: text in words
    )


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and parts.username is None
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain


def _is_database(text: str) -> bool:
    if text.startswith("sqlite:///"):
        return text.startswith("sqlite:////") and not text.endswith("/")
    return re.match(r"postgresql(\+psycopg)?://", text) is not None


def _is_timezone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return text != ""


def _short(text: str) -> bool:
    return len(text) <= NAME_MAX


class SettingsSchema(Schema):
    """Every setting but `data_dir`, which is where `node.toml` lies."""

    class Meta:
        unknown = RAISE

    network = Text(
        "须为小写的网络名,如 nantong.example",
        "must be the network's name in lower case, such as nantong.example",
        lambda text: NETWORK.fullmatch(text) is not None,
        required=True,
    )
    code = Text(
        "须为 12 位统计用区划代码,如 320623101001",
        "must be the 12-digit statistical division code, such as 320623101001",
        lambda text: CODE.fullmatch(text) is not None,
        required=True,
    )
    level = Text(
        f"须为 {'、'.join(LEVELS)} 之一",
        f"must be one of {', '.join(LEVELS)}",
        lambda text: text in LEVELS,
        required=True,
    )
    name = Text(
        f"须为 1 至 {NAME_MAX} 个字的名称,如 示例村便民服务室",
        f"must be a name of 1 to {NAME_MAX} characters",
        lambda text: 1 <= len(text) <= NAME_MAX,
        required=True,
    )
    phone = Text(f"不超过 {NAME_MAX} 个字", f"must have at most {NAME_MAX} characters", _short)
    hours = Text(f"不超过 {NAME_MAX} 个字", f"must have at most {NAME_MAX} characters", _short)
    database_url = Text(
        "须为 sqlite:////绝对路径 或 postgresql://… 形式",
        "must be sqlite:////absolute/path or postgresql://…",
        _is_database,
    )
    listen_host = Text(
        "须为本机的地址,如 127.0.0.1 或 0.0.0.0",
        "must be an address of this machine, such as 127.0.0.1 or 0.0.0.0",
        lambda text: HOST.fullmatch(text) is not None,
    )
    listen_port = Number(0, 65_535)
    public_url = Text(
        "须为不带路径的网址,如 https://bianmin.example",
        "must be an address without a path, such as https://bianmin.example",
        _is_web_address,
    )
    trusted_proxies = Number(0, 8)
    secure_cookies = Flag()
    allow_plain_http = Flag()
    ca_file = Text("须为文件路径;空表示不用", "must be the path of a file; empty for none", lambda text: True)
    passphrase_file = Text(
        "须为文件路径;空表示不用", "must be the path of a file; empty for none", lambda text: True
    )
    demo_mode = Flag()
    language = _one_of("zh", "en")
    timezone = Text(
        "须为时区名,如 Asia/Shanghai", "must be a time zone's name, such as Asia/Shanghai", _is_timezone
    )
    log_level = _one_of("debug", "info", "warning", "error")
    sequence_interval_s = Number(SHORTEST_S, 60, fraction=True)
    push_interval_s = Number(SHORTEST_S, 3_600, fraction=True)
    pull_interval_s = Number(SHORTEST_S, 3_600, fraction=True)
    ledger_interval_s = Number(SHORTEST_S, LEDGER_INTERVAL_MAX_S, fraction=True)
    work_interval_s = Number(SHORTEST_S, 60, fraction=True)
    smtp_url = Text(
        "须为空,或 smtp://主机:端口、smtps://主机:端口 形式",
        "must be empty, or smtp://host:port or smtps://host:port",
        lambda text: text == "" or re.match(r"smtps?://[^/\s]+\Z", text) is not None,
    )
    sms = _one_of("none", "log")
    attachment_bytes = Number(1_000, BLOB_BYTES)
    attachments_per_case = Number(1, 1_000)
    session_idle_s = Number(60, 86_400)
    session_s = Number(60, 86_400)
    lockout_failures = Number(1, 100)
    lockout_window_s = Number(60, 86_400)
    lockout_s = Number(60, 86_400)
    rate_limits = Flag()
    acknowledge_days = Number(1, 30)
