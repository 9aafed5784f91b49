"""What a node is told: one frozen value, made by `config.loading` from the level's defaults, `node.toml`, environment.

Always `from config.settings import Settings`. Lengths of time are in seconds, sizes in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

Level = Literal["city", "county", "township", "village"]
SHANGHAI = ZoneInfo("Asia/Shanghai")
LEVELS: tuple[Level, ...] = ("city", "county", "township", "village")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one node. `config.schema` says what each may be, `node.toml` carries the same words.

    Attributes:
        network, code, level, name: the node itself; the name as citizens read it.
        phone, hours: shown in the head of every page; "" when not told.
        data_dir: the node's folder: keys, heads, blobs, and the database where it is SQLite.
        database_url: `sqlite:////…` or `postgresql://…`.
        listen_host, listen_port: where the web server listens; port 0 lets the system choose.
        public_url: how citizens and children reach the node: scheme, host, port; printed in QR codes.
        trusted_proxies: reverse proxies in front whose X-Forwarded-* is believed.
        secure_cookies: cookies over https only.
        allow_plain_http: the parent may be dialled over plain http beyond this machine.
        ca_file: certificates to trust when dialling the parent; None: the usual ones.
        passphrase_file: holds the passphrase of the keys; None: keys are not encrypted.
        demo_mode: says so on every page, shows `/dev/components`.
        language: of pages and commands until somebody chooses.
        timezone: of days and of times shown.
        log_level: debug, info, warning, error.
        sequence_interval_s: how often facts and queued entries are looked for to be put into their logs.
        push_interval_s, pull_interval_s: how often the parent is called when there is nothing new.
        ledger_interval_s: how often a grown ledger's checkpoint is taken to the parent; at most 900.
        work_interval_s: how often due timers, received entries and followers are looked after.
        smtp_url, sms: ways to tell people; "" and `none`: a list of calls to make instead.
        attachment_bytes, attachments_per_case: what a person may hand in.
        session_idle_s, session_s: a session ends after so long without use, and at the latest.
        lockout_failures, lockout_window_s, lockout_s: wrong passwords, within so long, lock for so long.
        rate_limits: whether doors like sign-in are limited by address.
        acknowledge_days: working days within which a node further away should acknowledge what was sent to it.
    """

    network: str
    code: str
    level: Level
    name: str
    data_dir: Path
    database_url: str
    public_url: str
    phone: str = ""
    hours: str = ""
    listen_host: str = "127.0.0.1"
    listen_port: int = 8604
    trusted_proxies: int = 0
    secure_cookies: bool = False
    allow_plain_http: bool = False
    ca_file: Path | None = None
    passphrase_file: Path | None = None
    demo_mode: bool = False
    language: Literal["zh", "en"] = "zh"
    timezone: ZoneInfo = SHANGHAI
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sequence_interval_s: float = 1.0
    push_interval_s: float = 2.0
    pull_interval_s: float = 30.0
    ledger_interval_s: float = 300.0
    work_interval_s: float = 1.0
    smtp_url: str = ""
    sms: Literal["none", "log"] = "none"
    attachment_bytes: int = 20_000_000
    attachments_per_case: int = 60
    session_idle_s: int = 3_600
    session_s: int = 43_200
    lockout_failures: int = 5
    lockout_window_s: int = 900
    lockout_s: int = 900
    rate_limits: bool = True
    acknowledge_days: int = 1
